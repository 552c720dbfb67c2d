//! The marks that JPEG leaves: an image encoded and decoded again.

use super::decode_options::DecodeOptions;
use super::encode::encode_jpeg;
use super::error::EncodeError;
use super::jpeg;
use super::picture::{Picture, Pixels};

impl Picture {
    /// The image as JPEG of `quality` (1 to 100) would give it back. 16 bits stay 16: what JPEG changes in the 8-bit
    /// image is added to the levels, whose finer steps are kept.
    ///
    /// # Errors
    /// [`EncodeError`], as for sides above 65535.
    pub fn recompressed(&self, quality: u8) -> Result<Self, EncodeError> {
        const ANY_SIZE: DecodeOptions =
            DecodeOptions { max_side: u32::MAX, max_pixels: u64::MAX, background: 0, least_side: None, frame: 1 };
        let bytes = encode_jpeg(self, quality)?;
        let (again, _) = jpeg::decode(&bytes, &ANY_SIZE).map_err(|error| EncodeError {
            width: self.width,
            height: self.height,
            format: "JPEG",
            cause: error.to_string(),
        })?;
        let pixels = match (&self.pixels, again.pixels) {
            (Pixels::U16(levels), Pixels::U8(after)) => Pixels::U16(moved(levels, &self.levels8(), &after)),
            (_, pixels) => pixels,
        };
        Ok(self.with_pixels(self.width, self.height, pixels))
    }
}

/// `levels` of 65535, changed by as much as `before` changed to `after` of 255.
fn moved(levels: &[u16], before: &[u8], after: &[u8]) -> Vec<u16> {
    let changes = before.iter().zip(after).map(|(&before, &after)| 257 * (i32::from(after) - i32::from(before)));
    levels.iter().zip(changes).map(|(&level, change)| (i32::from(level) + change).clamp(0, 65_535) as u16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(depth: u32) -> Picture {
        let level = |i: u32| (i % 40) * 1600 + i / 40 * 37;
        let pixels = match depth {
            8 => Pixels::U8((0..1200).map(|i| (level(i) / 257) as u8).collect()),
            _ => Pixels::U16((0..1200).map(|i| level(i) as u16).collect()),
        };
        Picture::new(40, 30, 1, pixels).unwrap()
    }

    #[test]
    fn less_quality_changes_more_and_neither_size_nor_depth() {
        for depth in [8, 16] {
            let picture = ramp(depth);
            let change = |quality| {
                let again = picture.recompressed(quality).unwrap();
                assert_eq!((again.width(), again.height(), again.depth()), (40, 30, depth));
                let pairs = again.levels8().into_iter().zip(picture.levels8());
                pairs.map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>()
            };
            assert!(change(10) > change(60) && change(60) > change(100), "{depth} bits");
        }
    }

    #[test]
    fn sixteen_bits_keep_their_finer_steps() {
        let (before, after) = (ramp(16), ramp(16).recompressed(100).unwrap());
        let (Pixels::U16(before), Pixels::U16(after)) = (before.pixels, after.pixels) else {
            panic!("16 bits stay 16")
        };
        assert!(before.iter().zip(&after).all(|(a, b)| a.abs_diff(*b) % 257 == 0 && a.abs_diff(*b) < 257 * 4));
    }
}
