//! A second opinion on a report's page: the nearest training images and their labels.

use std::collections::BTreeSet;
use std::path::Path;

use maud::{Markup, html};

use super::error::ReportError;
use super::format::visible;
use super::pictures::small;
use super::record::{FILE, PAGE, ReportRecord};
use crate::domain::{ContentHash, Neighbour, SECOND_OPINION, vote};
use crate::imaging::Picture;

/// Pixels of the longer side of an image.
const SIDE: u32 = 144;

/// `pictures`: one for each neighbour, or none at all. Nothing where no neighbour is known.
pub(super) fn section(record: &ReportRecord, pictures: &[Option<Picture>]) -> Result<Markup, ReportError> {
    let Some((class, n)) = vote(&record.neighbours) else { return Ok(html! {}) };
    let of = record.neighbours.len();
    let figures = record.neighbours.iter().enumerate().map(|(at, it)| figure(it, pictures.get(at)));
    let figures: Vec<Markup> = figures.collect::<Result<_, _>>()?;
    Ok(html! {
        section.card aria-labelledby="neighbours" {
            h2 #neighbours { "Most similar training images" }
            p {
                strong { (n) " of " (of) } @if of == 1 { " has the label " } @else { " have the label " }
                bdi { (visible(class.as_str())) }
                @if *class == record.predicted { ", as predicted." } @else { "; predicted is " bdi { (visible(record.predicted.as_str())) } "." }
            }
            div.tiles.neighbours { @for figure in &figures { (figure) } }
            p.muted.small {
                "Nearest first, by the distance between features of the network, which need not be what a person calls similar. "
                @if pictures.is_empty() {
                    "Labels are those that the model learned. Images are shown in reports of the service only, from which an erasure \
                     can take them."
                } @else { "Labels are those of the dataset when the report was written." }
            }
        }
    })
}

fn figure(neighbour: &Neighbour, picture: Option<&Option<Picture>>) -> Result<Markup, ReportError> {
    let class = visible(neighbour.class.as_str());
    let address = picture.and_then(Option::as_ref).map(|picture| small(picture, SIDE)).transpose()?;
    Ok(html! {
        figure data-image=(neighbour.image) {
            @if let Some(address) = address { img src=(address) alt={ "A training image with the label " (class) }; }
            @else if picture.is_some() { p.muted.small { "Not shown: it cannot be read, or text seems to be burned into it." } }
            figcaption { strong { bdi { (class) } } ", distance " (format!("{:.1}", neighbour.distance)) }
        }
    })
}

const BEGIN: &str = "<section class=\"card\" aria-labelledby=\"neighbours\">";
const END: &str = "</section>";
const REMOVED: &str = "<section class=\"card\"><p class=\"muted small\">One of the most similar training images was removed on \
    request, and with it this comparison.</p></section>";

/// The `text` of page or record of a report without its neighbours, as an erasure leaves it, if one of them is one of `images`; `None`
/// where there is nothing to remove.
pub fn without_neighbours(file: &Path, text: &str, images: &BTreeSet<ContentHash>) -> Option<String> {
    images.iter().any(|image| text.contains(&image.to_string())).then_some(())?;
    if file.ends_with(PAGE) {
        let (before, section) = text.split_once(BEGIN)?;
        let before = without_warning(before);
        return Some(format!("{before}{REMOVED}{}", section.split_once(END)?.1));
    }
    let record: ReportRecord = file.ends_with(FILE).then(|| serde_json::from_str(text).ok())??;
    let warnings = record.warnings.iter().filter(|warning| !warning.contains(SECOND_OPINION)).cloned().collect();
    let left = ReportRecord { neighbours: Vec::new(), warnings, ..record }.to_json().ok()?;
    String::from_utf8(left).ok()
}

/// The page without the warning that neighbours disagree.
fn without_warning(page: &str) -> String {
    let items = page.split_inclusive("</li>").map(|part| match part.rsplit_once("<li>") {
        Some((before, item)) if item.contains(SECOND_OPINION) => before,
        _ => part,
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erased_image_takes_section_and_warning_with_it() {
        let (gone, other) = (ContentHash::of(b"gone"), ContentHash::of(b"other"));
        let page = format!(
            "<ul><li>Small.</li><li>3 of the 5 {SECOND_OPINION} a</li><li>Weak.</li></ul>{BEGIN}<figure data-image=\"{gone}\">\
             </figure></section><p>after</p>"
        );
        let left = |images: &[ContentHash]| {
            without_neighbours(Path::new("d/s-1/report.html"), &page, &images.iter().copied().collect())
        };
        assert_eq!(left(&[gone]), Some(format!("<ul><li>Small.</li><li>Weak.</li></ul>{REMOVED}<p>after</p>")));
        assert_eq!(left(&[other]), None);
    }
}
