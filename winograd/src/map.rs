//! Numbers of one picture between two layers.

use crate::points::{LANES, TILE};

/// Channels that lie together in what comes out of a layer.
pub(crate) const BLOCK: usize = 64;

/// Square planes with a border of zeros, which a convolution's padding reads: `[blocks][rows][columns][channels]`, where
/// zeros fill the last block's channels. Fewer channels than fill a register lie in one block without zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    pub(crate) side: usize,
    pub(crate) channels: usize,
    /// Channels of a block.
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Map {
    /// Zeros: a layer's output.
    pub(crate) fn of_layer(side: usize, channels: usize) -> Self {
        Self::new(side, channels, BLOCK)
    }

    /// A picture, row-major with its channels last: `[side, side, channels]`.
    ///
    /// # Panics
    /// When it is of another size.
    pub fn of_picture(side: usize, channels: usize, picture: &[f32]) -> Self {
        assert_eq!(picture.len(), side.pow(2) * channels, "the picture is of another size");
        let mut map = Self::new(side, channels, if channels < LANES { channels } else { BLOCK });
        for (at, pixel) in picture.chunks_exact(channels).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                let place = map.place(channel, at / side, at % side);
                map.values[place] = *value;
            }
        }
        map
    }

    fn new(side: usize, channels: usize, width: usize) -> Self {
        Self { side, channels, width, values: vec![0.0; pitch(side).pow(2) * channels.next_multiple_of(width)] }
    }

    /// Rows and columns.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The planes one after the other, row-major, without border.
    pub fn planes(&self) -> Vec<f32> {
        let mut planes = Vec::with_capacity(self.side.pow(2) * self.channels);
        for channel in 0..self.channels {
            for row in 0..self.side {
                planes.extend((0..self.side).map(|column| self.values[self.place(channel, row, column)]));
            }
        }
        planes
    }

    fn place(&self, channel: usize, row: usize, column: usize) -> usize {
        let (pitch, width) = (pitch(self.side), self.width);
        ((channel / width * pitch + row + 1) * pitch + column + 1) * width + channel % width
    }
}

/// Rows and columns that lie in memory: whole tiles and a border all around.
pub(crate) fn pitch(side: usize) -> usize {
    side.next_multiple_of(TILE) + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_as_planes_and_touches_no_border() {
        for channels in [3, 70] {
            let picture: Vec<f32> = (0..5 * 5 * channels).map(|n| n as f32 + 1.0).collect();
            let map = Map::of_picture(5, channels, &picture);
            let planes = map.planes();
            assert_eq!(planes[2 * 25 + 7].to_bits(), picture[7 * channels + 2].to_bits());
            assert_eq!(map.values.iter().filter(|value| **value != 0.0).count(), picture.len());
            assert!(map.values[..pitch(5) * map.width].iter().all(|value| *value == 0.0));
        }
    }
}
