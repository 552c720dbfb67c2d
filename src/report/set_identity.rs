//! The identity of things of which one more or one less is no reason to look at the others again.

use serde::{Deserialize, Serialize};

use crate::domain::ContentHash;

/// The sum of the hashes of all parts, whatever their order: one part is added or taken out without the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct SetIdentity([u64; 4]);

impl SetIdentity {
    pub(super) fn add(&mut self, part: &[u8]) {
        for (sum, word) in self.0.iter_mut().zip(words(part)) {
            *sum = sum.wrapping_add(word);
        }
    }

    /// Takes out a part that was added.
    pub(super) fn remove(&mut self, part: &[u8]) {
        for (sum, word) in self.0.iter_mut().zip(words(part)) {
            *sum = sum.wrapping_sub(word);
        }
    }
}

fn words(part: &[u8]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(ContentHash::of(part).as_bytes().chunks_exact(8)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_what_is_taken_out_leaves_the_rest() {
        let of = |parts: &[&str]| {
            let mut identity = SetIdentity::default();
            for part in parts {
                identity.add(part.as_bytes());
            }
            identity
        };
        assert_eq!(of(&["a", "b", "c"]), of(&["c", "a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["ab"]));
        assert_ne!(of(&["a", "a"]), of(&["a"]));
        let mut less = of(&["a", "b"]);
        less.remove(b"a");
        assert_eq!(less, of(&["b"]));
    }
}
