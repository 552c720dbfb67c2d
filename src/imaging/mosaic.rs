//! Images side by side on one sheet, so that a person can compare them at a glance.

use image::imageops::replace;
use image::{Rgb, RgbImage};
use imageproc::drawing::draw_hollow_rect_mut;
use imageproc::rect::Rect;

use super::picture::{Picture, Pixels};

/// An image and its caption.
#[derive(Debug, Clone)]
pub struct Tile {
    /// Of any size.
    pub picture: Picture,
    /// A few words.
    pub caption: String,
}

/// A sheet: rows of tiles, the first of each row set off from those that were made of it.
#[derive(Debug, Clone)]
pub struct Mosaic {
    /// What it shows.
    pub title: String,
    /// Not necessarily of one length.
    pub rows: Vec<Vec<Tile>>,
}

/// Pixels between tiles, and around them all.
const GAP: u32 = 6;
/// Pixels more behind the first tile of a row.
const SET_OFF: u32 = 12;
const PAPER: Rgb<u8> = Rgb([255; 3]);
/// Around originals; the pages' accent.
const FRAME: Rgb<u8> = Rgb([15, 111, 111]);

impl Mosaic {
    /// The whole sheet in 8-bit RGB, every tile brought to `side` x `side` pixels; words are left to who shows it.
    /// `None` without tiles.
    pub fn drawn(&self, side: u32) -> Option<Picture> {
        let n_columns = self.rows.iter().map(Vec::len).max().filter(|n| *n > 0)? as u32;
        let (width, height) = (left_of(n_columns, side), top_of(self.rows.len() as u32, side));
        let mut sheet = RgbImage::from_pixel(width, height, PAPER);
        for (row, tiles) in (0..).zip(&self.rows) {
            let y = top_of(row, side);
            for (column, tile) in (0..).zip(tiles) {
                let tile = tile.picture.resized(side, side).to_rgb8();
                let tile = RgbImage::from_raw(tile.width, tile.height, tile.data)?;
                replace(&mut sheet, &tile, left_of(column, side).into(), y.into());
            }
            frame(&mut sheet, y, side);
        }
        Picture::new(width, height, 3, Pixels::U8(sheet.into_raw()))
    }
}

/// Where tiles of this column begin; for the first that is not there any more, the width of the sheet.
fn left_of(column: u32, side: u32) -> u32 {
    GAP + column * (side + GAP) + if column > 0 { SET_OFF } else { 0 }
}

fn top_of(row: u32, side: u32) -> u32 {
    GAP + row * (side + GAP)
}

/// A line of two pixels around the first tile of the row that begins at `y`.
fn frame(sheet: &mut RgbImage, y: u32, side: u32) {
    for distance in 1..=2 {
        let (x, y) = (GAP - distance, y - distance);
        let length = side + 2 * distance;
        draw_hollow_rect_mut(sheet, Rect::at(x.cast_signed(), y.cast_signed()).of_size(length, length), FRAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(level: u8) -> Tile {
        Tile { picture: Picture::new(3, 2, 1, Pixels::U8(vec![level; 6])).unwrap(), caption: String::new() }
    }

    #[test]
    fn tiles_lie_in_their_rows_and_paper_between_them() {
        let mosaic = Mosaic { title: String::new(), rows: vec![vec![tile(10), tile(20)], vec![tile(30)]] };
        let sheet = mosaic.drawn(8).unwrap();
        let (width, height) = (sheet.width(), sheet.height());
        assert_eq!((width, height), (GAP + 2 * (8 + GAP) + SET_OFF, GAP + 2 * (8 + GAP)));
        let Pixels::U8(data) = sheet.pixels() else { panic!("8 bits") };
        let at = |x: u32, y: u32| data[(y * width + x) as usize * 3];
        let second = GAP + 8 + GAP + SET_OFF;
        assert_eq!((at(GAP, GAP), at(second, GAP), at(GAP, GAP + 8 + GAP)), (10, 20, 30));
        let paper = PAPER.0[0];
        assert_eq!((at(second, GAP + 8 + GAP), at(second + 7, GAP + 7), at(second + 8, GAP)), (paper, 20, paper));
        assert_eq!((at(GAP - 1, GAP), at(GAP - 2, GAP), at(GAP - 3, GAP), at(second - 1, GAP)), (15, 15, paper, paper));
        assert!(Mosaic { title: String::new(), rows: Vec::new() }.drawn(8).is_none());
    }
}
