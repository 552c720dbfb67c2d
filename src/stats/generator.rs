//! A generator whose numbers never change: not with the platform, the thread count, or a library's version.

use sha2::{Digest, Sha256};

/// `SplitMix64` (Steele, Lea & Flood 2014), one independent stream for each seed and purpose.
#[derive(Debug, Clone)]
pub struct Generator(u64);

impl Generator {
    /// The stream of `seed` for `purpose`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = Sha256::new();
        for part in [seed.to_le_bytes().as_slice(), purpose.as_bytes()] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize()[..8].iter().fold(0, |state, byte| (state << 8) | u64::from(*byte)))
    }

    /// The stream that starts at this state.
    pub fn from_state(state: u64) -> Self {
        Self(state)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0 (included) to 1 (excluded), a multiple of 2^-24.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// Uniform in `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `low` (included) to `high` (excluded), of 2^53 steps.
    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// Uniform in `0..n`; 0 when `n` is 0. Its bias is below `n / 2^64`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Nearly normal, mean 0 and deviation 1: the sum of four uniform numbers. Uses no function whose last bit
    /// depends on a mathematics library.
    pub fn bell(&mut self) -> f32 {
        let bits = self.bits();
        let sum: u32 = (0..4).map(|part| u32::from((bits >> (16 * part)) as u16)).sum();
        // The sum of four uniforms on 0..65536 has mean 2 * 65535 and deviation 65536 / sqrt(3).
        (sum as f32 - 131_070.0) * (3.0_f32.sqrt() / 65_536.0)
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_numbers_are_fixed_for_ever() {
        let mut splitmix = Generator::from_state(0);
        // Published first outputs of SplitMix64 from state 0.
        assert_eq!([splitmix.bits(), splitmix.bits()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        let mut order: Vec<u8> = (0..10).collect();
        Generator::new(1, "order").shuffle(&mut order);
        assert_eq!(order, [0, 2, 8, 9, 6, 1, 4, 5, 7, 3]);
    }

    #[test]
    fn streams_differ_by_seed_and_purpose() {
        let first = |seed, purpose| Generator::new(seed, purpose).bits();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
    }

    #[test]
    fn draws_have_the_stated_mean_and_spread() {
        let mut generator = Generator::new(7, "test");
        let n = 100_000;
        let bells: Vec<f64> = (0..n).map(|_| f64::from(generator.bell())).collect();
        let mean = bells.iter().sum::<f64>() / f64::from(n);
        let variance = bells.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert!((0..1000).all(|_| generator.below(3) < 3 && (0.0..1.0).contains(&generator.unit())));
        assert_eq!(generator.below(0), 0);
    }
}
