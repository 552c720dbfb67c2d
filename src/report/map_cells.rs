//! The maps of a scan as numbers inside its page, which the page's script paints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::visible;
use crate::domain::{DrawnMap, Explanation, MapMethod};
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
        let drawn = methods.map(|method| (method.to_string(), explanation.maps[class].drawn(method)));
        let contrast = explanation.contrast(class);
        let rival = contrast.as_ref().map(|(rival, _)| name(*rival));
        let contrast = contrast.map(|(_, map)| map.drawn());
        let maps = drawn.chain(contrast.map(|cells| (CONTRAST.to_owned(), cells)));
        Self { name: name(class), rival, maps: maps.map(|(key, cells)| (key, Cells::new(cells))).collect() }
    }
}

impl Cells {
    /// Five digits are far more than can be seen.
    fn new(DrawnMap { side, cells }: DrawnMap) -> Self {
        let short = |value: f32| format!("{value:.4e}").parse().unwrap_or(f64::from(value));
        Self { side, values: cells.into_iter().map(short).collect() }
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
