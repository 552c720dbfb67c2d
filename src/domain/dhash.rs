//! What an image looks like, so far that a copy in another size, format or quality looks the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ContentHash, HashParseError};

/// 256 bits: whether each place of a 16 by 16 grid is brighter than its left neighbour (a difference hash).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PerceptualHash([u64; 4]);

impl PerceptualHash {
    /// Bits in all.
    pub const N_BITS: usize = 256;

    /// Of the bits of the grid, row by row.
    pub fn new(bits: &[bool; Self::N_BITS]) -> Self {
        let word = |bits: &[bool]| bits.iter().fold(0, |word, bit| (word << 1) | u64::from(*bit));
        Self(std::array::from_fn(|at| word(&bits[64 * at..64 * (at + 1)])))
    }

    /// Of 256 bits, hashes of the same image differ in 10 at most after scaling and JPEG; different chest X-rays in 25 at
    /// least.
    pub const MOST_BITS_OF_NEAR: u32 = 12;

    /// Whether the same image may have both.
    pub fn is_near(&self, other: &Self) -> bool {
        self.distance(other) <= Self::MOST_BITS_OF_NEAR
    }

    /// Bits that differ.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Every `step`th bit from `first` on, `n` of them, as a number; `n` is at most 64.
    pub fn comb(&self, first: usize, step: usize, n: usize) -> u64 {
        let bit = |at: usize| (self.0[at / 64] >> (63 - at % 64)) & 1;
        (0..n).fold(0, |comb, tooth| (comb << 1) | bit(first + step * tooth))
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

impl From<PerceptualHash> for String {
    fn from(perceptual_hash: PerceptualHash) -> Self {
        perceptual_hash.to_string()
    }
}

impl TryFrom<String> for PerceptualHash {
    type Error = HashParseError;

    /// 64 hexadecimal digits, as of a content hash.
    fn try_from(text: String) -> Result<Self, HashParseError> {
        let hash: ContentHash = text.parse()?;
        let (words, _) = hash.as_bytes().as_chunks::<8>();
        Ok(Self(std::array::from_fn(|at| u64::from_be_bytes(words[at]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_keep_their_place_in_text_combs_and_distances() {
        let mut bits = [false; PerceptualHash::N_BITS];
        (bits[0], bits[70], bits[255]) = (true, true, true);
        let perceptual_hash = PerceptualHash::new(&bits);
        assert_eq!(perceptual_hash.distance(&PerceptualHash::new(&[false; PerceptualHash::N_BITS])), 3);
        assert_eq!(
            (perceptual_hash.comb(0, 1, 3), perceptual_hash.comb(60, 5, 4), perceptual_hash.comb(0, 85, 4)),
            (0b100, 0b10, 0b1001)
        );
        let text = serde_json::to_string(&perceptual_hash).unwrap();
        assert_eq!(serde_json::from_str::<PerceptualHash>(&text).unwrap(), perceptual_hash);
        assert!(serde_json::from_str::<PerceptualHash>("\"12\"").is_err());
    }
}
