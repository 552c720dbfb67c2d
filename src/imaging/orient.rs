//! EXIF orientation: samples change places, none is computed. Only an image whose rows become columns is held twice.

use image::metadata::Orientation;

use super::picture::{Origin, Picture, Pixels};

impl Picture {
    /// The image upright.
    pub(super) fn oriented(self, orientation: Orientation) -> Self {
        use Orientation as O;
        // (rows become columns, then mirrored left to right, then top to bottom)
        let (turned, mirrored, upside_down) = match orientation {
            O::NoTransforms => return self,
            O::FlipHorizontal => (false, true, false),
            O::Rotate180 => (false, true, true),
            O::FlipVertical => (false, false, true),
            O::Rotate90FlipH => (true, false, false),
            O::Rotate90 => (true, true, false),
            O::Rotate270FlipH => (true, true, true),
            O::Rotate270 => (true, false, true),
        };
        let mut picture = if turned { self.transposed() } else { self };
        let (stride, channels) = ((picture.width * picture.channels) as usize, picture.channels as usize);
        match &mut picture.pixels {
            Pixels::U8(data) => flip(data, stride, channels, [mirrored, upside_down]),
            Pixels::U16(data) => flip(data, stride, channels, [mirrored, upside_down]),
        }
        picture
    }

    /// Rows as columns.
    fn transposed(self) -> Self {
        let (width, height, channels) = (self.width as usize, self.height as usize, self.channels as usize);
        let pixels = match &self.pixels {
            Pixels::U8(data) => Pixels::U8(columns(data, width, height, channels)),
            Pixels::U16(data) => Pixels::U16(columns(data, width, height, channels)),
        };
        let origin = self.origin.map(|origin| Origin { full_size: origin.full_size.map(|(w, h)| (h, w)), ..origin });
        Self { origin, ..self.with_pixels(self.height, self.width, pixels) }
    }
}

fn columns<T: Copy>(data: &[T], width: usize, height: usize, channels: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(data.len());
    for x in 0..width {
        for y in 0..height {
            out.extend_from_slice(&data[(y * width + x) * channels..][..channels]);
        }
    }
    out
}

/// Mirrors rows of `stride` samples, and puts the last row first, each where it is asked for.
fn flip<T>(data: &mut [T], stride: usize, channels: usize, [mirrored, upside_down]: [bool; 2]) {
    if mirrored {
        for row in data.chunks_exact_mut(stride) {
            row.reverse();
            row.chunks_exact_mut(channels).for_each(<[T]>::reverse);
        }
    }
    if upside_down {
        let (top, bottom) = data.split_at_mut(data.len() / stride / 2 * stride);
        let rows = top.chunks_exact_mut(stride).zip(bottom.chunks_exact_mut(stride).rev());
        rows.for_each(|(above, below)| above.swap_with_slice(below));
    }
}
