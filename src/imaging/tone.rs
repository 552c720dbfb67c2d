//! Brightness, contrast and gamma, folded into one lookup table: every level is computed once, not every pixel.

use super::picture::{Picture, Pixels};

/// What happens to a level, in this order, on a scale from 0 (black) to 1 (white).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Factor.
    pub brightness: f64,
    /// Factor about the middle grey.
    pub contrast: f64,
    /// Exponent; above 1 darkens the middle.
    pub gamma: f64,
}

impl Tone {
    /// Leaves every level as it is.
    pub const IDENTITY: Self = Self { brightness: 1.0, contrast: 1.0, gamma: 1.0 };

    /// `level` after brightness, contrast and gamma, 0 to 1; cut off at the ends before gamma.
    fn of(&self, level: f64) -> f64 {
        let contrasted = (level * self.brightness - 0.5) * self.contrast + 0.5;
        libm::pow(contrasted.clamp(0.0, 1.0), self.gamma)
    }
}

impl Picture {
    /// The picture with its levels changed, each rounded once.
    #[must_use]
    pub fn toned(mut self, tone: Tone) -> Self {
        if tone == Tone::IDENTITY {
            return self;
        }
        let table = |top: u16| -> Vec<u16> {
            let scale = f64::from(top);
            (0..=top).map(|level| (tone.of(f64::from(level) / scale) * scale).round() as u16).collect()
        };
        match &mut self.pixels {
            Pixels::U8(data) => {
                let table = table(255);
                for v in data {
                    *v = table[usize::from(*v)] as u8;
                }
            }
            Pixels::U16(data) => {
                let table = table(65_535);
                for v in data {
                    *v = table[usize::from(*v)];
                }
            }
        }
        self
    }
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
        check(Tone { brightness: 0.5, contrast: 0.5, gamma: 1.0 }, [64, 80, 96, 128]);
    }

    #[test]
    fn sixteen_bits_keep_their_levels() {
        let picture = Picture::new(2, 1, 1, Pixels::U16(vec![1002, 40_000])).unwrap();
        let toned = picture.toned(Tone { brightness: 1.5, ..Tone::IDENTITY });
        assert_eq!(toned.pixels(), &Pixels::U16(vec![1503, 60_000]));
    }
}
