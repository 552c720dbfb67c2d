//! The cells of a map as they are drawn, and the maps of a scan as numbers inside its page, which the page's script paints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::visible;
use crate::domain::{ClassMap, Explanation, MapMethod, window_sums};
use crate::imaging::ColourMap;

/// Classes whose maps are put into the page: those with the greatest scores.
pub(super) const MAX_CLASSES: usize = 12;
/// The key of the contrast map; the others have the names of their methods.
pub(super) const CONTRAST: &str = "contrast";

/// What the page's script reads.
#[derive(Serialize)]
pub(super) struct PageMaps {
    /// The predicted class first, then the others by falling score.
    pub(super) classes: Vec<PageClass>,
    /// By name: colours from cold to hot as `0xRRGGBB`, equally spaced.
    colours: BTreeMap<&'static str, &'static [u32]>,
}

/// The maps of one class.
#[derive(Serialize)]
pub(super) struct PageClass {
    pub(super) name: String,
    /// The class with the next highest score, from which the contrast map tells this one.
    rival: Option<String>,
    maps: BTreeMap<String, Cells>,
}

/// A map, signed and unscaled.
#[derive(Serialize)]
struct Cells {
    /// Rows and columns.
    side: usize,
    /// Row after row.
    values: Vec<f64>,
}

/// The methods that a page offers: `shown`, and Grad-CAM and `HiResCAM` in any case.
pub(super) fn offered(shown: MapMethod) -> Vec<MapMethod> {
    let others = [MapMethod::GradCam, MapMethod::HiresCam].into_iter().filter(|method| *method != shown);
    std::iter::once(shown).chain(others).collect()
}

/// The method that stands beside `shown`, so that `HiResCAM` is always there.
pub(super) fn beside(shown: MapMethod) -> MapMethod {
    if shown == MapMethod::HiresCam { MapMethod::GradCam } else { MapMethod::HiresCam }
}

impl PageMaps {
    /// The explanation has a map for every class.
    pub(super) fn new(explanation: &Explanation) -> Self {
        let classes = shown_classes(explanation).into_iter().map(|class| PageClass::new(explanation, class)).collect();
        Self { classes, colours: ColourMap::ALL.iter().map(|map| (map.name(), map.stops())).collect() }
    }

    /// As text that cannot end the element it stands in.
    pub(super) fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)?.replace('<', "\\u003c"))
    }
}

impl PageClass {
    fn new(explanation: &Explanation, class: usize) -> Self {
        let name = |class: usize| visible(explanation.classes[class].as_str());
        let methods = offered(explanation.method).into_iter();
        let drawn = methods.map(|method| (method.to_string(), drawn_cells(&explanation.maps[class], method)));
        let contrast = explanation.contrast(class);
        let rival = contrast.as_ref().map(|(rival, _)| name(*rival));
        let contrast = contrast.map(|(_, map)| on_pool5(&map.hires_cam, explanation.maps[class].side));
        let maps = drawn.chain(contrast.map(|cells| (CONTRAST.to_owned(), cells)));
        Self { name: name(class), rival, maps: maps.map(|(key, cells)| (key, Cells::new(cells))).collect() }
    }
}

impl Cells {
    /// Five digits are far more than can be seen.
    fn new((values, side): (Vec<f32>, usize)) -> Self {
        let short = |value: f32| format!("{value:.4e}").parse().unwrap_or(f64::from(value));
        Self { side, values: values.into_iter().map(short).collect() }
    }
}

/// The predicted class, then the others by falling score, as many as fit the page.
fn shown_classes(explanation: &Explanation) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..explanation.maps.len()).collect();
    classes.sort_by(|a, b| explanation.logits[*b].total_cmp(&explanation.logits[*a]));
    classes.sort_by_key(|class| *class != explanation.predicted);
    classes.truncate(MAX_CLASSES);
    classes
}

/// The map of `method` as it is drawn, signed and unscaled, and its rows and columns.
pub(super) fn drawn_cells(map: &ClassMap, method: MapMethod) -> (Vec<f32>, usize) {
    match method {
        MapMethod::HiresCam => on_pool5(&map.hires_cam, map.side),
        method => (map.cells(method).to_vec(), map.side),
    }
}

/// `HiResCAM` on the grid of pool5, where a cell is a cell's own term of the logit. Where an odd number of rows leaves the last
/// one out of pool5, cells lie on the grid below, so that they stay in their places.
fn on_pool5(hires_cam: &[f32], grid: usize) -> (Vec<f32>, usize) {
    let side = grid / 2;
    let cells = window_sums(hires_cam, grid);
    if 2 * side == grid {
        return (cells, side);
    }
    let below = |at: usize| {
        let (row, column) = (at / grid / 2, at % grid / 2);
        if row < side && column < side { cells[row * side + column] } else { 0.0 }
    };
    ((0..grid * grid).map(below).collect(), grid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_places_of_the_signed_map_make_one_cell() {
        let mut hires_cam = vec![0.0; 16];
        (hires_cam[1], hires_cam[14], hires_cam[8]) = (4.0, 2.0, -3.0);
        assert_eq!(on_pool5(&hires_cam, 4), (vec![4.0, 0.0, -3.0, 2.0], 2));
    }

    #[test]
    fn cells_of_an_odd_grid_stay_in_their_places() {
        let mut hires_cam = vec![0.0; 25];
        // The windows in the first row and second column, and in the second row and first column; the last row has none.
        (hires_cam[3], hires_cam[10], hires_cam[24]) = (4.0, 2.0, 9.0);
        let (o, l, h) = (0.0, 4.0, 2.0);
        let expected = [o, o, l, l, o, o, o, l, l, o, h, h, o, o, o, h, h, o, o, o, o, o, o, o, o];
        assert_eq!(on_pool5(&hires_cam, 5), (expected.to_vec(), 5));
    }
}
