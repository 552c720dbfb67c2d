//! The classes of a dataset: images on each side of the split, and groups.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::domain::{ClassName, Sample, Split};
use crate::report::format::{count, visible};

/// Classes that are listed: those with the most images.
const MOST_CLASSES: usize = 50;

/// The columns; `None` is of images that no training has put on a side yet.
const SIDES: [(Option<Split>, &str); 5] = [
    (Some(Split::Train), "Training"),
    (Some(Split::Validation), "Validation"),
    (Some(Split::Test), "Test"),
    (Some(Split::Excluded), "Excluded"),
    (None, "Not assigned yet"),
];

/// What is counted of one class, or of all.
#[derive(Debug, Default)]
struct ClassTotals<'a> {
    n: u64,
    by_side: BTreeMap<Option<Split>, u64>,
    groups: BTreeSet<&'a str>,
}

impl<'a> ClassTotals<'a> {
    fn add(&mut self, sample: &'a Sample) {
        self.n += 1;
        *self.by_side.entry(sample.split).or_default() += 1;
        self.groups.extend(sample.group.as_deref());
    }
}

pub(super) fn section(samples: &[Sample]) -> Markup {
    let (mut classes, mut all): (BTreeMap<&ClassName, ClassTotals<'_>>, _) = (BTreeMap::new(), ClassTotals::default());
    for sample in samples {
        classes.entry(&sample.class).or_default().add(sample);
        all.add(sample);
    }
    let mut classes: Vec<_> = classes.into_iter().map(|(class, counts)| (class.as_str(), counts)).collect();
    classes.sort_by_key(|(_, counts)| Reverse(counts.n));
    let n_more = classes.len().saturating_sub(MOST_CLASSES);
    classes.truncate(MOST_CLASSES);
    let sides: Vec<_> = SIDES.into_iter().filter(|(side, _)| all.by_side.contains_key(side)).collect();
    html! {
        section.card aria-labelledby="classes" {
            h2 #classes { "Classes" }
            div.scroll tabindex="0" {
                table.measures {
                    thead {
                        tr {
                            th scope="col" { "Class" } th.number scope="col" { "Images" }
                            @for (_, name) in &sides { th.number scope="col" { (name) } }
                            @if !all.groups.is_empty() { th.number scope="col" { "Groups" } }
                        }
                    }
                    tbody { @for (class, counts) in &classes { (row(class, counts, &all, &sides)) } }
                    tfoot { @if classes.len() > 1 { (row("All classes", &all, &all, &sides)) } }
                }
            }
            @if n_more > 0 { p.muted.small { (count(n_more)) " more classes with fewer images." } }
            p.muted.small { (groups(samples, all.groups.len())) }
        }
    }
}

fn row(name: &str, counts: &ClassTotals<'_>, all: &ClassTotals<'_>, sides: &[(Option<Split>, &str)]) -> Markup {
    html! {
        tr {
            th scope="row" { bdi { (visible(name)) } }
            td.number { (count(counts.n)) }
            @for (side, _) in sides { td.number { (count(counts.by_side.get(side).copied().unwrap_or_default())) } }
            @if !all.groups.is_empty() { td.number { (count(counts.groups.len())) } }
        }
    }
}

/// Names of groups may be patients', so they are only counted.
fn groups(samples: &[Sample], n: usize) -> String {
    let n_alone = samples.iter().filter(|sample| sample.group.is_none()).count();
    match (n, n_alone) {
        (0, _) => "No image has a group (patient or other unit): images of one patient may be on both sides of the \
                   split."
            .to_owned(),
        (n, 0) => format!("All images belong to one of {} groups; a group is never on two sides.", count(n)),
        (n, alone) => format!(
            "{} groups, each on one side of the split; {} of {} images have no group.",
            count(n),
            count(alone),
            count(samples.len())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_counted_by_class_side_and_group() {
        let sample = |(number, class, split, group): (usize, &str, Option<Split>, Option<&str>)| Sample {
            split,
            group: group.map(str::to_owned),
            ..Sample::example(&number.to_string(), class)
        };
        let (train, test) = (Some(Split::Train), Some(Split::Test));
        let samples = [
            (0, "a", train, Some("DOE")),
            (1, "a", train, Some("DOE")),
            (2, "a", test, Some("ROE")),
            (3, "b", train, Some("DOE")),
            (4, "b", None, None),
        ]
        .map(sample);
        let html = section(&samples).into_string();
        let cells = |html: &str| html.replace("</td>", " ").replace("<td class=\"number\">", "");
        assert!(cells(&html).contains("<bdi>a</bdi></th>3 2 1 0 2 "), "{html}");
        assert!(cells(&html).contains("<bdi>All classes</bdi></th>5 3 1 1 2 "), "{html}");
        assert!(html.contains("1 of 5 images have no group") && !html.contains("DOE"), "{html}");
        assert!(
            !html.contains("Validation") && html.contains("Not assigned yet"),
            "only sides that have images: {html}"
        );
    }

    #[test]
    fn a_thousand_classes_take_fifty_rows() {
        let samples: Vec<_> = (0..1000).map(|n| Sample::example("x", &format!("c{n}"))).collect();
        let html = section(&samples).into_string();
        assert_eq!(html.matches("<tr>").count(), 52);
        assert!(html.contains("950 more classes"), "{html}");
    }
}
