//! EXIF orientation: samples change places, none is computed.

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
        let (width, height) = if turned { (self.height, self.width) } else { (self.width, self.height) };
        let stored = self.width as usize;
        let places = (0..height as usize).flat_map(|y| (0..width as usize).map(move |x| (x, y)));
        let places = places.map(|(x, y)| {
            let x = if mirrored { width as usize - 1 - x } else { x };
            let y = if upside_down { height as usize - 1 - y } else { y };
            if turned { x * stored + y } else { y * stored + x }
        });
        let pixels = match &self.pixels {
            Pixels::U8(data) => Pixels::U8(picked(data, self.channels as usize, places)),
            Pixels::U16(data) => Pixels::U16(picked(data, self.channels as usize, places)),
        };
        let turn = |(across, down)| if turned { (down, across) } else { (across, down) };
        let origin = self.origin.map(|origin| Origin { full_size: origin.full_size.map(turn), ..origin });
        Self { origin, ..self.with_pixels(width, height, pixels) }
    }
}

fn picked<T: Copy>(data: &[T], channels: usize, places: impl Iterator<Item = usize>) -> Vec<T> {
    let mut out = Vec::with_capacity(data.len());
    places.for_each(|place| out.extend_from_slice(&data[place * channels..][..channels]));
    out
}
