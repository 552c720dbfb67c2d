//! Pictures of two visibly different looks, each a function of its number alone.

use std::fmt;
use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray8;

/// The classes of the tests' dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Bars,
    Disc,
}

impl Look {
    pub const ALL: [Self; 2] = [Self::Bars, Self::Disc];
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bars => "bars",
            Self::Disc => "disc",
        })
    }
}

/// 96 x 96 pixels, 8-bit grey: a bright disc or bright bars, somewhere, on a dark ground with noise.
pub fn picture(look: Look, number: u64) -> GrayImage {
    let mut random = number.wrapping_mul(2).wrapping_add(look as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut below = |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % limit
    };
    for _ in 0..8 {
        below(1); // neighbouring numbers have drifted apart by now
    }
    let (x0, y0, period) = (32.0 + below(32) as f64, 32.0 + below(32) as f64, 6 + below(5) as u32);
    GrayImage::from_fn(96, 96, |x, y| {
        let bright = match look {
            Look::Bars => (y / period) % 2 == 0,
            Look::Disc => (f64::from(x) - x0).hypot(f64::from(y) - y0) < 20.0,
        };
        Luma([(if bright { 190 } else { 40 }) + below(30) as u8])
    })
}

/// The picture's file in any format.
pub fn encoded(look: Look, number: u64, format: ImageFormat) -> Vec<u8> {
    let (mut bytes, picture) = (Cursor::new(Vec::new()), picture(look, number));
    match format {
        ImageFormat::Tiff => {
            let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
            encoder.write_image::<Gray8>(picture.width(), picture.height(), &picture).unwrap();
        }
        _ => picture.write_to(&mut bytes, format).unwrap(),
    }
    bytes.into_inner()
}

pub fn png(look: Look, number: u64) -> Vec<u8> {
    encoded(look, number, ImageFormat::Png)
}
