//! Another size by the four nearest pixels at any scale, as Keras' layers and data sets take it.

use super::picture::{Picture, Pixels};

/// What one pixel across or down is made of.
struct Neighbours {
    before: usize,
    after: usize,
    /// Of the one after, 0 to 1.
    share: f32,
}

impl Picture {
    /// The image at `width` x `height` (at least 1) as `[height, width, 3]` levels of 0 to 255 in RGB, not rounded; grey is
    /// repeated, 16 bits are scaled. Between the four pixels around each centre whatever the scale is, so that a much
    /// smaller image skips pixels: `tf.image.resize` and `keras.layers.Resizing` without `antialias`.
    pub fn bilinear_levels(&self, width: u32, height: u32) -> Vec<f32> {
        match &self.pixels {
            Pixels::U8(data) => self.between(width, height, |at| f32::from(data[at])),
            Pixels::U16(data) => self.between(width, height, |at| f32::from(data[at]) / 257.0),
        }
    }

    /// `level`: the sample at an index, 0 to 255.
    fn between(&self, width: u32, height: u32, level: impl Fn(usize) -> f32) -> Vec<f32> {
        let (row_width, n_channels) = (self.width as usize, self.channels as usize);
        let (rows, columns) = (neighbours(self.height, height.max(1)), neighbours(self.width, width.max(1)));
        let mut levels = Vec::with_capacity(3 * rows.len() * columns.len());
        for row in &rows {
            for column in &columns {
                for channel in [0, 1, 2].map(|channel| channel % n_channels) {
                    let at = |row: usize, column: usize| level((row * row_width + column) * n_channels + channel);
                    let across = |row: usize| mixed(at(row, column.before), at(row, column.after), column.share);
                    levels.push(mixed(across(row.before), across(row.after), row.share));
                }
            }
        }
        levels
    }
}

fn mixed(before: f32, after: f32, share: f32) -> f32 {
    before + (after - before) * share
}

/// For each of `to` pixels, those of `from` around its centre. In f32, as the libraries have it: where images are large, its
/// rounding is seen in the levels.
fn neighbours(from: u32, to: u32) -> Vec<Neighbours> {
    let (scale, last) = (from as f32 / to as f32, from as usize - 1);
    let around = |at: u32| {
        let centre = ((at as f32 + 0.5) * scale - 0.5).max(0.0);
        let before = (centre as usize).min(last);
        Neighbours { before, after: (before + 1).min(last), share: centre - before as f32 }
    };
    (0..to).map(around).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32, levels: &[u8]) -> Picture {
        Picture::new(width, height, 1, Pixels::U8(levels.to_vec())).unwrap()
    }

    #[test]
    fn levels_lie_between_their_neighbours_unrounded_and_grey_is_repeated() {
        let repeated = |levels: [f32; 4]| levels.into_iter().flat_map(|level| [level; 3]).collect::<Vec<_>>();
        assert_eq!(grey(2, 1, &[0, 10]).bilinear_levels(4, 1), repeated([0.0, 2.5, 7.5, 10.0]));
        assert_eq!(grey(2, 2, &[0, 10, 20, 31]).bilinear_levels(1, 1), [15.25; 3]);
    }

    #[test]
    fn a_much_smaller_image_skips_pixels() {
        assert_eq!(grey(9, 1, &[255, 255, 255, 255, 7, 255, 255, 255, 255]).bilinear_levels(1, 1), [7.0; 3]);
    }

    #[test]
    fn sixteen_bits_are_brought_to_the_same_levels() {
        let deep = Picture::new(2, 1, 1, Pixels::U16(vec![0, 65_535])).unwrap();
        assert_eq!(deep.bilinear_levels(2, 1), [0.0, 0.0, 0.0, 255.0, 255.0, 255.0]);
        assert_eq!(deep.bilinear_levels(1, 1), [127.5; 3]);
    }
}
