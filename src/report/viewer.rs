//! The images of a report's page: two maps over the scan, painted by the page's script, what can be chosen, and how to read them.

use maud::{Markup, html};

use super::map_cells::{CONTRAST, MAX_CLASSES, PageMaps, beside, offered};
use super::map_table;
use super::pictures::{OPACITY, Pictures};
use super::record::ReportRecord;
use crate::domain::MapMethod;
use crate::imaging::ColourMap;

/// The longer side is drawn with 34rem at most and the shorter with 1.5rem at least, as the style sheet says.
const MAX_RATIO: u32 = 22;
/// `HiResCAM` with what is negative.
const SIGNED: &str = "signed";

pub(super) fn section(record: &ReportRecord, pictures: &Pictures, maps: &PageMaps) -> Markup {
    let shown = record.heat_map.method;
    html! {
        section.card.viewer aria-labelledby="viewer" {
            h2 #viewer { "Heat map" }
            (controls(record, maps))
            img #scan.scan src=(pictures.scan) width=(pictures.frame.0) height=(pictures.frame.1) alt="The scan";
            div.views hidden { (view(shown, shown)) (view(shown, beside(shown))) }
            @if is_thickened(pictures.frame) {
                p.muted.small { "The scan is so narrow that its shorter side is drawn larger than it is: shapes are stretched." }
            }
            p.muted.small.unpainted {
                "The maps of this page are painted by its script, which has not run here. "
                a href="overlay.png" { "overlay.png" } " shows the " (shown) " heat map over the scan, "
                a href="heatmap.png" { "heatmap.png" } " the map alone."
            }
            (meaning(shown))
            (map_table::section(record))
        }
    }
}

/// Whether the style sheet draws the shorter side at its least size, so that something can be seen. `frame`: width and height.
fn is_thickened((width, height): (u32, u32)) -> bool {
    width.max(height) > MAX_RATIO * width.min(height)
}

/// What holds for both views. It needs the script, which shows it.
fn controls(record: &ReportRecord, maps: &PageMaps) -> Markup {
    let percent = (OPACITY * 100.0).round();
    html! {
        div.controls hidden {
            fieldset {
                legend { "Class" }
                @for (position, class) in maps.classes.iter().enumerate() {
                    label {
                        input type="radio" name="class" value=(position) checked[position == 0];
                        span { bdi { (class.name) } }
                    }
                }
                @if record.classes.len() > MAX_CLASSES {
                    span.muted.small { "the " (MAX_CLASSES) " highest-scoring of " (record.classes.len()) " classes" }
                }
            }
            label { "Colours " select #colours { @for map in ColourMap::ALL { option { (map.name()) } } } }
            label { "Opacity " input #opacity type="range" min="0" max="100" value=(percent); output for="opacity" { (percent) " %" } }
            label { "Before/after " input #alone type="range" min="0" max="100" value="0"; output for="alone" { "0 %" } }
            label { input #contour type="checkbox"; " 50 % contour" }
            span.zoom role="group" aria-label="Zoom" {
                button #out type="button" aria-label="Zoom out" { "−" }
                output #scale { "100 %" }
                button #in type="button" aria-label="Zoom in" { "+" }
                button #reset type="button" { "Reset" }
            }
        }
    }
}

fn view(shown: MapMethod, chosen: MapMethod) -> Markup {
    let methods = offered(shown);
    html! {
        figure.view {
            div.pane tabindex="0" role="group" aria-label="Scan with heat map. Plus and minus zoom, arrow keys move, 0 resets." {
                canvas.painted role="img" {}
            }
            p.legend { span.low {} canvas.scale width="256" height="1" aria-hidden="true" {} span.high {} }
            figcaption {
                label { "Map " select.method {
                    @for method in methods { option value=(method) selected[method == chosen] { (method) } }
                    option value=(SIGNED) { "HiResCAM, signed" }
                    option value=(CONTRAST) { "Contrast of two classes" }
                } }
                span.cells {}
            }
        }
    }
}

fn meaning(shown: MapMethod) -> Markup {
    html! {
        div.meaning.muted.small {
            p.detail {
                "Grad-CAM highlights regions whose features in the last convolutional layer (block5_conv3) raise the score of \
                 the chosen class on average over the image. It can highlight regions that did not contribute to this score; \
                 HiResCAM shows what each region actually contributed (approximately, if an imported model has several layers \
                 above the network). "
                @if let Some(text) = other_method(shown) { (text) }
                "\"HiResCAM, signed\" also shows what speaks against the class. The contrast map is \
                 HiResCAM of the difference to the class with the next highest score: what speaks for one and not for the other."
            }
            p {
                "Where Grad-CAM and HiResCAM differ, rely on HiResCAM. Each map is scaled to its own maximum, so brightness cannot \
                 be compared between maps. The contour encloses what is above half of it. No map outlines a finding or shows that the prediction is correct."
            }
        }
    }
}

/// Of methods that are only shown on request.
fn other_method(method: MapMethod) -> Option<&'static str> {
    match method {
        MapMethod::GradCam | MapMethod::HiresCam => None,
        MapMethod::GradCamPlusPlus => {
            Some("Grad-CAM++ weights features by their positive gradients only, so it also covers weak regions. ")
        }
        MapMethod::LayerCam => {
            Some("LayerCAM is HiResCAM of the positive gradients: what speaks against the class is left out. ")
        }
    }
}
