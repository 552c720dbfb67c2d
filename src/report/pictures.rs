//! The images of a report: whole files beside the page, and small ones inside it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::ReportError;
use crate::domain::{ClassMap, Evidence, Explanation, MapMethod, rectified, window_sums};
use crate::imaging::{Picture, Pixels, encode_jpeg, encode_png, heat_picture, overlay};

/// How much of a pixel the hottest place covers in `overlay.png`, and in the page before the slider is moved.
pub(super) const OPACITY: f32 = 0.7;
/// Pixels of the longer side of the scan inside the page.
const PREVIEW_SIDE: u32 = 1024;
/// Pixels of the longer side of a heat map inside the page; its grid is 14x14, so that enlarging loses nothing.
const MAP_SIDE: u32 = 320;
/// Pixels of the longer side in the gallery.
const THUMB_SIDE: u32 = 176;
/// Pixels a side of a mistake's images.
pub(super) const MISTAKE_SIDE: u32 = 160;
/// Classes whose maps are put into the page: those with the greatest scores.
pub(super) const MAX_CLASSES: usize = 6;

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
    /// By class, the predicted one first, then by falling score.
    pub(super) maps: Vec<ClassPictures>,
    /// The colour map from cold to hot.
    pub(super) legend: String,
}

/// The maps of one class, as `data:` addresses.
pub(super) struct ClassPictures {
    /// Index of the class.
    pub(super) class: usize,
    /// The map that is shown first, in colour.
    pub(super) shown: String,
    /// The same in grey: how far the coloured map covers the scan.
    pub(super) cover: String,
    /// That of [`beside`], in colour.
    pub(super) beside: String,
    /// What speaks for the class more than for its rival in HiResCAM, in colour; and the index of the rival.
    pub(super) contrast: Option<(usize, String)>,
}

/// The method that is drawn beside `shown`, so that HiResCAM is always there.
pub(super) fn beside(shown: MapMethod) -> MapMethod {
    if shown == MapMethod::HiresCam { MapMethod::GradCam } else { MapMethod::HiresCam }
}

impl Pictures {
    /// The explanation has a map for every class.
    pub(super) fn draw(explanation: &Explanation, picture: &Picture) -> Result<Self, ReportError> {
        let map = &explanation.maps[explanation.predicted];
        let (width, height) = (picture.width(), picture.height());
        let (cells, side) = drawn(map, explanation.method);
        let laid = overlay(picture, &cells, side, OPACITY);
        let preview = within(picture, PREVIEW_SIDE);
        let maps = shown_classes(explanation).into_iter().map(|class| {
            let pictures = ClassPictures::draw(explanation, class, picture)?;
            pictures.ok_or_else(|| ReportError::unfit(explanation, "a map is empty"))
        });
        Ok(Self {
            heatmap_png: encode_png(&heat_picture(&cells, side, width, height))?,
            overlay_png: encode_png(&laid)?,
            thumb_jpeg: encode_jpeg(&within(&laid, THUMB_SIDE), 80)?,
            overlay: laid,
            scan: jpeg_address(&preview)?,
            frame: (preview.width(), preview.height()),
            maps: maps.collect::<Result<_, _>>()?,
            legend: legend()?,
        })
    }
}

impl ClassPictures {
    /// `None` when the map has no cells.
    fn draw(explanation: &Explanation, class: usize, scan: &Picture) -> Result<Option<Self>, ReportError> {
        let (width, height) = fitted(scan.width(), scan.height(), MAP_SIDE);
        let heat = |(cells, side): (Vec<f32>, usize)| jpeg_address(&heat_picture(&cells, side, width, height));
        let (map, method) = (&explanation.maps[class], explanation.method);
        let (cells, side) = drawn(map, method);
        let Some(cover) = grey(&cells, side) else { return Ok(None) };
        let contrast = explanation.contrast(class).map(|(rival, contrast)| {
            Ok::<_, ReportError>((rival, heat(positive_cells(&contrast.hires_cam, map.side))?))
        });
        Ok(Some(Self {
            class,
            shown: heat((cells, side))?,
            cover: jpeg_address(&cover.resized(width, height))?,
            beside: heat(drawn(map, beside(method)))?,
            contrast: contrast.transpose()?,
        }))
    }
}

/// The map of `method` as it is drawn, 0 to 1, and its rows and columns.
fn drawn(map: &ClassMap, method: MapMethod) -> (Vec<f32>, usize) {
    if method == MapMethod::HiresCam {
        return positive_cells(&map.hires_cam, map.side);
    }
    (map.rectified(method), map.side)
}

/// The predicted class, then the others by falling score, as many as fit the page.
fn shown_classes(explanation: &Explanation) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..explanation.maps.len()).collect();
    classes.sort_by(|a, b| explanation.logits[*b].total_cmp(&explanation.logits[*a]));
    classes.sort_by_key(|class| *class != explanation.predicted);
    classes.truncate(MAX_CLASSES);
    classes
}

/// HiResCAM on the grid of pool5, where a cell is a cell's own term of the logit. What is negative is 0, and the greatest
/// cell is one. Where an odd number of rows leaves the last one out of pool5, cells lie on the grid below, so that they stay in their
/// places.
fn positive_cells(hires_cam: &[f32], grid: usize) -> (Vec<f32>, usize) {
    let side = grid / 2;
    let cells = rectified(&window_sums(hires_cam, grid));
    if 2 * side == grid {
        return (cells, side);
    }
    let below = |at: usize| {
        let (row, column) = (at / grid / 2, at % grid / 2);
        if row < side && column < side { cells[row * side + column] } else { 0.0 }
    };
    ((0..grid * grid).map(below).collect(), grid)
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

fn grey(grid: &[f32], side: usize) -> Option<Picture> {
    let data = grid.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    Picture::new(side as u32, side as u32, 1, Pixels::U8(data))
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

    #[test]
    fn proportions_are_kept_and_nothing_vanishes() {
        assert_eq!(fitted(320, 384, 1024), (320, 384));
        assert_eq!(fitted(4000, 2000, 1000), (1000, 500));
        assert_eq!(fitted(10_000, 3, 100), (100, 1));
    }

    #[test]
    fn four_places_of_the_signed_map_make_one_cell() {
        let mut hires_cam = vec![0.0; 16];
        (hires_cam[1], hires_cam[14], hires_cam[8]) = (4.0, 2.0, -3.0);
        assert_eq!(positive_cells(&hires_cam, 4), (vec![1.0, 0.0, 0.0, 0.5], 2));
    }

    #[test]
    fn cells_of_an_odd_grid_stay_in_their_places() {
        let mut hires_cam = vec![0.0; 25];
        // The windows in the first row and second column, and in the second row and first column; the last row has none.
        (hires_cam[3], hires_cam[10], hires_cam[24]) = (4.0, 2.0, 9.0);
        let (o, l, h) = (0.0, 1.0, 0.5);
        let expected = [o, o, l, l, o, o, o, l, l, o, h, h, o, o, o, h, h, o, o, o, o, o, o, o, o];
        assert_eq!(positive_cells(&hires_cam, 5), (expected.to_vec(), 5));
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
