//! Some images of each class. They are always the same ones of the same images, and carry no names.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::domain::{ClassName, ContentHash, Sample};
use crate::imaging::Picture;
use crate::report::error::ReportError;
use crate::report::format::{count, visible};
use crate::report::pictures::small;

/// Images of a class.
const A_CLASS: usize = 6;
/// Classes with the most images.
const MOST_CLASSES: usize = 12;
/// Pixels of the longer side.
const SIDE: u32 = 160;

/// Which images are shown, by class.
pub(super) struct Examples<'a> {
    pub(super) classes: Vec<(&'a ClassName, Vec<&'a Sample>)>,
    n_more: usize,
}

impl<'a> Examples<'a> {
    /// The first of each class in the order of their hashes. Images with text in them may show who the patient is: they are left
    /// out, and so are those that show nothing.
    pub(super) fn of(samples: &'a [Sample]) -> Self {
        let mut classes: BTreeMap<&ClassName, (u64, Vec<&Sample>)> = BTreeMap::new();
        for sample in samples {
            let (n, shown) = classes.entry(&sample.class).or_default();
            *n += 1;
            if shown.len() < A_CLASS && !sample.image.text && !sample.image.blank {
                shown.push(sample);
            }
        }
        let mut classes: Vec<_> = classes.into_iter().filter(|(_, (_, shown))| !shown.is_empty()).collect();
        classes.sort_by_key(|(_, (n, _))| Reverse(*n));
        let n_more = classes.len().saturating_sub(MOST_CLASSES);
        classes.truncate(MOST_CLASSES);
        Self { classes: classes.into_iter().map(|(class, (_, shown))| (class, shown)).collect(), n_more }
    }

    /// In the order in which they are shown.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Sample> {
        self.classes.iter().flat_map(|(_, samples)| samples).copied()
    }

    /// `drawn` has the `data:` address of each, in order; `None` for one that cannot be read now.
    pub(super) fn section(&self, drawn: &[Option<&str>]) -> Markup {
        let mut drawn = drawn.iter();
        html! {
            @if !self.classes.is_empty() {
                section.card aria-labelledby="examples" {
                    h2 #examples { "Example images" }
                    @for (class, samples) in &self.classes {
                        h3 { bdi { (visible(class.as_str())) } }
                        div.examples {
                            @for address in drawn.by_ref().take(samples.len()) { (image(*address, class)) }
                        }
                    }
                    @if self.n_more > 0 { p.muted.small { (count(self.n_more)) " more classes." } }
                    p.muted.small { "Up to " (A_CLASS) " images of each class, without names. Images in which text was detected are not shown; faint or short text, or text at the left and right edges, can be missed." }
                }
            }
        }
    }
}

/// The examples of a dataset as they are on its page, by content: `data:` addresses of small images. It holds no image that is no
/// example any more.
#[derive(Debug, Default)]
pub struct ExampleThumbnails(BTreeMap<ContentHash, String>);

impl ExampleThumbnails {
    /// Drops all others.
    pub(super) fn keep(&mut self, examples: &Examples<'_>) {
        let hashes: BTreeSet<ContentHash> = examples.all().map(|sample| sample.hash).collect();
        self.0.retain(|hash, _| hashes.contains(hash));
    }

    /// Draws those that are not here yet and can be read.
    pub(super) fn draw(
        &mut self,
        examples: &Examples<'_>,
        read: &dyn Fn(&Sample) -> Option<Picture>,
    ) -> Result<(), ReportError> {
        for sample in examples.all() {
            if let Entry::Vacant(place) = self.0.entry(sample.hash)
                && let Some(picture) = read(sample)
            {
                place.insert(small(&picture, SIDE)?);
            }
        }
        Ok(())
    }

    /// The `data:` address of an example, if it could be read.
    pub(super) fn of(&self, sample: &Sample) -> Option<&str> {
        self.0.get(&sample.hash).map(String::as_str)
    }
}

fn image(address: Option<&str>, class: &ClassName) -> Markup {
    let description = format!("Example of {}", visible(class.as_str()));
    html! {
        @match address {
            Some(address) => { img src=(address) alt=(description); }
            None => { span.muted.small { "Cannot be read" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_images_of_the_largest_classes_and_none_with_text() {
        let mut samples: Vec<_> = (0..20)
            .flat_map(|class| (0..20 - class).map(move |n| (class, n)))
            .map(|(class, n)| Sample::example(&format!("{class}-{n}"), &format!("c{class:02}")))
            .collect();
        samples[0].image.text = true;
        let examples = Examples::of(&samples);
        assert_eq!(examples.classes.len(), MOST_CLASSES);
        assert!(examples.classes.iter().all(|(_, shown)| shown.len() == A_CLASS));
        assert!(examples.classes[0].1.iter().all(|sample| !sample.image.text));
        let html = examples.section(&vec![None; 72]).into_string();
        assert!(html.contains("8 more classes") && html.matches("Cannot be read").count() == 72);
        assert_eq!(Examples::of(&[]).section(&[]).into_string(), "");
    }
}
