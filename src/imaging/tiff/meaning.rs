//! What the numbers of a pixel mean: its colours, and the one that is an alpha.

use super::directory::Directory;
use super::refusal::{damaged, unsupported};
use super::tags;
use crate::imaging::error::DecodeError;

/// What the colour samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Grey,
    /// 0 is white.
    InvertedGrey,
    Rgb,
    /// RGB once the JPEG decoder has converted it.
    JpegYcbcr,
    Palette,
    Cmyk,
}

/// Whether the colours are multiplied by the alpha already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlphaKind {
    Associated,
    Unassociated,
}

impl Meaning {
    /// Samples a pixel before any alpha.
    pub(super) fn n_colours(self) -> usize {
        match self {
            Self::Grey | Self::InvertedGrey | Self::Palette => 1,
            Self::Rgb | Self::JpegYcbcr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// # Errors
/// `Unsupported`, by name; `Damaged` if nothing is stated.
pub(super) fn meaning_of(directory: &Directory) -> Result<Meaning, DecodeError> {
    let stated = directory.number(tags::PHOTOMETRIC)?;
    let name = match stated.ok_or_else(|| damaged("it does not state its colours (tag 262)"))? {
        0 => return Ok(Meaning::InvertedGrey),
        1 => return Ok(Meaning::Grey),
        2 => return Ok(Meaning::Rgb),
        3 => return Ok(Meaning::Palette),
        5 if directory.number(tags::INK_SET)?.unwrap_or(1) == 1 => return Ok(Meaning::Cmyk),
        6 => return Ok(Meaning::JpegYcbcr),
        4 => "a transparency mask",
        5 => "inks other than CMYK",
        8..=10 => "CIE Lab colours",
        32_803 | 34_892 => "the raw data of a camera; develop it with a raw converter",
        32_844 | 32_845 => "LogLuv colours",
        other => return Err(unsupported(format!("photometric interpretation {other}"))),
    };
    Err(unsupported(name))
}

/// The first sample behind the colours that is stated to be an alpha. Those of no stated meaning are left out, as Pillow
/// leaves out the fourth of RGBX.
pub(super) fn alpha_of(
    directory: &Directory,
    n_colours: usize,
    n_samples: usize,
) -> Result<Option<(usize, AlphaKind)>, DecodeError> {
    let extra = directory.numbers(tags::EXTRA_SAMPLES)?;
    let first = n_samples.saturating_sub(extra.len()).max(n_colours);
    let alpha = extra.iter().take(n_samples - n_colours).enumerate().find_map(|(at, kind)| match kind {
        1 => Some((first + at, AlphaKind::Associated)),
        2 => Some((first + at, AlphaKind::Unassociated)),
        _ => None,
    });
    Ok(alpha.filter(|(at, _)| *at < n_samples))
}
