//! A second opinion on a report's page: the nearest training images and their labels.

use maud::{Markup, html};

use super::error::ReportError;
use super::format::visible;
use super::pictures::small;
use super::record::ReportRecord;
use crate::domain::{Neighbour, vote};
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
                "Nearest first, by the distance between features of the network, which need not be what a person calls similar. \
                 Labels are those of the dataset when the report was written."
                @if pictures.is_empty() { " Images are shown in reports of the service only, from which an erasure can take them." }
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
            @else if picture.is_some() { p.muted.small { "The image cannot be read." } }
            figcaption { strong { bdi { (class) } } ", distance " (format!("{:.1}", neighbour.distance)) }
        }
    })
}
