//! Which transforms a copy gets at all: each by its own probability, and one of each group.

use super::philox::{Operation, Stream};
use crate::domain::{Recipe, Transform};

/// The choice made for one copy.
#[derive(Debug)]
pub(super) struct Chance<'a> {
    recipe: &'a Recipe,
    stream: Stream,
    copy: u32,
}

impl<'a> Chance<'a> {
    pub(super) fn new(recipe: &'a Recipe, stream: Stream, copy: u32) -> Self {
        Self { recipe, stream, copy }
    }

    /// Whether the copy gets `transform`, as far as probability and groups decide.
    pub(super) fn takes(&self, transform: Transform) -> bool {
        self.is_chosen(transform) && self.happens(transform)
    }

    /// In no group, or the one of its group that was drawn.
    fn is_chosen(&self, transform: Transform) -> bool {
        let Some(at) = self.recipe.one_of.iter().position(|group| group.contains(&transform)) else { return true };
        let group = &self.recipe.one_of[at];
        let drawn = self.stream.unit(self.copy, Operation::Group(at as u32));
        group[((drawn * group.len() as f64) as usize).min(group.len() - 1)] == transform
    }

    fn happens(&self, transform: Transform) -> bool {
        let probability = self.recipe.probability.get(&transform).copied();
        probability.is_none_or(|probability| self.stream.unit(self.copy, Operation::Whether(transform)) < probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContentHash, Preset};

    fn share(recipe: &Recipe, taken: impl Fn(&Chance<'_>) -> bool) -> f64 {
        let stream = |sample: u32| Stream::new(1, &ContentHash::of(&sample.to_le_bytes()));
        (0..4000).filter(|sample| taken(&Chance::new(recipe, stream(*sample), 1))).count() as f64 / 4000.0
    }

    #[test]
    fn probabilities_are_met_and_one_of_a_group_is_drawn() {
        let group = vec![Transform::Blur, Transform::Noise, Transform::JpegQuality];
        let probability = [(Transform::Gamma, 0.3), (Transform::Noise, 0.5)].into();
        let recipe = Recipe { one_of: vec![group.clone()], probability, ..Recipe::of(Preset::Conservative) };
        for (transform, expected) in [
            (Transform::Zoom, 1.0),
            (Transform::Gamma, 0.3),
            (Transform::Blur, 1.0 / 3.0),
            (Transform::Noise, 1.0 / 6.0),
        ] {
            let share = share(&recipe, |chance| chance.takes(transform));
            assert!((share - expected).abs() < 0.03, "{transform}: {share}");
        }
        let two = share(&recipe, |chance| group.iter().filter(|t| chance.takes(**t)).count() > 1);
        assert!(two <= 0.0, "{two}");
    }
}
