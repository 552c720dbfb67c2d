//! What is warned of when images are new in a dataset: once, not at every training.

use crate::domain::{DatasetName, DepthCount, Sample, depth_counts, mixed_depths};
use crate::ingest;

/// Logs what is to be said of the dataset's `samples` because of those without a side, which are new.
pub(super) fn warn_of_new(dataset: &DatasetName, samples: &[Sample]) {
    let is_new = |sample: &&Sample| sample.split.is_none();
    if let Some(sentence) = ingest::blank_message(samples.iter().filter(is_new)) {
        tracing::warn!(%dataset, details = %sentence, "Images without content");
    }
    let before = depth_counts(samples.iter().filter(|sample| !is_new(sample)).map(|sample| &sample.image));
    if let Some(sentence) = new_depths(&before, &depth_counts(samples.iter().map(|sample| &sample.image))) {
        tracing::warn!(%dataset, details = %sentence, "Images of different depths");
    }
}

/// The warning of several depths; `None` where the same ones were there before.
fn new_depths(before: &[DepthCount], now: &[DepthCount]) -> Option<String> {
    let bits = |counts: &[DepthCount]| counts.iter().map(|count| count.bits).collect::<Vec<_>>();
    (bits(before) != bits(now)).then(|| mixed_depths(now)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_depths_are_warned_of_when_one_is_new() {
        let count = |bits| DepthCount { bits, images: 2 };
        assert!(new_depths(&[], &[count(8), count(12)]).is_some());
        assert!(new_depths(&[count(8)], &[count(8), count(12)]).is_some());
        assert!(new_depths(&[count(8), count(12)], &[count(8), count(12)]).is_none(), "said before");
        assert!(new_depths(&[], &[count(12)]).is_none() && new_depths(&[count(8), count(12)], &[count(8)]).is_none());
    }
}
