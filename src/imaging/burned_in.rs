//! Whether an image seems to show burned-in text: a line of letters near its upper or lower edge.
//!
//! Letters are short strokes of nearly the highest or the lowest level of the image, with another level on both sides, many of
//! them close together, in several rows one below the other. The marker of a side (L or R) has too few strokes to count.
//! `scripts/measure-text` on 160 radiographs: 7 were found to have text; of names written near an edge, with letters a 40th or
//! a 60th of the image high, 56 of 80 in white and 39 of 80 in black were found. What is not found may be text.

use super::picture::{Picture, Pixels};

/// Part of the height that is looked at, at either edge, in percent.
const BAND_PERCENT: u32 = 12;
/// Strokes close together that make a row one of a line of text.
const FEWEST_STROKES: usize = 8;
/// Rows one below the other that make a line of text.
const FEWEST_ROWS: usize = 6;
/// Images with fewer levels between their darkest and their brightest pixel, of 256, show no text.
const FEWEST_LEVELS: u8 = 32;

/// What is nearly the highest or the lowest level, and what is another one.
struct Ink {
    is_bright: bool,
    darkest: u8,
    brightest: u8,
}

impl Ink {
    fn is(&self, level: u8) -> bool {
        let near = (self.brightest - self.darkest) / 16;
        if self.is_bright { level >= self.brightest - near } else { level <= self.darkest + near }
    }

    fn is_other(&self, level: u8) -> bool {
        let far = (self.brightest - self.darkest) / 3;
        if self.is_bright { level <= self.brightest - far } else { level >= self.darkest + far }
    }
}

impl Picture {
    /// Whether a line of text seems to stand near the upper or the lower edge.
    pub(super) fn shows_text(&self) -> bool {
        let (darkest, brightest) = self.row_levels(0..self.height()).fold((u8::MAX, 0), |(low, high), row| {
            row.iter().fold((low, high), |(low, high), level| (low.min(*level), high.max(*level)))
        });
        if brightest.saturating_sub(darkest) < FEWEST_LEVELS {
            return false;
        }
        let band = (self.height() * BAND_PERCENT / 100).max(8).min(self.height());
        let longest = (self.width().min(self.height()) / 40).max(4) as usize;
        [0..band, self.height() - band..self.height()].into_iter().any(|rows| {
            [true, false].into_iter().any(|is_bright| {
                let ink = Ink { is_bright, darkest, brightest };
                has_line(self.row_levels(rows.clone()), &ink, longest)
            })
        })
    }

    /// These rows with 8 bits; of colours, the second channel.
    fn row_levels(&self, rows: std::ops::Range<u32>) -> impl Iterator<Item = Vec<u8>> {
        let (n_channels, width) = (self.channels() as usize, self.width() as usize);
        rows.map(move |row| {
            let range = row as usize * width * n_channels..(row as usize + 1) * width * n_channels;
            let channel = n_channels / 2;
            match self.pixels() {
                Pixels::U8(data) => data[range].iter().skip(channel).step_by(n_channels).copied().collect(),
                Pixels::U16(data) => {
                    data[range].iter().skip(channel).step_by(n_channels).map(|level| (level >> 8) as u8).collect()
                }
            }
        })
    }
}

/// Whether enough rows that follow each other have strokes enough.
fn has_line(rows: impl Iterator<Item = Vec<u8>>, ink: &Ink, longest: usize) -> bool {
    let mut n_rows = 0;
    for row in rows {
        n_rows = if most_together(&strokes(&row, ink, longest), longest) >= FEWEST_STROKES { n_rows + 1 } else { 0 };
        if n_rows >= FEWEST_ROWS {
            return true;
        }
    }
    false
}

/// Where runs of ink begin that are short and stand free.
fn strokes(row: &[u8], ink: &Ink, longest: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    for run in row.chunk_by(|a, b| ink.is(*a) == ink.is(*b)) {
        let (begin, end) = (at, at + run.len());
        at = end;
        // Two pixels off, because edges of letters are smooth.
        let beside = [begin.saturating_sub(2), (end + 1).min(row.len() - 1)];
        if ink.is(run[0]) && run.len() <= longest && beside.iter().all(|at| ink.is_other(row[*at])) {
            found.push(begin);
        }
    }
    found
}

/// The most strokes that follow each other at the distances of letters.
fn most_together(strokes: &[usize], longest: usize) -> usize {
    strokes.chunk_by(|a, b| b - a <= 4 * longest).map(<[usize]>::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey slope with `n_strokes` upright strokes of `level` near its lower edge, `height` pixels high.
    fn picture(n_strokes: u32, height: u32, level: u8) -> Picture {
        let pixels = (0..200_u32).flat_map(|y| {
            (0..200_u32).map(move |x| {
                let is_stroke = x >= 20 && (x - 20) % 6 < 2 && (x - 20) / 6 < n_strokes;
                if is_stroke && (185..185 + height).contains(&y) { level } else { (40 + (x + y) / 3) as u8 }
            })
        });
        Picture::new(200, 200, 1, Pixels::U8(pixels.collect())).unwrap()
    }

    #[test]
    fn a_line_of_letters_is_found_and_a_marker_or_a_ruled_line_is_not() {
        for (n_strokes, height, level, is_text) in
            [(12, 8, 255, true), (12, 8, 0, true), (3, 8, 255, false), (12, 3, 255, false), (0, 8, 255, false)]
        {
            let found = picture(n_strokes, height, level).shows_text();
            assert_eq!(found, is_text, "{n_strokes} strokes, {height} high, of {level}");
        }
    }

    #[test]
    fn small_and_empty_images_show_none() {
        for side in [1, 3, 9] {
            let n = (side * side) as usize;
            let stripes = (0..n).map(|at| if at % 2 == 0 { 0 } else { 255 }).collect();
            assert!(!Picture::new(side, side, 1, Pixels::U8(stripes)).unwrap().shows_text());
            assert!(!Picture::new(side, side, 3, Pixels::U16(vec![7; 3 * n])).unwrap().shows_text());
        }
    }
}
