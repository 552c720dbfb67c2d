//! Another size by the nearest pixel, as Pillow takes it.

use std::iter;

use super::picture::{Picture, Pixels};

impl Picture {
    /// The image at `width` x `height` (at least 1): each pixel is the one under its centre, unchanged. Bit for bit what
    /// Pillow's `resize` gives with `NEAREST` of 8-bit grey and RGB images; 16-bit images are taken from the same places,
    /// as they are where a program converts them to RGB first, which Keras' `load_img` does.
    #[must_use]
    pub fn resized_nearest(&self, width: u32, height: u32) -> Self {
        let (rows, columns) = (nearest(self.height, height.max(1)), nearest(self.width, width.max(1)));
        let places = Places { rows: &rows, columns: &columns, row_width: self.width as usize };
        let pixels = match &self.pixels {
            Pixels::U8(from) => Pixels::U8(places.taken(from, self.channels as usize)),
            Pixels::U16(from) => Pixels::U16(places.taken(from, self.channels as usize)),
        };
        self.with_pixels(columns.len() as u32, rows.len() as u32, pixels)
    }
}

/// Which pixels of an image are taken.
struct Places<'a> {
    rows: &'a [usize],
    columns: &'a [usize],
    /// Pixels of a row of the image.
    row_width: usize,
}

impl Places<'_> {
    fn taken<T: Copy>(&self, from: &[T], channels: usize) -> Vec<T> {
        let mut to = Vec::with_capacity(self.rows.len() * self.columns.len() * channels);
        for row in self.rows {
            let row = &from[row * self.row_width * channels..][..self.row_width * channels];
            self.columns.iter().for_each(|column| to.extend_from_slice(&row[column * channels..][..channels]));
        }
        to
    }
}

/// For each of `to` pixels, the one of `from` under its centre.
fn nearest(from: u32, to: u32) -> Vec<usize> {
    let step = f64::from(from) / f64::from(to);
    // Centres often fall exactly between two pixels. Pillow adds the steps up, and its rounding errors decide.
    let centres = iter::successors(Some(0.5 * step), |at| Some(at + step));
    centres.take(to as usize).map(|at| (at as usize).min(from as usize - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_is_the_one_under_its_centre_and_keeps_its_channels_and_depth() {
        let colours = Picture::new(4, 1, 3, Pixels::U8((0..12).collect())).unwrap();
        assert_eq!(colours.resized_nearest(2, 1).pixels(), &Pixels::U8(vec![3, 4, 5, 9, 10, 11]));
        let deep = Picture::new(2, 2, 1, Pixels::U16(vec![1, 2, 300, 400])).unwrap();
        assert_eq!(deep.resized_nearest(3, 2).pixels(), &Pixels::U16(vec![1, 2, 2, 300, 400, 400]));
        assert_eq!(deep.resized_nearest(2, 2), deep);
    }

    #[test]
    fn no_size_leads_outside_the_image() {
        for (from, to) in (1..60).flat_map(|from| (1..60).map(move |to| (from * from, to * to))) {
            let places = nearest(from, to);
            assert!(places.is_sorted() && places.iter().all(|at| *at < from as usize), "{from} to {to}");
        }
    }
}
