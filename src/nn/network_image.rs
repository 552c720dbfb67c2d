//! An image as the network takes it: at its size, and brought to it as the model's own program did it.

use crate::domain::vgg16::INPUT_SIDE;
use crate::domain::{BackboneRecord, Resize};
use crate::imaging::{Picture, Rgb8};

/// What the network takes of one image: a square of RGB levels, 0 to 255, row-major, channels interleaved.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkImage {
    side: u32,
    levels: ImageLevels,
}

/// `side * side * 3` of them.
#[derive(Debug, Clone, PartialEq)]
enum ImageLevels {
    Rounded(Vec<u8>),
    /// Where the model's program did not round what it resized.
    Exact(Vec<f32>),
}

impl NetworkImage {
    /// `picture` at `side` x `side` pixels (at least 1), stretched if it is not square. Its levels have 8 bits, but those of
    /// [`Resize::Bilinear`], which are not rounded.
    pub fn of(picture: &Picture, side: u32, resize: Resize) -> Self {
        let is_there = (picture.width(), picture.height(), picture.depth()) == (side, side, 8);
        let levels = match resize {
            Resize::Nearest => ImageLevels::Rounded(picture.resized_nearest(side, side).to_rgb8().data),
            Resize::Bilinear if !is_there => ImageLevels::Exact(picture.bilinear_levels(side, side)),
            Resize::Antialias => ImageLevels::Rounded(picture.antialiased_rgb8(side, side).data),
            Resize::Bilinear | Resize::AntialiasFast => {
                ImageLevels::Rounded(picture.resized(side, side).to_rgb8().data)
            }
        };
        Self { side, levels }
    }

    /// As the images of a model with this record were brought to its network.
    pub fn of_model(picture: &Picture, record: &BackboneRecord) -> Self {
        Self::of(picture, record.input_side, record.resize)
    }

    /// As gradwatch's own models take it: 224x224, antialiased.
    pub fn usual(picture: &Picture) -> Self {
        Self::of(picture, INPUT_SIDE as u32, Resize::AntialiasFast)
    }

    /// Pixels a side.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// The same to look at or to count: levels rounded to 8 bits.
    pub fn into_rgb8(self) -> Rgb8 {
        let data = match self.levels {
            ImageLevels::Rounded(bytes) => bytes,
            ImageLevels::Exact(levels) => levels.into_iter().map(|level| level.round() as u8).collect(),
        };
        Rgb8 { width: self.side, height: self.side, data }
    }

    /// The same with cells of a grid of `grid` rows and columns covered with the mean colour of the image.
    #[must_use]
    pub fn covered(&self, cells: &[bool], grid: usize) -> Self {
        let side = self.side as usize;
        let cell = |at: usize, level: &mut dyn FnMut(usize)| {
            let (row, column) = (at / 3 / side * grid / side, at / 3 % side * grid / side);
            if cells[row * grid + column] {
                level(at % 3);
            }
        };
        let means = self.means();
        let mut levels = self.levels.clone();
        match &mut levels {
            ImageLevels::Rounded(bytes) => {
                let cover = |(at, byte): (usize, &mut u8)| cell(at, &mut |c| *byte = means[c].round() as u8);
                bytes.iter_mut().enumerate().for_each(cover);
            }
            ImageLevels::Exact(levels) => {
                let cover = |(at, value): (usize, &mut f32)| cell(at, &mut |c| *value = means[c]);
                levels.iter_mut().enumerate().for_each(cover);
            }
        }
        Self { side: self.side, levels }
    }

    /// Of red, green and blue.
    fn means(&self) -> [f32; 3] {
        let mut sums = [0.0_f64; 3];
        self.levels().iter().enumerate().for_each(|(at, level)| sums[at % 3] += f64::from(*level));
        sums.map(|sum| (sum / f64::from(self.side * self.side)) as f32)
    }

    /// The levels, if they have 8 bits.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match &self.levels {
            ImageLevels::Rounded(bytes) => Some(bytes),
            ImageLevels::Exact(_) => None,
        }
    }

    /// The levels, however they are kept.
    pub(super) fn levels(&self) -> Vec<f32> {
        match &self.levels {
            ImageLevels::Rounded(bytes) => bytes.iter().map(|byte| f32::from(*byte)).collect(),
            ImageLevels::Exact(levels) => levels.clone(),
        }
    }

    /// An image of `side * side * 3` generated levels.
    pub(super) fn generated(side: u32, bytes: Vec<u8>) -> Self {
        Self { side, levels: ImageLevels::Rounded(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Pixels;

    fn picture(width: u32, height: u32) -> Picture {
        let samples = (0..width * height * 3).map(|at| (at * at % 251) as u8).collect();
        Picture::new(width, height, 3, Pixels::U8(samples)).unwrap()
    }

    #[test]
    fn levels_are_those_of_each_way_to_resize() {
        let image = picture(90, 61);
        let bytes = |resize| NetworkImage::of(&image, 40, resize).bytes().map(<[u8]>::to_vec);
        assert_eq!(bytes(Resize::Nearest), Some(image.resized_nearest(40, 40).to_rgb8().data));
        assert_eq!(bytes(Resize::Antialias), Some(image.antialiased_rgb8(40, 40).data));
        assert_eq!(bytes(Resize::AntialiasFast), Some(image.resized(40, 40).to_rgb8().data));
        assert_eq!(bytes(Resize::Bilinear), None);
        let bilinear = NetworkImage::of(&image, 40, Resize::Bilinear);
        assert_eq!((bilinear.side(), bilinear.levels()), (40, image.bilinear_levels(40, 40)));
        assert_eq!(NetworkImage::usual(&image), NetworkImage::of(&image, 224, Resize::AntialiasFast));
    }

    #[test]
    fn an_image_that_has_the_size_is_taken_as_it_is() {
        let image = picture(40, 40);
        for resize in [Resize::Nearest, Resize::Bilinear, Resize::Antialias, Resize::AntialiasFast] {
            assert_eq!(NetworkImage::of(&image, 40, resize).bytes(), Some(image.to_rgb8().data.as_slice()));
        }
        let deep = Picture::new(1, 1, 1, Pixels::U16(vec![300])).unwrap();
        assert_eq!(NetworkImage::of(&deep, 1, Resize::Bilinear).levels(), [300.0 / 257.0; 3]);
        assert_eq!(NetworkImage::of(&deep, 1, Resize::Nearest).levels(), [1.0; 3]);
    }

    #[test]
    fn covered_cells_have_the_mean_colour_and_the_others_stay() {
        let grey = Picture::new(4, 4, 1, Pixels::U8((0..16).map(|at| at * 10).collect())).unwrap();
        let image = NetworkImage::of(&grey, 4, Resize::Nearest);
        let covered = image.covered(&[false, true, false, false], 2).levels();
        let whole = image.levels();
        for (at, level) in covered.iter().enumerate() {
            let (row, column) = (at / 3 / 4, at / 3 % 4);
            let expected = if row < 2 && column >= 2 { 75.0 } else { whole[at] };
            assert!((level - expected).abs() < 1e-6, "{row} {column}");
        }
        let exact = NetworkImage::of(&grey, 3, Resize::Bilinear);
        assert!(exact.covered(&[true], 1).levels().windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-3));
        assert_eq!(exact.covered(&[false], 1), exact);
    }

    #[test]
    fn levels_are_rounded_to_be_looked_at() {
        let grey = Picture::new(2, 1, 1, Pixels::U8(vec![0, 3])).unwrap();
        let exact = NetworkImage::of(&grey, 1, Resize::Bilinear);
        assert_eq!(exact.levels(), [1.5; 3]);
        assert_eq!(exact.into_rgb8(), Rgb8 { width: 1, height: 1, data: vec![2; 3] });
    }
}
