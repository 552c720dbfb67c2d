//! The images of a report: whole files beside the page, and small ones inside it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::ReportError;
use crate::domain::{Evidence, Explanation};
use crate::imaging::{Picture, encode_jpeg, encode_png, heat_picture, overlay};

/// How much of a pixel the hottest place covers in `overlay.png`, and in the page before the slider is moved.
pub(super) const OPACITY: f32 = 0.7;
/// Pixels of the longer side of the scan inside the page.
const SCAN_SIDE: u32 = 2048;
/// Pixels of the longer side in the gallery.
const THUMB_SIDE: u32 = 176;
/// Pixels a side of a mistake's images.
pub(super) const MISTAKE_SIDE: u32 = 160;

/// Everything drawn for one report.
pub(super) struct Pictures {
    pub(super) heatmap_png: Vec<u8>,
    /// 8-bit RGB at the size of the scan.
    pub(super) overlay: Picture,
    pub(super) overlay_png: Vec<u8>,
    pub(super) thumb_jpeg: Vec<u8>,
    /// The scan as a `data:` address.
    pub(super) scan: String,
    /// Width and height of the scan inside the page.
    pub(super) frame: (u32, u32),
}

impl Pictures {
    /// The explanation has a map for every class.
    pub(super) fn draw(explanation: &Explanation, picture: &Picture) -> Result<Self, ReportError> {
        let map = &explanation.maps[explanation.predicted];
        let (width, height) = (picture.width(), picture.height());
        let drawn = map.drawn(explanation.method);
        let (cells, side) = (drawn.rectified(), drawn.side);
        let over = || {
            let laid = overlay(picture, &cells, side, OPACITY);
            let (overlay_png, thumb) =
                rayon::join(|| encode_png(&laid), || encode_jpeg(&within(&laid, THUMB_SIDE), 80));
            Ok::<_, ReportError>((overlay_png?, thumb?, laid))
        };
        let beside = || {
            let preview = within(picture, SCAN_SIDE);
            let heatmap = encode_png(&heat_picture(&cells, side, width, height))?;
            Ok::<_, ReportError>((heatmap, jpeg_address(&preview)?, (preview.width(), preview.height())))
        };
        let (over, beside) = rayon::join(over, beside);
        let ((overlay_png, thumb_jpeg, overlay), (heatmap_png, scan, frame)) = (over?, beside?);
        Ok(Self { heatmap_png, overlay, overlay_png, thumb_jpeg, scan, frame })
    }
}

/// The greatest value, and above 0 in any case.
fn peak(cells: &[f32]) -> f32 {
    cells.iter().copied().fold(f32::MIN_POSITIVE, f32::max)
}

/// With `peak` as 1; what is negative as 0.
fn scaled(cells: &[f32], peak: f32) -> Vec<f32> {
    cells.iter().map(|cell| cell.max(0.0) / peak).collect()
}

/// The misclassified image, and with the heat map of either class laid over it, on one scale for both.
pub(super) fn mistaken(picture: &Picture, evidence: &[Evidence; 2]) -> Result<[String; 3], ReportError> {
    let small = picture.resized(MISTAKE_SIDE, MISTAKE_SIDE);
    let peak = evidence.iter().map(|map| peak(&map.cells)).fold(0.0, f32::max);
    let laid = |map: &Evidence| overlay(&small, &scaled(&map.cells, peak), map.side, OPACITY);
    let [taken_for, truth] = evidence;
    Ok([jpeg_address(&small)?, jpeg_address(&laid(taken_for))?, jpeg_address(&laid(truth))?])
}

/// A picture as a `data:` address, with no side longer than `side` pixels.
pub(super) fn small(picture: &Picture, side: u32) -> Result<String, ReportError> {
    jpeg_address(&within(picture, side))
}

/// The colour map itself, drawn as a map that rises from left to right.
pub(super) fn legend() -> Result<String, ReportError> {
    const SIDE: usize = 32;
    let rising: Vec<f32> = (0..SIDE * SIDE).map(|i| (i % SIDE) as f32 / (SIDE - 1) as f32).collect();
    jpeg_address(&heat_picture(&rising, SIDE, 256, 12))
}

fn within(picture: &Picture, side: u32) -> Picture {
    let (width, height) = fitted(picture.width(), picture.height(), side);
    picture.resized(width, height)
}

/// The same proportions with no side longer than `side`; never enlarged, never below one pixel.
fn fitted(width: u32, height: u32, side: u32) -> (u32, u32) {
    let scale = (f64::from(side) / f64::from(width.max(height))).min(1.0);
    let scaled = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

fn jpeg_address(picture: &Picture) -> Result<String, ReportError> {
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(encode_jpeg(picture, 90)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Pixels;

    #[test]
    fn proportions_are_kept_and_nothing_vanishes() {
        assert_eq!(fitted(320, 384, 1024), (320, 384));
        assert_eq!(fitted(4000, 2000, 1000), (1000, 500));
        assert_eq!(fitted(10_000, 3, 100), (100, 1));
    }

    #[test]
    fn the_maps_of_a_mistake_share_one_scale_and_what_is_negative_covers_nothing() {
        let grey = Picture::new(224, 224, 3, Pixels::U8(vec![90; 224 * 224 * 3])).unwrap();
        let map = |value: f32| Evidence { side: 7, cells: vec![value; 49] };
        let alone = |value: f32| heat_over(&grey.resized(MISTAKE_SIDE, MISTAKE_SIDE), value);
        let [seen, for_taken, for_truth] = mistaken(&grey, &[map(4.0), map(1.0)]).unwrap();
        assert_eq!([for_taken, for_truth], [alone(1.0), alone(0.25)]);
        let [_, for_taken, for_truth] = mistaken(&grey, &[map(-1.0), map(-2.0)]).unwrap();
        assert_eq!([&for_taken, &for_truth], [&seen, &seen]);
    }

    fn heat_over(small: &Picture, heat: f32) -> String {
        jpeg_address(&overlay(small, &[heat; 49], 7, OPACITY)).unwrap()
    }
}
