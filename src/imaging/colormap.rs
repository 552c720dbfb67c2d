//! Colour maps: those that the page of a report offers, and the one that images are drawn with.

use std::sync::LazyLock;

/// A colour map from cold to hot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourMap {
    /// Black over violet and orange to pale yellow: lightness rises evenly, so that it is safe for the colour-blind and can be
    /// read in grey. Images are drawn with it.
    Inferno,
    /// Black over purple and pink to pale yellow; even like inferno.
    Magma,
    /// Violet over green to yellow; even like inferno.
    Viridis,
    /// A rainbow without jet's false edges; its lightness rises and falls.
    Turbo,
    /// The old rainbow, for comparison with older publications; it shows edges where there are none.
    Jet,
}

impl ColourMap {
    /// All, the one of images first.
    pub const ALL: [Self; 5] = [Self::Inferno, Self::Magma, Self::Viridis, Self::Turbo, Self::Jet];

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inferno => "inferno",
            Self::Magma => "magma",
            Self::Viridis => "viridis",
            Self::Turbo => "turbo",
            Self::Jet => "jet",
        }
    }

    /// Equally spaced colours as `0xRRGGBB`, between which it is linear. Inferno, magma and viridis are matplotlib's (Nathaniel Smith and
    /// Stéfan van der Walt, CC0), turbo is Google's (Anton Mikhailov), jet MATLAB's.
    pub fn stops(self) -> &'static [u32] {
        match self {
            Self::Inferno => &INFERNO,
            Self::Magma => &MAGMA,
            Self::Viridis => &VIRIDIS,
            Self::Turbo => &TURBO,
            Self::Jet => &JET,
        }
    }
}

const INFERNO: [u32; 10] =
    [0x00_0004, 0x1b_0c42, 0x4b_0c6b, 0x78_1c6d, 0xa5_2c60, 0xcf_4446, 0xed_6925, 0xfb_9a06, 0xf7_d03c, 0xfc_ffa4];

const MAGMA: [u32; 17] = [
    0x00_0004, 0x0a_0822, 0x1d_1147, 0x36_106b, 0x51_127c, 0x6a_1c81, 0x83_2681, 0x9c_2e7f, 0xb7_3779, 0xd0_416f,
    0xe7_5263, 0xf5_6b5c, 0xfc_8961, 0xfe_a772, 0xfe_c488, 0xfd_e2a3, 0xfc_fdbf,
];

const VIRIDIS: [u32; 17] = [
    0x44_0154, 0x48_186a, 0x47_2d7b, 0x42_4086, 0x3b_528b, 0x33_638d, 0x2c_728e, 0x26_828e, 0x21_918c, 0x1f_a088,
    0x28_ae80, 0x3f_bc73, 0x5e_c962, 0x84_d44b, 0xad_dc30, 0xd8_e219, 0xfd_e725,
];

const TURBO: [u32; 33] = [
    0x30_123b, 0x39_2a73, 0x40_40a2, 0x44_56c7, 0x46_6be3, 0x46_80f6, 0x42_94ff, 0x37_a8fa, 0x28_bceb, 0x1c_cdd8,
    0x18_ddc2, 0x1f_e9af, 0x32_f298, 0x4e_f97d, 0x6d_fe62, 0x8b_ff4b, 0xa4_fc3c, 0xb9_f635, 0xcd_ec34, 0xdf_df37,
    0xee_cf3a, 0xf8_be39, 0xfd_ac34, 0xfe_962b, 0xfb_7e21, 0xf4_6617, 0xeb_500e, 0xdf_3f08, 0xd0_2f05, 0xbe_2102,
    0xa9_1601, 0x92_0b01, 0x7a_0403,
];

const JET: [u32; 9] =
    [0x00_0080, 0x00_00ff, 0x00_80ff, 0x00_ffff, 0x80_ff80, 0xff_ff00, 0xff_8000, 0xff_0000, 0x80_0000];

/// 256 colours of inferno.
static TABLE: LazyLock<[[u8; 3]; 256]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let position = i as f32 / 255.0 * (INFERNO.len() - 1) as f32;
        let below = (position as usize).min(INFERNO.len() - 2);
        let share = position - below as f32;
        std::array::from_fn(|c| {
            let channel = |stop: usize| f32::from(INFERNO[stop].to_be_bytes()[c + 1]);
            let (low, high) = (channel(below), channel(below + 1));
            (low + (high - low) * share).round() as u8
        })
    })
});

/// The colour of `value`, 0 (cold) to 1 (hot); beyond that the ends, and cold for what is no number.
pub(super) fn colour(value: f32) -> [u8; 3] {
    TABLE[(value.clamp(0.0, 1.0) * 255.0).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jet_is_exact_at_its_corners_and_every_map_has_its_own_name() {
        let [first, middle] = [ColourMap::Jet.stops()[1], ColourMap::Jet.stops()[4]];
        assert_eq!((first, middle), (0x00_00ff, 0x80_ff80));
        let names: std::collections::BTreeSet<_> = ColourMap::ALL.iter().map(|map| map.name()).collect();
        assert_eq!(names.len(), ColourMap::ALL.len());
    }

    #[test]
    fn lightness_rises_all_the_way() {
        let light = |v: f32| {
            let [r, g, b] = colour(v).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert_eq!(colour(f32::NAN), colour(0.0));
        assert!((1..=64).all(|i| light(i as f32 / 64.0) > light((i - 1) as f32 / 64.0)));
    }
}
