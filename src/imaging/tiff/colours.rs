//! Levels to an image: grey that grows with light, RGB, and nothing that shines through.

use super::directory::Directory;
use super::layout::Layout;
use super::levels::FullRange;
use super::meaning::{AlphaKind, Meaning};
use super::planes::SamplePlanes;
use super::refusal::damaged;
use super::tags;
use crate::imaging::alpha::{Opacity, associated_over, over};
use crate::imaging::error::DecodeError;
use crate::imaging::picture::Pixels;

/// Samples of one channel (grey) or three (RGB) a pixel.
///
/// # Errors
/// `Damaged` if a palette has too few colours.
pub(super) fn pixels(
    levels: FullRange,
    layout: &Layout,
    directory: &Directory,
    background: u8,
) -> Result<Pixels, DecodeError> {
    match levels {
        FullRange::Eight(planes) => {
            let colours = match layout.meaning {
                Meaning::Palette => resolved(&planes.colours, directory)?,
                Meaning::Cmyk => planes.colours.as_chunks().0.iter().flat_map(|&inks| light(inks)).collect(),
                _ => planes.colours,
            };
            Ok(Pixels::U8(composited(SamplePlanes { colours, ..planes }, layout, background)))
        }
        FullRange::Sixteen(planes) => Ok(Pixels::U16(composited(planes, layout, u16::from(background) * 257))),
    }
}

/// The colours of a palette in 8 bits. Its entries have 16, of which programs fill the upper 8, both, or, against the
/// specification, the lower 8 of all of them.
fn resolved(numbers: &[u8], directory: &Directory) -> Result<Vec<u8>, DecodeError> {
    let map = directory.numbers(tags::COLOR_MAP)?;
    let (n_colours, is_in_low_byte) = (map.len() / 3, map.iter().all(|&level| level < 256));
    if numbers.iter().any(|&number| usize::from(number) >= n_colours) {
        return Err(damaged("its palette has fewer colours than its pixels name"));
    }
    let level = |at: usize| if is_in_low_byte { map[at] as u8 } else { (map[at] >> 8) as u8 };
    Ok(numbers
        .iter()
        .flat_map(|&number| [0, 1, 2].map(|channel| level(channel * n_colours + usize::from(number))))
        .collect())
}

/// What is left of white light by four inks without a colour profile, as Pillow computes it.
fn light(inks: [u8; 4]) -> [u8; 3] {
    let [cyan, magenta, yellow, black] = inks.map(|ink| 255 - u32::from(ink));
    [cyan, magenta, yellow].map(|light| ((light * black + 127) / 255) as u8)
}

/// Without alpha, and with 0 for black.
fn composited<T: Opacity>(planes: SamplePlanes<T>, layout: &Layout, background: T) -> Vec<T> {
    let SamplePlanes { mut colours, alpha } = planes;
    if layout.meaning == Meaning::InvertedGrey {
        for level in &mut colours {
            *level = inverted(*level);
        }
    }
    let blend = match layout.alpha {
        Some((_, AlphaKind::Associated)) => associated_over,
        Some((_, AlphaKind::Unassociated)) => over,
        None => return colours,
    };
    let n_colours = colours.len() / alpha.len();
    for (pixel, &alpha) in colours.chunks_exact_mut(n_colours).zip(&alpha) {
        for level in pixel {
            *level = blend(*level, alpha, background);
        }
    }
    colours
}

fn inverted<T: Opacity>(level: T) -> T {
    T::try_from(T::OPAQUE - level.into()).unwrap_or(level)
}
