//! How many bits of a 16-bit file hold the image, and its levels on the whole range of 16 bits.
//!
//! Detectors measure 10, 12 or 14 bits, and what is saved of them as a 16-bit file is nearly black to a reader that takes
//! 65535 for white. White is the largest level of the image's own depth instead. Never a stretch: two images of one depth
//! keep their difference in brightness.

/// The depths that devices have, in bits.
const DEPTHS: [u32; 5] = [8, 10, 12, 14, 16];

/// The smallest depth whose levels include `largest`, in bits.
pub(super) fn depth_of(largest: u16) -> u32 {
    DEPTHS.into_iter().find(|bits| u32::from(largest) < 1 << bits).unwrap_or(16)
}

/// Levels of `bits` (1 to 16) bits to 0..=65535 with one rounding, in place; a level beyond them becomes white.
pub(super) fn spread(levels: &mut [u16], bits: u32) {
    let white = (1_u32 << bits) - 1;
    if white < 65_535 {
        for level in levels {
            *level = ((u32::from(*level).min(white) * 65_535 + white / 2) / white) as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_the_smallest_that_holds_the_largest_level() {
        let found = [0, 255, 256, 1023, 1024, 4095, 4096, 16_383, 16_384, 65_535].map(depth_of);
        assert_eq!(found, [8, 8, 10, 10, 12, 12, 14, 14, 16, 16]);
    }

    #[test]
    fn black_stays_black_white_becomes_white_and_the_middle_the_middle() {
        for bits in 1..=16_u32 {
            let white = ((1_u32 << bits) - 1) as u16;
            let mut levels = [0, white / 2, white];
            spread(&mut levels, bits);
            let middle = f64::from(white / 2) * 65_535.0 / f64::from(white);
            assert_eq!(levels, [0, middle.round() as u16, 65_535], "{bits} bits");
        }
    }

    #[test]
    fn a_level_beyond_the_stated_depth_is_white() {
        let mut levels = [5000, 4095];
        spread(&mut levels, 12);
        assert_eq!(levels, [65_535, 65_535]);
    }
}
