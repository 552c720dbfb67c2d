//! What the elements of group 0028 say of the samples, checked before any is read.

use super::data_set::DataSet;
use super::refusal::{damaged, unsupported};
use super::tags;
use crate::imaging::error::DecodeError;

/// What the samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    /// Grey, whose lowest value is white.
    Monochrome1,
    /// Grey, whose lowest value is black.
    Monochrome2,
    Palette,
    Rgb,
    /// Luminance and two differences of colour, each for every pixel.
    YbrFull,
    /// The same, with the differences for every second pixel.
    YbrFull422,
    /// RGB that JPEG 2000 transforms itself.
    YbrJpeg2000,
}

impl Photometric {
    /// # Errors
    /// `Unsupported` by name.
    fn of(name: Option<&str>, n_samples: u16) -> Result<Self, DecodeError> {
        let refused = match name {
            None if n_samples == 1 => return Ok(Self::Monochrome2),
            Some("MONOCHROME1") => return Ok(Self::Monochrome1),
            Some("MONOCHROME2") => return Ok(Self::Monochrome2),
            Some("PALETTE COLOR") => return Ok(Self::Palette),
            Some("RGB") => return Ok(Self::Rgb),
            Some("YBR_FULL") => return Ok(Self::YbrFull),
            Some("YBR_FULL_422") => return Ok(Self::YbrFull422),
            Some("YBR_RCT" | "YBR_ICT") => return Ok(Self::YbrJpeg2000),
            Some("YBR_PARTIAL_422") => "YBR_PARTIAL_422",
            Some("YBR_PARTIAL_420") => "YBR_PARTIAL_420",
            Some("HSV") => "HSV",
            Some("ARGB") => "ARGB",
            Some("CMYK") => "CMYK",
            _ => return Err(unsupported("an unknown photometric interpretation")),
        };
        Err(unsupported(format!("the photometric interpretation {refused}")))
    }

    pub(super) fn n_channels(self) -> u16 {
        if matches!(self, Self::Monochrome1 | Self::Monochrome2 | Self::Palette) { 1 } else { 3 }
    }
}

/// The form of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageHeader {
    /// Pixels, 1 to 65535.
    pub(super) width: u32,
    /// Pixels, 1 to 65535.
    pub(super) height: u32,
    pub(super) photometric: Photometric,
    /// 1, 8 or 16.
    pub(super) bits_allocated: u16,
    /// 1 to `bits_allocated`.
    pub(super) bits_stored: u16,
    /// Unused bits below the stored ones.
    pub(super) shift: u16,
    pub(super) is_signed: bool,
    /// Whether channels are one behind the other, and not together in each pixel.
    pub(super) is_planar: bool,
    /// At least 1.
    pub(super) n_frames: u32,
}

impl ImageHeader {
    /// # Errors
    /// `Unsupported` by name, `Damaged` where the elements contradict each other.
    pub(super) fn read(set: &DataSet) -> Result<Self, DecodeError> {
        let needed = |tag, name: &str| set.u16(tag).ok_or_else(|| damaged(format!("its {name} are not stated")));
        let (width, height) = (needed(tags::COLUMNS, "columns")?, needed(tags::ROWS, "rows")?);
        if width == 0 || height == 0 {
            return Err(damaged("its image has no pixels"));
        }
        let n_samples = set.u16(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let photometric = Photometric::of(set.text(tags::PHOTOMETRIC_INTERPRETATION), n_samples)?;
        if photometric.n_channels() != n_samples {
            return Err(damaged("its samples per pixel contradict its photometric interpretation"));
        }
        let bits_allocated = needed(tags::BITS_ALLOCATED, "bits")?;
        let (bits_stored, shift) = stored_bits(set, bits_allocated)?;
        let header = Self {
            width: width.into(),
            height: height.into(),
            photometric,
            bits_allocated,
            bits_stored,
            shift,
            is_signed: set.u16(tags::PIXEL_REPRESENTATION) == Some(1),
            is_planar: n_samples > 1 && set.u16(tags::PLANAR_CONFIGURATION) == Some(1),
            n_frames: set.number(tags::NUMBER_OF_FRAMES).map_or(1, |n| n as u32).max(1),
        };
        header.check_colour()?;
        Ok(header)
    }

    /// Samples of one frame.
    pub(super) fn n_samples(&self) -> usize {
        self.width as usize * self.height as usize * self.n_channels()
    }

    /// 1 or 3.
    pub(super) fn n_channels(&self) -> usize {
        self.photometric.n_channels().into()
    }

    /// The largest value without a sign.
    pub(super) fn largest(&self) -> u16 {
        u16::MAX >> (16 - self.bits_stored)
    }

    fn check_colour(&self) -> Result<(), DecodeError> {
        use Photometric::{Palette, YbrFull, YbrFull422};
        let has_colour = self.n_channels() > 1;
        let cause = match self.photometric {
            _ if has_colour && self.is_signed => "signed colours",
            _ if has_colour && self.bits_allocated == 1 => "colours of 1 bit",
            YbrFull | YbrFull422 if self.bits_allocated != 8 => "YBR colours of more than 8 bits",
            Palette if self.is_signed => "a palette with signed numbers",
            _ => return Ok(()),
        };
        Err(unsupported(cause))
    }
}

/// The bits that hold a value, and how many below them do not.
fn stored_bits(set: &DataSet, allocated: u16) -> Result<(u16, u16), DecodeError> {
    if !matches!(allocated, 1 | 8 | 16) {
        return Err(unsupported(format!("samples of {allocated} bits")));
    }
    let stored = set.u16(tags::BITS_STORED).unwrap_or(allocated);
    let high = set.u16(tags::HIGH_BIT).unwrap_or(stored.saturating_sub(1));
    let shift = (high + 1).checked_sub(stored).filter(|_| (1..=allocated).contains(&stored) && high < allocated);
    shift.map(|shift| (stored, shift)).ok_or_else(|| damaged("its stored bits do not fit its samples"))
}
