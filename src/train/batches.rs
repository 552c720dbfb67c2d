//! What one epoch learns from, in its order, batch by batch.

use rayon::prelude::*;

use super::TrainError;
use super::evaluation::Row;
use super::features::Features;
use super::job::FreshCopy;
use crate::domain::vgg16::N_FEATURES;
use crate::domain::{LabelledImage, StopFlag};
use crate::nn::NetworkImage;
use crate::privacy::shown;
use crate::stats::Generator;

/// Everything that may be learned from.
pub(super) struct TrainingRows<'a> {
    /// Images with cached features that every epoch learns from.
    pub(super) cached: Vec<Row>,
    /// Originals of which every epoch learns from a fresh copy, with their classes' indices.
    pub(super) renewed: Vec<(usize, &'a LabelledImage)>,
    /// Makes these copies; needed when `renewed` is not empty.
    pub(super) fresh: Option<FreshCopy<'a>>,
}

#[derive(Clone, Copy)]
enum Item<'a> {
    Cached(Row),
    Renewed(usize, &'a LabelledImage),
}

/// One epoch's images in their order.
pub(super) struct Epoch<'a> {
    number: u32,
    items: Vec<Item<'a>>,
    fresh: Option<FreshCopy<'a>>,
    batch_size: usize,
}

/// Images whose features are there, and images that have yet to go through the network.
pub(super) struct PreparedBatch {
    rows: Vec<f32>,
    labels: Vec<usize>,
    pictures: Vec<NetworkImage>,
}

impl<'a> TrainingRows<'a> {
    /// Images of each class that an epoch holds.
    pub(super) fn n_of_class(&self, n_classes: usize) -> Vec<usize> {
        let classes = || self.cached.iter().map(|row| row.class).chain(self.renewed.iter().map(|(class, _)| *class));
        (0..n_classes).map(|class| classes().filter(|other| *other == class).count()).collect()
    }

    /// Epoch `number` (from 1), shuffled anew by `seed`.
    pub(super) fn epoch(&self, number: u32, seed: u64, batch_size: usize) -> Epoch<'a> {
        let renewed = self.renewed.iter().map(|(class, image)| Item::Renewed(*class, image));
        let mut items: Vec<_> = self.cached.iter().map(|row| Item::Cached(*row)).chain(renewed).collect();
        Generator::new(seed, &format!("order of epoch {number}")).shuffle(&mut items);
        Epoch { number, items, fresh: self.fresh, batch_size: batch_size.max(1) }
    }
}

impl Epoch<'_> {
    pub(super) fn n_batches(&self) -> usize {
        self.items.len().div_ceil(self.batch_size)
    }

    /// Reads and makes what batch `number` (from 0) needs; the last one may be smaller. A fresh copy that cannot be made is left out.
    pub(super) fn prepare(&self, number: usize, features: &Features<'_>) -> Result<PreparedBatch, TrainError> {
        let first = number * self.batch_size;
        let items = &self.items[first..self.items.len().min(first + self.batch_size)];
        let cached: Vec<Row> = items.iter().filter_map(Item::cached).collect();
        let mut rows = vec![0.0; cached.len() * N_FEATURES];
        rows.par_chunks_exact_mut(N_FEATURES)
            .zip(&cached)
            .try_for_each(|(into, row)| features.cache.read(&row.hash, into))?;
        let made: Vec<(usize, NetworkImage)> = items.par_iter().filter_map(|item| self.renew(item)).collect();
        let labels = cached.iter().map(|row| row.class).chain(made.iter().map(|(class, _)| *class)).collect();
        Ok(PreparedBatch { rows, labels, pictures: made.into_iter().map(|(_, picture)| picture).collect() })
    }

    fn renew(&self, item: &Item<'_>) -> Option<(usize, NetworkImage)> {
        let (Item::Renewed(class, image), Some(fresh)) = (item, self.fresh) else { return None };
        match fresh(image, self.number) {
            Ok(picture) => Some((*class, NetworkImage::usual(&picture))),
            Err(reason) => {
                tracing::warn!(file = %shown(&image.path), epoch = self.number, reason, "Image left out of one epoch");
                None
            }
        }
    }
}

impl Item<'_> {
    fn cached(&self) -> Option<Row> {
        match self {
            Self::Cached(row) => Some(*row),
            Self::Renewed(..) => None,
        }
    }
}

impl PreparedBatch {
    /// The batch's features one after the other, and its labels.
    pub(super) fn finish(self, features: &Features<'_>, stop: &StopFlag) -> Result<(Vec<f32>, Vec<usize>), TrainError> {
        let Self { mut rows, labels, pictures, .. } = self;
        for row in features.forward(pictures, stop)? {
            rows.extend(row);
        }
        Ok((rows, labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ContentHash;

    fn order(seed: u64, number: u32) -> Vec<usize> {
        let cached = (0..20).map(|class| Row { class, hash: ContentHash::of(b"") }).collect();
        let rows = TrainingRows { cached, renewed: Vec::new(), fresh: None };
        let epoch = rows.epoch(number, seed, 8);
        assert_eq!(epoch.n_batches(), 3);
        epoch.items.iter().filter_map(Item::cached).map(|row| row.class).collect()
    }

    #[test]
    fn every_epoch_holds_everything_once_in_an_order_of_its_own() {
        assert_eq!(order(1, 1), order(1, 1));
        assert_ne!(order(1, 1), order(1, 2));
        assert_ne!(order(1, 1), order(2, 1));
        let mut sorted = order(1, 1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    }
}
