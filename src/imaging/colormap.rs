//! A perceptual colour map: black over violet and orange to pale yellow, lightness rising evenly, safe for the
//! colour-blind and readable in grey.

use std::sync::LazyLock;

/// Ten equally spaced stops of matplotlib's "inferno" (Nathaniel Smith and Stéfan van der Walt, CC0).
const STOPS: [[u8; 3]; 10] = [
    [0, 0, 4],
    [27, 12, 66],
    [75, 12, 107],
    [120, 28, 109],
    [165, 44, 96],
    [207, 68, 70],
    [237, 105, 37],
    [251, 154, 6],
    [247, 208, 60],
    [252, 255, 164],
];

/// 256 colours between the stops.
static TABLE: LazyLock<[[u8; 3]; 256]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let position = i as f32 / 255.0 * (STOPS.len() - 1) as f32;
        let below = (position as usize).min(STOPS.len() - 2);
        let share = position - below as f32;
        std::array::from_fn(|c| {
            let (low, high) = (f32::from(STOPS[below][c]), f32::from(STOPS[below + 1][c]));
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
    fn lightness_rises_all_the_way() {
        let light = |v: f32| {
            let [r, g, b] = colour(v).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert_eq!(colour(f32::NAN), colour(0.0));
        assert!((1..=64).all(|i| light(i as f32 / 64.0) > light((i - 1) as f32 / 64.0)));
    }
}
