//! An image in memory: grey or RGB, 8 or 16 bits a channel, row-major, channels interleaved.

use std::fmt;

use crate::domain::ImageFacts;

/// The samples of an image, `width * height * channels` of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// 0 to 255.
    U8(Vec<u8>),
    /// 0 to 65535.
    U16(Vec<u16>),
}

/// What the file was that an image was decoded from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    /// `png`, `jpeg`, ...
    pub(super) format: &'static str,
    /// `grey`, `greya`, `rgb`, `rgba`, `cmyk`, `palette`, ...
    pub(super) colour: &'static str,
    /// Bits a channel that hold the image; `None` where that has no meaning, as for a palette.
    pub(super) bits: Option<u32>,
    /// Which image of the file this is; `None` of a file with one.
    pub(super) part: Option<Part>,
    /// What of the image is not shown; `None` where all is.
    pub(super) left_out: Option<&'static str>,
    /// Pixels across and down of the whole image; `None` where it was decoded at full size.
    pub(super) full_size: Option<(u32, u32)>,
    /// Whether the file says that text is burned into its pixels.
    pub(super) says_text: bool,
}

/// The format whose images show patients' names where they show text.
const TEXT_MATTERS: &str = "dicom";

impl Origin {
    /// Which image of the file this is, and what of it is left out; `None` where it is all of it.
    fn part_text(&self) -> Option<String> {
        let part = self.part.map(|Part { kind, number, of }| format!("{kind} {number} of {of}"));
        let texts: Vec<String> = part.into_iter().chain(self.left_out.map(str::to_owned)).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }
}

/// One image of a file with several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// `page` or `frame`.
    pub(super) kind: &'static str,
    /// From 1.
    pub(super) number: u32,
    /// How many there are.
    pub(super) of: u32,
}

/// An image: at least 1x1, one channel (grey) or three (RGB), never with alpha.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) channels: u32,
    pub(super) pixels: Pixels,
    pub(super) origin: Option<Origin>,
}

/// 8-bit RGB, `3 * width * height` bytes, row-major, interleaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb8 {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The samples.
    pub data: Vec<u8>,
}

impl Picture {
    /// An image of `pixels`; `None` unless there are 1 or 3 channels, no side is 0, and the samples number
    /// `width * height * channels`.
    pub fn new(width: u32, height: u32, channels: u32, pixels: Pixels) -> Option<Self> {
        let n_samples = match &pixels {
            Pixels::U8(data) => data.len(),
            Pixels::U16(data) => data.len(),
        };
        let n_expected = u64::from(width) * u64::from(height) * u64::from(channels);
        let fits = matches!(channels, 1 | 3) && n_samples > 0 && n_samples as u64 == n_expected;
        fits.then_some(Self { width, height, channels, pixels, origin: None })
    }

    /// The same origin and channels with other pixels; for the kernels of this room, which keep the invariant.
    pub(super) fn with_pixels(&self, width: u32, height: u32, pixels: Pixels) -> Self {
        Self { width, height, pixels, ..*self }
    }

    /// Pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// 1 (grey) or 3 (RGB).
    pub fn channels(&self) -> u32 {
        self.channels
    }

    /// Bits a channel: 8 or 16.
    pub fn depth(&self) -> u32 {
        match self.pixels {
            Pixels::U8(_) => 8,
            Pixels::U16(_) => 16,
        }
    }

    /// Bytes of memory that the samples take.
    pub fn n_bytes(&self) -> u64 {
        match &self.pixels {
            Pixels::U8(data) => size_of_val(data.as_slice()) as u64,
            Pixels::U16(data) => size_of_val(data.as_slice()) as u64,
        }
    }

    /// The samples.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// Facts from decoding, and whether the pixels show anything. An image that was made, not decoded, has the format `memory`.
    pub fn facts(&self) -> ImageFacts {
        let colour = if self.channels == 1 { "grey" } else { "rgb" };
        let made = Origin {
            format: "memory",
            colour,
            bits: Some(self.depth()),
            part: None,
            left_out: None,
            full_size: None,
            says_text: false,
        };
        let origin = self.origin.unwrap_or(made);
        let (width, height) = origin.full_size.unwrap_or((self.width, self.height));
        ImageFacts {
            width,
            height,
            format: origin.format.to_owned(),
            colour: origin.colour.to_owned() + &origin.bits.map_or_else(String::new, |bits| bits.to_string()),
            part: origin.part_text(),
            blank: self.is_blank(),
            text: origin.says_text || origin.format == TEXT_MATTERS && self.shows_text(),
        }
    }

    /// 8-bit RGB; grey is repeated, 16 bits are scaled with one rounding.
    pub fn to_rgb8(&self) -> Rgb8 {
        let data = match (&self.pixels, self.channels) {
            (Pixels::U8(data), 1) => data.iter().flat_map(|&v| [v; 3]).collect(),
            (Pixels::U8(data), _) => data.clone(),
            (Pixels::U16(data), 1) => data.iter().flat_map(|&v| [narrow(v); 3]).collect(),
            (Pixels::U16(_), _) => self.levels8(),
        };
        Rgb8 { width: self.width, height: self.height, data }
    }

    /// The samples in 8 bits; 16 are scaled with one rounding.
    pub(super) fn levels8(&self) -> Vec<u8> {
        match &self.pixels {
            Pixels::U8(data) => data.clone(),
            Pixels::U16(data) => data.iter().map(|&v| narrow(v)).collect(),
        }
    }
}

/// 0 to 65535 on a scale from 0 to 255.
fn narrow(level: u16) -> u8 {
    ((u32::from(level) * 255 + 32_767) / 65_535) as u8
}

/// Says what it is, not its millions of samples.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{}, {} channels of {} bits)", self.width, self.height, self.channels, self.depth())
    }
}

impl From<Rgb8> for Picture {
    fn from(rgb: Rgb8) -> Self {
        Self { width: rgb.width, height: rgb.height, channels: 3, pixels: Pixels::U8(rgb.data), origin: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_samples_that_do_not_fill_the_frame() {
        assert!(Picture::new(2, 2, 1, Pixels::U8(vec![0; 4])).is_some());
        assert!(Picture::new(2, 2, 1, Pixels::U8(vec![0; 5])).is_none());
        assert!(Picture::new(2, 2, 2, Pixels::U8(vec![0; 8])).is_none());
        assert!(Picture::new(0, 2, 1, Pixels::U8(vec![])).is_none());
    }

    #[test]
    fn sixteen_bits_scale_to_eight_with_one_rounding() {
        let picture = Picture::new(4, 1, 1, Pixels::U16(vec![0, 128, 129, 65_535])).unwrap();
        assert_eq!(picture.to_rgb8().data, [0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255]);
        assert_eq!(picture.facts().colour, "grey16");
    }
}
