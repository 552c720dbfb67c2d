//! The training images that are most like a scan, and what their labels say of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ClassName, ContentHash};

/// In the warning that neighbours disagree with the prediction: an erasure finds it by these words.
pub const SECOND_OPINION: &str = "nearest training images have the label";

/// A training image near a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// SHA-256 of its file.
    pub image: ContentHash,
    /// Its label: that of today where that is known, else that which the model learned.
    pub class: ClassName,
    /// To the scan, in the features of the network; at least 0, and comparable within one model only.
    pub distance: f64,
}

/// The class that most of `neighbours` have, and how many have it; of equals that of the nearest. `None` without any.
pub fn vote(neighbours: &[Neighbour]) -> Option<(&ClassName, usize)> {
    let mut votes: BTreeMap<&ClassName, usize> = BTreeMap::new();
    for neighbour in neighbours {
        *votes.entry(&neighbour.class).or_default() += 1;
    }
    let most = votes.values().copied().max()?;
    let first = neighbours.iter().map(|neighbour| &neighbour.class).find(|class| votes.get(class) == Some(&most))?;
    Some((first, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours(classes: &[&str]) -> Vec<Neighbour> {
        let neighbour = |(at, name): (usize, &&str)| Neighbour {
            image: ContentHash::of(&[at as u8]),
            class: ClassName::new(*name).unwrap(),
            distance: at as f64,
        };
        classes.iter().enumerate().map(neighbour).collect()
    }

    #[test]
    fn the_most_frequent_label_wins_and_of_equals_that_of_the_nearest() {
        let said = |classes: &[&str]| {
            let all = neighbours(classes);
            vote(&all).map(|(class, n)| (class.to_string(), n))
        };
        assert_eq!(said(&["b", "a", "b"]), Some(("b".to_owned(), 2)));
        assert_eq!(said(&["b", "a", "a", "b", "c"]), Some(("b".to_owned(), 2)));
        assert_eq!(said(&[]), None);
    }
}
