//! Everything that changes a level by its value alone, folded into one lookup table: every level is computed once, not
//! every pixel.

use super::picture::{Picture, Pixels};

/// What happens to a level, in this order, on a scale from 0 (black) to 1 (white).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Offset, cut off at the image's own darkest and brightest level.
    pub channel_shift: f64,
    /// Factor.
    pub brightness: f64,
    /// Factor about the middle grey.
    pub contrast: f64,
    /// Offset: the exposure window moves by as much the other way.
    pub window: f64,
    /// Exponent; above 1 darkens the middle.
    pub gamma: f64,
    /// Black for white.
    pub invert: bool,
}

impl Tone {
    /// Leaves every level as it is.
    pub const IDENTITY: Self =
        Self { channel_shift: 0.0, brightness: 1.0, contrast: 1.0, window: 0.0, gamma: 1.0, invert: false };

    /// `level` after all of it, 0 to 1, in an image whose levels go from `low` to `high`; cut off at the ends before
    /// gamma.
    fn of(&self, level: f64, [low, high]: [f64; 2]) -> f64 {
        let shifted = if self.channel_shift == 0.0 { level } else { (level + self.channel_shift).clamp(low, high) };
        let contrasted = (shifted * self.brightness - 0.5) * self.contrast + 0.5;
        let moved = (contrasted + self.window).clamp(0.0, 1.0);
        // To the power of 1 is the same to the bit, and 16 bits have many levels.
        let toned = if self.gamma.to_bits() == 1.0_f64.to_bits() { moved } else { libm::pow(moved, self.gamma) };
        if self.invert { 1.0 - toned } else { toned }
    }

    /// The new level of each level up to `top`.
    fn table(&self, top: u16, [low, high]: [u16; 2]) -> Vec<u16> {
        let scale = f64::from(top);
        let extremes = [f64::from(low) / scale, f64::from(high) / scale];
        (0..=top).map(|level| (self.of(f64::from(level) / scale, extremes) * scale).round() as u16).collect()
    }
}

impl Picture {
    /// The image with its levels changed, each rounded once.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        if tone == Tone::IDENTITY {
            return self;
        }
        match &mut self.pixels {
            Pixels::U8(data) => {
                let levels = tone.table(255, extremes(data, tone));
                // As many entries as a byte has values: no index has to be checked.
                let table: [u8; 256] = std::array::from_fn(|level| levels[level] as u8);
                for v in data {
                    *v = table[usize::from(*v)];
                }
            }
            Pixels::U16(data) => {
                let table = tone.table(65_535, extremes(data, tone));
                for v in data {
                    *v = table[usize::from(*v)];
                }
            }
        }
        self
    }
}

/// The darkest and the brightest level, where the tone asks for them.
fn extremes<T: Copy + Ord + Into<u16>>(data: &[T], tone: Tone) -> [u16; 2] {
    if tone.channel_shift == 0.0 {
        return [0, u16::MAX];
    }
    let level = |found: Option<&T>| found.map_or(0, |v| (*v).into());
    [level(data.iter().min()), level(data.iter().max())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tone: Tone, expected: [u8; 4]) {
        let picture = Picture::new(4, 1, 1, Pixels::U8(vec![0, 64, 128, 255])).unwrap();
        assert_eq!(picture.toned(tone).pixels(), &Pixels::U8(expected.to_vec()), "{tone:?}");
    }

    #[test]
    fn each_part_changes_levels_the_way_it_says() {
        check(Tone::IDENTITY, [0, 64, 128, 255]);
        check(Tone { brightness: 2.0, ..Tone::IDENTITY }, [0, 128, 255, 255]);
        check(Tone { contrast: 0.0, ..Tone::IDENTITY }, [128; 4]);
        check(Tone { contrast: 3.0, ..Tone::IDENTITY }, [0, 0, 129, 255]);
        check(Tone { gamma: 2.0, ..Tone::IDENTITY }, [0, 16, 64, 255]);
        check(Tone { brightness: 0.5, contrast: 0.5, ..Tone::IDENTITY }, [64, 80, 96, 128]);
        check(Tone { window: 20.0 / 255.0, ..Tone::IDENTITY }, [20, 84, 148, 255]);
        check(Tone { invert: true, ..Tone::IDENTITY }, [255, 191, 127, 0]);
    }

    #[test]
    fn a_channel_shift_stays_within_the_pictures_own_levels() {
        let picture = Picture::new(3, 1, 1, Pixels::U8(vec![50, 60, 90])).unwrap();
        let toned = |offset: f64| {
            picture.clone().toned(Tone { channel_shift: offset / 255.0, ..Tone::IDENTITY }).pixels().clone()
        };
        assert_eq!(toned(20.0), Pixels::U8(vec![70, 80, 90]));
        assert_eq!(toned(-20.0), Pixels::U8(vec![50, 50, 70]));
    }

    #[test]
    fn sixteen_bits_keep_their_levels() {
        let picture = Picture::new(2, 1, 1, Pixels::U16(vec![1002, 40_000])).unwrap();
        let toned = picture.toned(Tone { brightness: 1.5, ..Tone::IDENTITY });
        assert_eq!(toned.pixels(), &Pixels::U16(vec![1503, 60_000]));
    }
}
