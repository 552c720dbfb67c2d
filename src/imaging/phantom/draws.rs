//! The phantoms' own stream of random numbers: `SplitMix64` (Steele, Lea, Flood 2014), the same on every machine.

pub(super) struct Draws(u64);

impl Draws {
    /// A stream of its own for every pair.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut draws = Self(seed);
        draws.0 = draws.bits() ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93);
        draws
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform from `low` to `high`.
    pub(super) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// Uniform, 0 to `n - 1`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Mean 0, deviation 1, nearly normal: a sum of six uniform numbers.
    pub(super) fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.within(-0.5, 0.5)).sum::<f64>() * std::f64::consts::SQRT_2
    }
}
