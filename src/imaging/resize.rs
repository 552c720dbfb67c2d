//! Another size: antialiased, the frame filled exactly (stretched if the proportions differ).

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::picture::{Picture, Pixels};

impl Picture {
    /// The image at `width` x `height` (at least 1), by convolution with a triangle as wide as the scale demands:
    /// what Pillow calls bilinear. The same size gives the same pixels.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let n_samples = width as usize * height as usize * self.channels as usize;
        let pixels = match &self.pixels {
            Pixels::U8(from) => {
                let mut to = vec![0_u8; n_samples];
                let kind = if self.channels == 1 { PixelType::U8 } else { PixelType::U8x3 };
                convolve(self, from, &mut to, (width, height), kind);
                Pixels::U8(to)
            }
            Pixels::U16(from) => {
                let mut to = vec![0_u16; n_samples];
                let kind = if self.channels == 1 { PixelType::U16 } else { PixelType::U16x3 };
                convolve(self, bytemuck::cast_slice(from), bytemuck::cast_slice_mut(&mut to), (width, height), kind);
                Pixels::U16(to)
            }
        };
        self.with_pixels(width, height, pixels)
    }
}

/// # Panics
/// Never: both buffers fill their frames ([`Picture`] holds that), are aligned by their types, and nothing is cropped.
fn convolve(picture: &Picture, from: &[u8], to: &mut [u8], (width, height): (u32, u32), kind: PixelType) {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let (Ok(from), Ok(mut to)) =
        (ImageRef::new(picture.width, picture.height, from, kind), Image::from_slice_u8(width, height, to, kind))
    else {
        unreachable!("an image's samples fill its frame")
    };
    if let Err(error) = Resizer::new().resize(&from, &mut to, &options) {
        unreachable!("the frames agree in kind and nothing is cropped: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(picture: &Picture) {
        let small = picture.resized(5, 3);
        assert_eq!((small.width(), small.height()), (5, 3));
        assert_eq!((small.channels(), small.depth()), (picture.channels(), picture.depth()));
        assert_eq!(picture.resized(picture.width(), picture.height()), *picture);
    }

    #[test]
    fn keeps_channels_and_depth_and_the_pixels_of_its_own_size() {
        for channels in [1, 3] {
            let n = 20 * 11 * channels as usize;
            check(&Picture::new(20, 11, channels, Pixels::U8((0..n).map(|i| i as u8).collect())).unwrap());
            check(&Picture::new(20, 11, channels, Pixels::U16((0..n).map(|i| i as u16 * 99).collect())).unwrap());
        }
    }

    #[test]
    fn a_fine_pattern_shrinks_to_its_mean() {
        let stripes = (0..64 * 64).map(|i| if i % 2 == 0 { 0 } else { 200 }).collect();
        let small = Picture::new(64, 64, 1, Pixels::U8(stripes)).unwrap().resized(8, 8);
        let Pixels::U8(data) = small.pixels() else { panic!("8 bits stay 8") };
        assert!(data.iter().all(|v| (95..=105).contains(v)), "{data:?}");
    }
}
