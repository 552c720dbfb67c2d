//! Philox4x32-10, a counter-based generator: any draw can be made on its own, in any order, on any thread.
//!
//! Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11. Its values are
//! fixed by that paper, unlike those of most generators in libraries, and checked here against its test vectors.

use crate::domain::{ContentHash, Transform};

/// Which of a copy's draws is made. Numbers are part of the plan: they never change, new ones are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Rotation,
    Shift,
    Shear,
    Zoom,
    Flip,
    Brightness,
    Contrast,
    Gamma,
    Noise,
    EraseWhether,
    EraseSize,
    ErasePlace,
    Blur,
    ChannelShift,
    Window,
    Invert,
    Clahe,
    Jpeg,
    Elastic,
    /// Whether the transform is done at all.
    Whether(Transform),
    /// Which one of this group is done.
    Group(u32),
}

impl Operation {
    fn number(self) -> u32 {
        match self {
            Self::Rotation => 1,
            Self::Shift => 2,
            Self::Shear => 3,
            Self::Zoom => 4,
            Self::Flip => 5,
            Self::Brightness => 6,
            Self::Contrast => 7,
            Self::Gamma => 8,
            Self::Noise => 9,
            Self::EraseWhether => 10,
            Self::EraseSize => 11,
            Self::ErasePlace => 12,
            Self::Blur => 13,
            Self::ChannelShift => 14,
            Self::Window => 15,
            Self::Invert => 16,
            Self::Clahe => 17,
            Self::Jpeg => 18,
            Self::Elastic => 19,
            Self::Whether(transform) => 1000 + transform as u32,
            Self::Group(at) => 2000 + at,
        }
    }
}

/// Every random number there is for one sample under one seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    key: [u32; 2],
}

impl Stream {
    /// The stream of a sample: its key is the first 64 bits of SHA-256 over seed and content hash.
    pub(super) fn new(seed: u64, sample: &ContentHash) -> Self {
        let digest = ContentHash::of_parts([b"gradwatch plan".as_slice(), &seed.to_le_bytes(), sample.as_bytes()]);
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| digest.as_bytes()[at + i]));
        Self { key: [word(0), word(4)] }
    }

    /// Two independent numbers, uniform in 0..1 with 53 random bits each.
    pub(super) fn pair(self, copy: u32, operation: Operation) -> [f64; 2] {
        let [a, b, c, d] = philox([0, operation.number(), copy, 0], self.key);
        let unit = |high: u32, low: u32| {
            let bits = (u64::from(high) << 32 | u64::from(low)) >> 11;
            bits as f64 * (1.0 / (1_u64 << 53) as f64)
        };
        [unit(a, b), unit(c, d)]
    }

    /// One number, uniform in 0..1.
    pub(super) fn unit(self, copy: u32, operation: Operation) -> f64 {
        self.pair(copy, operation)[0]
    }

    /// As many random words as are wanted.
    pub(super) fn words(self, copy: u32, operation: Operation) -> impl Iterator<Item = u32> {
        (0..=u32::MAX).flat_map(move |block| philox([block, operation.number(), copy, 0], self.key))
    }
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..10 {
        let product = |multiplier: u32, word: u32| u64::from(multiplier) * u64::from(word);
        let (first, second) = (product(MULTIPLIERS[0], counter[0]), product(MULTIPLIERS[1], counter[2]));
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_values() {
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox(counter, key), expected);
        }
    }

    #[test]
    fn draws_are_uniform_and_differ_by_seed_sample_copy_and_operation() {
        let sample = ContentHash::of(b"sample");
        let stream = Stream::new(1, &sample);
        let mean = (0..10_000).map(|copy| stream.unit(copy, Operation::Zoom)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let draws = [
            stream.unit(1, Operation::Zoom),
            stream.unit(2, Operation::Zoom),
            stream.unit(1, Operation::Shear),
            stream.pair(1, Operation::Zoom)[1],
            Stream::new(2, &sample).unit(1, Operation::Zoom),
            Stream::new(1, &ContentHash::of(b"other")).unit(1, Operation::Zoom),
        ];
        for (i, draw) in draws.iter().enumerate() {
            assert!(!draws[..i].contains(draw), "{draws:?}");
        }
    }
}
