//! Numbers that say what this program makes of the same bytes. Each is raised with every change of what comes out.

use serde::{Deserialize, Serialize};

/// What a model's features were made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of decoding and resizing images.
    pub pixels: u32,
    /// Of the network's arithmetic.
    pub features: u32,
}

impl Versions {
    /// Before there were such numbers.
    pub const FIRST: Self = Self { pixels: 1, features: 1 };

    /// What a number adds to the names of what depends on it: nothing for 1, so that files from before there were numbers
    /// keep their names.
    pub fn mark(number: u32) -> Option<[u8; 4]> {
        (number > 1).then(|| number.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_leaves_names_as_they_were_and_each_other_one_has_its_own() {
        assert_eq!(Versions::mark(1), None);
        assert_eq!(Versions::mark(2), Some([2, 0, 0, 0]));
        assert_ne!(Versions::mark(2), Versions::mark(3));
    }
}
