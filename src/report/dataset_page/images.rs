//! What kind of images a dataset has: sizes, formats and colours; of DICOM files modality and device, by class.

use maud::{Markup, html};

use super::tally::{ClassColumns, Tally};
use crate::domain::{DicomFacts, Sample};
use crate::report::format::{colour, count};

pub(super) fn section(samples: &[Sample], columns: &ClassColumns<'_>) -> Markup {
    html! {
        section.card aria-labelledby="images" {
            h2 #images { "Sizes, formats and colours" }
            p.muted { (range("Width", samples, |sample| sample.image.width)) "; " (range("height", samples, |sample| sample.image.height)) "." }
            (Tally::of(samples, |sample| Some(format!("{} × {}", sample.image.width, sample.image.height))).table("Width × height", columns))
            (Tally::of(samples, |sample| Some(sample.image.format.clone())).table("Format", columns))
            (Tally::of(samples, |sample| Some(colour(&sample.image.colour))).table("Colour", columns))
        }
    }
}

/// Only of a dataset with DICOM files. The institution is there as its keyed hash.
pub(super) fn devices(samples: &[Sample], columns: &ClassColumns<'_>) -> Markup {
    let n = samples.iter().filter(|sample| sample.dicom.is_some()).count();
    let table = |title: &str, fact: fn(&DicomFacts) -> Option<&String>| {
        let value = |sample: &Sample| {
            let facts = sample.dicom.as_deref()?;
            Some(fact(facts).map_or_else(|| "not given".to_owned(), Clone::clone))
        };
        Tally::of(samples, value).table(title, columns)
    };
    html! {
        @if n > 0 {
            section.card aria-labelledby="devices" {
                h2 #devices { "DICOM: modality and device" }
                p.muted {
                    (count(n)) " of " (count(samples.len())) " images are DICOM. A value that only one class has can be a shortcut: a model may learn the device \
                     instead of the finding."
                }
                (table("Modality", |facts| facts.modality.as_ref()))
                (table("Manufacturer", |facts| facts.manufacturer.as_ref()))
                (table("Model", |facts| facts.model.as_ref()))
                (table("View", |facts| facts.view.as_ref()))
                (table("Institution (hash)", |facts| facts.site.as_ref()))
            }
        }
    }
}

/// Smallest, median and largest.
fn range(name: &str, samples: &[Sample], side: impl Fn(&Sample) -> u32) -> String {
    let mut sides: Vec<u32> = samples.iter().map(side).collect();
    sides.sort_unstable();
    let [low, middle, high] = [0, sides.len() / 2, sides.len().saturating_sub(1)].map(|at| sides.get(at).copied());
    let [low, middle, high] = [low, middle, high].map(Option::unwrap_or_default);
    if low == high { format!("{name} {low} pixels") } else { format!("{name} {low} to {high} pixels, median {middle}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dicom(number: u32, class: &str, model: Option<&str>) -> Sample {
        let facts = DicomFacts {
            modality: Some("CR".into()),
            model: model.map(str::to_owned),
            patient: Some("patienthash".into()),
            site: Some("0123abcd".into()),
            ..DicomFacts::default()
        };
        Sample { dicom: Some(Box::new(facts)), ..Sample::example(&number.to_string(), class) }
    }

    #[test]
    fn facts_of_devices_are_counted_by_class_and_patients_are_not_named() {
        let samples =
            [dicom(0, "a", Some("X1")), dicom(1, "a", Some("X1")), dicom(2, "b", None), Sample::example("3", "b")];
        let html = devices(&samples, &ClassColumns::of(&samples)).into_string();
        let cells = html.replace("</td>", " ").replace("<td class=\"number\">", "");
        assert!(cells.contains("<bdi>CR</bdi></th>3 ") && cells.contains("2 1 </tr>"), "{html}");
        assert!(cells.contains("<bdi>X1</bdi></th>2 ") && cells.contains("2 0 </tr>"), "{html}");
        assert!(cells.contains("<bdi>not given</bdi></th>1 ") && cells.contains("0 1 </tr>"), "{html}");
        assert!(html.contains("3 of 4 images are DICOM") && html.contains("0123abcd"), "{html}");
        assert!(!html.contains("patienthash"), "{html}");
        assert_eq!(devices(&samples[3..], &ClassColumns::of(&samples)).into_string(), "");
    }

    #[test]
    fn sides_are_summed_up_in_words() {
        let mut samples = [1, 2, 3].map(|n| Sample::example(&n.to_string(), "a"));
        let said = |samples: &[Sample]| range("width", samples, |sample| sample.image.width);
        assert_eq!(said(&samples), "width 1 pixels");
        (samples[0].image.width, samples[1].image.width) = (500, 20);
        assert_eq!(said(&samples), "width 1 to 500 pixels, median 20");
    }
}
