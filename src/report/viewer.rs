//! The images of a report's page: the scan, the heat map over it, the maps alone, and how to read them.

use maud::{Markup, html};

use super::format::visible;
use super::map_table;
use super::pictures::{ClassPictures, MAX_CLASSES, OPACITY, Pictures, beside};
use super::record::ReportRecord;
use crate::domain::MapMethod;

pub(super) fn section(record: &ReportRecord, pictures: &Pictures) -> Markup {
    let portrait = pictures.frame.1 >= pictures.frame.0;
    html! {
        section.card.viewer aria-labelledby="viewer" {
            h2 #viewer { "Heat map" }
            (definitions(pictures))
            (controls(record, pictures))
            div.stage.portrait[portrait] {
                figure.large {
                    (overlay(record, pictures))
                    figcaption {
                        strong { "Overlay" } ": " (record.heat_map.method)
                        " over the scan; where the map is low, the scan shows through."
                    }
                    (legend(pictures))
                }
                (strip(record, pictures))
            }
            (map_table::section(record))
        }
    }
}

fn strip(record: &ReportRecord, pictures: &Pictures) -> Markup {
    let map = &record.heat_map;
    html! {
        div.strip {
            figure {
                (frame(pictures, "The scan", &html! { use href="#scan" {} }))
                figcaption { strong { "Scan" } }
            }
            figure {
                (alone(record, pictures, "shown", &format!("{} heat map", map.method)))
                figcaption { strong { (map.method) } (cells(map.grid)) }
            }
            figure {
                (alone(record, pictures, "beside", &format!("{} heat map", beside(map.method))))
                figcaption { strong { (beside(map.method)) } (cells(map.grid_beside)) }
            }
            figure {
                (alone(record, pictures, "contrast", "Contrast map, HiResCAM,"))
                figcaption { strong { "Contrast" } (contrasts(record, pictures)) }
            }
            (meaning(record))
        }
    }
}

/// Which two classes are compared, for each class that can be chosen.
fn contrasts(record: &ReportRecord, pictures: &Pictures) -> Markup {
    let name = |class: usize| visible(record.classes[class].as_str());
    html! {
        @for (position, maps) in pictures.maps.iter().enumerate() {
            @if let Some((rival, _)) = &maps.contrast {
                span class={ "map c" (position) } { ", " bdi { (name(maps.class)) } " and not " bdi { (name(*rival)) } }
            }
        }
    }
}

fn cells(side: usize) -> String {
    format!(", {side} × {side} cells")
}

/// Every image once, used several times.
fn definitions(pictures: &Pictures) -> Markup {
    let (width, height) = pictures.frame;
    let image = |id: String, address: &str| {
        html! { image id=(id) href=(address) width=(width) height=(height) preserveAspectRatio="none" {} }
    };
    html! {
        svg.definitions width="0" height="0" aria-hidden="true" {
            defs {
                (image("scan".to_owned(), &pictures.scan))
                @for ClassPictures { class, shown, cover, beside, contrast } in &pictures.maps {
                    (image(format!("shown{class}"), shown))
                    (image(format!("beside{class}"), beside))
                    @if let Some((_, contrast)) = contrast { (image(format!("contrast{class}"), contrast)) }
                    mask id={ "mask" (class) } { (image(format!("cover{class}"), cover)) }
                }
            }
        }
    }
}

/// The switch of class works without scripts; the slider is shown by the script that it needs.
fn controls(record: &ReportRecord, pictures: &Pictures) -> Markup {
    let percent = (OPACITY * 100.0).round();
    html! {
        div.controls {
            fieldset {
                legend { "Class" }
                @for (position, maps) in pictures.maps.iter().enumerate() {
                    label {
                        input type="radio" name="class" value=(position) checked[position == 0];
                        span { bdi { (visible(record.classes[maps.class].as_str())) } }
                    }
                }
                @if record.classes.len() > MAX_CLASSES {
                    span.muted.small { "the " (MAX_CLASSES) " highest-scoring of " (record.classes.len()) " classes" }
                }
            }
            label.opacity hidden {
                "Opacity"
                input #opacity type="range" min="0" max="100" value=(percent);
                output #percent for="opacity" { (percent) " %" }
            }
        }
    }
}

fn overlay(record: &ReportRecord, pictures: &Pictures) -> Markup {
    let label = format!(
        "The scan with the {} heat map for {} over it",
        record.heat_map.method,
        visible(record.predicted.as_str())
    );
    let layers = html! {
        use href="#scan" {}
        g.heat opacity=(OPACITY) {
            @for (position, maps) in pictures.maps.iter().enumerate() {
                g class={ "map c" (position) } mask={ "url(#mask" (maps.class) ")" } { use href={ "#shown" (maps.class) } {} }
            }
        }
    };
    frame(pictures, &label, &layers)
}

fn alone(record: &ReportRecord, pictures: &Pictures, kind: &str, name: &str) -> Markup {
    let label = format!("{name} for {}", visible(record.predicted.as_str()));
    let layers = html! {
        @for (position, maps) in pictures.maps.iter().enumerate() {
            use class={ "map c" (position) } href={ "#" (kind) (maps.class) } {}
        }
    };
    frame(pictures, &label, &layers)
}

/// As large as the style allows: a size of its own that is never reached keeps the proportions under both limits.
fn frame(pictures: &Pictures, label: &str, layers: &Markup) -> Markup {
    const AMPLE: u32 = 4096;
    let (width, height) = pictures.frame;
    let scale = AMPLE / width.min(height).max(1) + 1;
    html! {
        svg role="img" aria-label=(label) viewBox={ "0 0 " (width) " " (height) } width=(width * scale) height=(height * scale) {
            (layers)
        }
    }
}

fn legend(pictures: &Pictures) -> Markup {
    html! {
        p.legend {
            span { "0" }
            img src=(pictures.legend) width="256" height="12" alt="Colour map from black over violet and orange to pale yellow";
            span { "maximum of this map" }
        }
    }
}

fn meaning(record: &ReportRecord) -> Markup {
    html! {
        p.meaning {
            "Grad-CAM highlights regions whose features in the last convolutional layer (block5_conv3) raise the score of \
             the chosen class on average over the image. It can highlight regions that did not contribute to this score; \
             HiResCAM shows what each region actually contributed (approximately, if an imported model has several layers \
             above the network). "
            @if let Some(text) = other_method(record.heat_map.method) { (text) }
            "Where the two differ, rely on HiResCAM. The contrast map is HiResCAM of the difference to the class with the next highest score: what speaks for one \
             and not for the other. Each map is scaled to its own maximum, so brightness \
             cannot be compared between maps. No map outlines a finding or shows that the prediction is correct."
        }
    }
}

/// Of methods that are only shown on request.
fn other_method(method: MapMethod) -> Option<&'static str> {
    match method {
        MapMethod::GradCam | MapMethod::HiresCam => None,
        MapMethod::GradCamPlusPlus => {
            Some("Grad-CAM++ weighs features by their positive gradients only, so it also covers weak regions. ")
        }
        MapMethod::LayerCam => {
            Some("LayerCAM is HiResCAM of the positive gradients: what speaks against the class is left out. ")
        }
    }
}
