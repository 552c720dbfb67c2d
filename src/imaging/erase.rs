//! A rectangle blanked out, so that a network cannot lean on one place alone.

use serde::{Deserialize, Serialize};

use super::picture::{Picture, Pixels};

/// A rectangle in fractions of the image's sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// Left edge, 0 to 1.
    pub x: f64,
    /// Upper edge, 0 to 1.
    pub y: f64,
    /// 0 to 1.
    pub width: f64,
    /// 0 to 1.
    pub height: f64,
}

/// Blanks `patch` with the image's own mean of each channel, which is neither black nor white and so no new mark.
pub fn erase(picture: &mut Picture, patch: &Patch) {
    let (width, height, channels) = (picture.width as usize, picture.height as usize, picture.channels as usize);
    let span = |start: f64, length: f64, side: usize| {
        let edge = |at: f64| ((at * side as f64).round() as usize).min(side);
        edge(start)..edge(start + length).max(edge(start))
    };
    let (columns, rows) = (span(patch.x, patch.width, width), span(patch.y, patch.height, height));
    match &mut picture.pixels {
        Pixels::U8(data) => blank(data, channels, width, columns, rows),
        Pixels::U16(data) => blank(data, channels, width, columns, rows),
    }
}

fn blank<T: Copy + Into<u64> + TryFrom<u64>>(
    data: &mut [T],
    channels: usize,
    width: usize,
    columns: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
) {
    let n_pixels = (data.len() / channels) as u64;
    let mean = |c: usize| {
        let sum: u64 = data.iter().skip(c).step_by(channels).map(|&v| v.into()).sum();
        T::try_from((sum + n_pixels / 2) / n_pixels).unwrap_or(data[c])
    };
    let means: Vec<T> = (0..channels).map(mean).collect();
    for row in rows {
        let line = &mut data[row * width * channels..(row + 1) * width * channels];
        line[columns.start * channels..columns.end * channels]
            .chunks_exact_mut(channels)
            .for_each(|pixel| pixel.copy_from_slice(&means));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_the_patch_with_the_mean_and_nothing_else() {
        let mut picture = Picture::new(4, 2, 1, Pixels::U8(vec![0, 0, 0, 0, 8, 8, 8, 8])).unwrap();
        erase(&mut picture, &Patch { x: 0.5, y: 0.0, width: 0.9, height: 1.0 });
        assert_eq!(picture.pixels(), &Pixels::U8(vec![0, 0, 4, 4, 8, 8, 4, 4]));
    }
}
