//! `features.html` of a dataset: its training images and scans as its best model's network sees them, in two dimensions.

use std::fmt::Write;

use maud::{Markup, html};

use super::document::{Images, PROGRAM, document, footer};
use super::error::ReportError;
use super::feature_page_path::feature_page;
use super::format::{address, count, score, visible};
use super::gallery::Gallery;
use super::gallery_row::GalleryRow;
use super::plots::class_colour;
use super::record::PAGE;
use crate::disk::write_atomic;
use crate::domain::{ClassName, ContentHash, DatasetName, RunId};

/// More would hide each other.
const MOST_SCANS: usize = 2_000;
const MOST_LEARNED: usize = 4_000;
/// Units of the drawing: its greater side, and the room around it.
const SIDE: f64 = 640.0;
const MARGIN: f64 = 30.0;
/// Marks of classes, of which each has another colour or mark: a circle, a square, a triangle, a diamond, a cross.
const MARKS: [&str; 5] = [
    "m-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0z",
    "m-3,-3h6v6h-6z",
    "m0,-4l4,7h-8z",
    "m0,-4l4,4l-4,4l-4,-4z",
    "m-1,-4h2v3h3v2h-3v3h-2v-3h-3v-2h3z",
];

/// Where the images that a model learned from lie.
#[derive(Debug, Clone, Copy)]
pub struct LearnedPositions<'a> {
    /// Whose best model it is.
    pub dataset: &'a DatasetName,
    /// The model.
    pub model: &'a RunId,
    /// Its classes.
    pub classes: &'a [ClassName],
    /// Along the first two principal axes, of each image.
    pub positions: &'a [[f32; 2]],
    /// Of each image, its place among the classes.
    pub of_class: &'a [usize],
}

/// Writes the page with the newest scans that the model explained, of those in the gallery. Returns the identity of what it
/// shows; a page that is there and shows `shown` is left alone.
///
/// # Errors
/// [`ReportError::Disk`].
pub fn write_feature_page(
    gallery: &Gallery,
    learned: &LearnedPositions<'_>,
    shown: Option<ContentHash>,
) -> Result<ContentHash, ReportError> {
    let path = feature_page(gallery.reports_dir(), learned.dataset);
    let is_its = |row: &&GalleryRow| *row.model == *learned.model && *row.dataset == *learned.dataset;
    let scans = gallery.newest().filter(is_its).filter(|row| row.position.is_some());
    let scans: Vec<&GalleryRow> = scans.take(MOST_SCANS).collect();
    let parts = scans.iter().flat_map(|row| [row.folder.as_bytes(), row.created.as_bytes()]);
    let identity = ContentHash::of_parts(parts.chain([learned.model.as_str().as_bytes()]));
    if shown != Some(identity) || !path.is_file() {
        write_atomic(&path, render(learned, &scans).as_bytes())?;
    }
    Ok(identity)
}

fn render(learned: &LearnedPositions<'_>, scans: &[&GalleryRow]) -> String {
    let LearnedPositions { dataset, model, positions, .. } = learned;
    let body = html! {
        main {
            div.heading {
                h1 { "Features of " bdi { (visible(dataset.as_str())) } }
                p.muted {
                    (count(positions.len())) " training images of model " (visible(model.as_str())) " · "
                    (count(scans.len())) @if scans.len() == 1 { " scan" } @else { " scans" } " · "
                    a href="dataset.html" { "dataset" } " · " a href="../index.html" { "all scan reports" }
                }
            }
            section.card aria-labelledby="map" {
                h2 #map { "Map of the features" }
                (legend(learned))
                (drawing(learned, scans))
                (reading(positions.len(), scans.len()))
            }
        }
        (footer(PROGRAM))
    };
    document(&format!("Features of {dataset}"), Images::Embedded, "", &body)
}

fn legend(learned: &LearnedPositions<'_>) -> Markup {
    html! {
        p.small {
            @for (number, class) in learned.classes.iter().enumerate() {
                span.key {
                    svg width="14" height="14" viewBox="-5 -5 10 10" aria-hidden="true" {
                        path d={ "M0,0" (mark(number)) } fill=(class_colour(number)) {}
                    }
                    " " bdi { (visible(class.as_str())) }
                }
                " "
            }
        }
    }
}

fn reading(n_learned: usize, n_scans: usize) -> Markup {
    let is_thinned = n_learned > MOST_LEARNED;
    html! {
        p.small.muted {
            "Small marks are training images, by their class. Larger, outlined marks are scans, by the class that was predicted: "
            "each leads to its report. Images that lie near each other look similar to the network; the map does not show "
            "whether a prediction is right. It shows two of many dimensions, so what is apart in others may lie together here. "
            "Scans at the edge lie further out; scans that another model explained are not on it."
            @if is_thinned { " Of the training images, about " (count(MOST_LEARNED)) " are drawn, evenly chosen." }
            @if n_scans == MOST_SCANS { " Of the scans, the newest " (count(MOST_SCANS)) " are drawn." }
        }
    }
}

/// From positions to the drawing, with one scale for both axes.
struct MapFrame {
    low: [f64; 2],
    scale: f64,
    size: [f64; 2],
}

impl MapFrame {
    /// A little wider than the training images lie.
    fn around(positions: &[[f32; 2]]) -> Self {
        let range = |axis: usize| {
            let values = positions.iter().map(|position| f64::from(position[axis]));
            let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
            if low > high { (-1.0, 1.0) } else { (low - 0.15 * (high - low) - 0.5, high + 0.15 * (high - low) + 0.5) }
        };
        let ranges = [range(0), range(1)];
        let scale = SIDE / ranges.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
        Self { low: ranges.map(|(low, _)| low), scale, size: ranges.map(|(low, high)| (high - low) * scale) }
    }

    /// The second axis points up.
    fn at(&self, position: [f64; 2]) -> (f64, f64) {
        let along = |axis: usize| ((position[axis] - self.low[axis]) * self.scale).clamp(0.0, self.size[axis]);
        (MARGIN + along(0), MARGIN / 2.0 + self.size[1] - along(1))
    }
}

fn drawing(learned: &LearnedPositions<'_>, scans: &[&GalleryRow]) -> Markup {
    let frame = MapFrame::around(learned.positions);
    let [width, height] = frame.size;
    let (across, down) = (MARGIN + width / 2.0, MARGIN / 2.0 + height / 2.0);
    html! {
        svg.scatter viewBox=(format!("0 0 {:.0} {:.0}", width + 1.5 * MARGIN, height + 1.5 * MARGIN)) role="group" aria-label="Map of the features" {
            rect.frame x=(MARGIN) y=(MARGIN / 2.0) width=(format!("{width:.1}")) height=(format!("{height:.1}")) {}
            text x=(format!("{across:.1}")) y=(format!("{:.1}", height + 1.2 * MARGIN)) { "first principal component" }
            text transform=(format!("translate(18 {down:.1}) rotate(-90)")) { "second principal component" }
            @for number in 0..learned.classes.len() {
                path.learned d=(learned_marks(learned, number, &frame)) fill=(class_colour(number)) {}
            }
            @for row in scans { (scan(row, learned.classes, &frame)) }
        }
    }
}

/// Those of one class, in one path.
fn learned_marks(learned: &LearnedPositions<'_>, number: usize, frame: &MapFrame) -> String {
    let step = learned.positions.len().div_ceil(MOST_LEARNED).max(1);
    let each = learned.positions.iter().zip(learned.of_class).step_by(step);
    let mut path = String::new();
    for (position, _) in each.filter(|(_, class)| **class == number) {
        let (x, y) = frame.at(position.map(f64::from));
        let _ = write!(path, "M{x:.1},{y:.1}{}", mark(number));
    }
    path
}

fn scan(row: &GalleryRow, classes: &[ClassName], frame: &MapFrame) -> Markup {
    let (x, y) = frame.at(row.position.unwrap_or_default());
    let number = classes.iter().position(|class| *class == *row.predicted).unwrap_or_default();
    html! {
        a href={ "../" (address(&row.folder)) "/" (PAGE) } {
            path.scan transform=(format!("translate({x:.1} {y:.1}) scale(1.8)")) d={ "M0,0" (mark(number)) } stroke=(class_colour(number)) {
                title { (visible(&row.scan)) ": " (visible(row.predicted.as_str())) " " (score(row.score)) }
            }
        }
    }
}

fn mark(number: usize) -> &'static str {
    MARKS[number % MARKS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_keep_their_proportions_and_what_is_far_out_stays_at_the_edge() {
        let frame = MapFrame::around(&[[-4.0, -1.0], [4.0, 1.0]]);
        let (left, top) = frame.at([-4.0, 1.0]);
        let (right, bottom) = frame.at([4.0, -1.0]);
        assert!(((right - left) / (bottom - top) - 4.0).abs() < 1e-6 && top < bottom);
        let (edge, upper) = frame.at([1e6, 1e6]);
        assert!((edge - MARGIN - SIDE).abs() < 1e-6 && (upper - MARGIN / 2.0).abs() < 1e-6, "{edge} {upper}");
        assert!(MapFrame::around(&[]).scale.is_finite());
    }
}
