//! Shortcuts: how well images can be classified without their content.
//!
//! Two classifiers learn from the same training images as a model, one from the files' format and size (of DICOM also from the device), and one from
//! the outermost ring of pixels, and are measured on the same images. Where they come close to the model, its accuracy
//! may be about how the images were made (`DeGrave`, Janizek and Lee, Nature Machine Intelligence 2021).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Border, DicomFacts, ImageFacts, NonContentFacts};
use crate::stats::{Estimate, FileTraits, LinearDiscriminant, Paired, RuleTree};

/// A model that is better by no more than this share of the images is called close, however sure the difference is.
const CLOSE: f64 = 0.05;
/// A difference that is at least as likely as this between equals is none that is shown.
const P_VALUE: f64 = 0.05;

/// Whether each of some images was recognised: by a model, and by those who know its outside alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShortcutAnswers {
    labels: Vec<usize>,
    model: Vec<bool>,
    metadata: Vec<bool>,
    /// `None` when the border of an image is not known.
    border: Option<Vec<bool>>,
    rules: BTreeSet<String>,
}

impl ShortcutAnswers {
    /// Learns from `learned` and answers on `measured`, images with their classes (below `n_classes`). `model` says which
    /// of `measured` the model got right. The order of `learned` plays no part.
    pub fn of(
        learned: &[(usize, &NonContentFacts)],
        measured: &[(usize, &NonContentFacts)],
        model: Vec<bool>,
        n_classes: usize,
    ) -> Self {
        let tree = RuleTree::grow(learned.iter().map(|(class, facts)| (*class, traits(facts))), n_classes);
        let right = |(class, facts): &(usize, &NonContentFacts)| tree.predict(&traits(facts)) == *class;
        Self {
            labels: measured.iter().map(|(class, _)| *class).collect(),
            model,
            metadata: measured.iter().map(right).collect(),
            border: by_border(learned, measured, n_classes),
            rules: tree.first_rule().into_iter().collect(),
        }
    }

    /// These and those, of other images.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.labels.extend(other.labels);
        self.model.extend(other.model);
        self.metadata.extend(other.metadata);
        self.border = self.border.zip(other.border).map(|(one, two)| [one, two].concat());
        self.rules.extend(other.rules);
        self
    }
}

fn traits(NonContentFacts { file, dicom, .. }: &NonContentFacts) -> FileTraits {
    let ImageFacts { width, height, format, colour, .. } = file;
    let traits = FileTraits::new(*width, *height, format, colour);
    let Some(DicomFacts { modality, manufacturer, model, view, site, .. }) = dicom.as_deref() else { return traits };
    traits.of_device([modality, manufacturer, model, view, site].map(Option::as_deref))
}

fn by_border(
    learned: &[(usize, &NonContentFacts)],
    measured: &[(usize, &NonContentFacts)],
    n_classes: usize,
) -> Option<Vec<bool>> {
    let borders = |images: &[(usize, &'_ NonContentFacts)]| -> Option<Vec<(usize, Border)>> {
        images.iter().map(|(class, facts)| Some((*class, facts.border?))).collect()
    };
    let (learned, measured) = (borders(learned)?, borders(measured)?);
    let learned = learned.iter().map(|(class, border)| (*class, border.levels())).collect();
    let discriminant = LinearDiscriminant::fit(learned, n_classes);
    Some(measured.iter().map(|(class, border)| discriminant.predict(border.levels()) == *class).collect())
}

/// Images that were recognised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProportionCorrect {
    /// How many.
    pub right: u64,
    /// Their share of all, with Wilson's interval.
    pub accuracy: Estimate,
}

impl ProportionCorrect {
    fn of(right: &[bool]) -> Option<Self> {
        Self::out_of(right.iter().filter(|right| **right).count() as u64, right.len() as u64)
    }

    fn out_of(right: u64, n: u64) -> Option<Self> {
        Some(Self { right, accuracy: Estimate::proportion((right, n))? })
    }
}

/// The result of a classifier that does not see the image content.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What it recognises.
    #[serde(flatten)]
    pub recognised: ProportionCorrect,
    /// It and the model, image by image; the model is the second.
    pub against_model: Paired,
    /// It knows something, and the model is not shown to know much more: its accuracy is above that of one answer for
    /// all (the whole 95 % interval), and the model is ahead by chance (McNemar's p at least 0.05) or by 5 points at most.
    pub comes_close: bool,
}

impl Baseline {
    fn of(right: &[bool], model: &[bool], majority: ProportionCorrect) -> Option<Self> {
        let recognised = ProportionCorrect::of(right)?;
        let against_model = Paired::of(right, model);
        let lead = ProportionCorrect::of(model)?.accuracy.value - recognised.accuracy.value;
        let knows = recognised.accuracy.interval.low > majority.accuracy.value;
        let comes_close = knows && (lead <= CLOSE || against_model.p_value >= P_VALUE);
        Some(Self { recognised, against_model, comes_close })
    }
}

/// A model compared with baselines that do not see the image content, on the same images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShortcutAudit {
    /// Images that all were measured on.
    pub n: u64,
    /// The model.
    pub model: ProportionCorrect,
    /// The majority baseline: always the most frequent class.
    pub majority: ProportionCorrect,
    /// The metadata baseline: format, size, aspect ratio, channels and bits; of DICOM also modality, manufacturer, model, view
    /// and site.
    pub metadata: Baseline,
    /// Its first rules, such as `format jpeg` (in cross-validation, of all trainings); none when no rule is worth its
    /// complexity.
    pub first_questions: BTreeSet<String>,
    /// The border baseline: the outer sixteenth of each side; `None` when images were added by a version without it.
    pub border: Option<Baseline>,
}

impl ShortcutAudit {
    /// `None` of no images.
    pub fn of(answers: &ShortcutAnswers) -> Option<Self> {
        let ShortcutAnswers { labels, model, metadata, border, rules } = answers;
        let n_of = |class: usize| labels.iter().filter(|label| **label == class).count() as u64;
        let most = labels.iter().collect::<BTreeSet<_>>().into_iter().map(|class| n_of(*class)).max()?;
        let majority = ProportionCorrect::out_of(most, labels.len() as u64)?;
        Some(Self {
            n: labels.len() as u64,
            model: ProportionCorrect::of(model)?,
            majority,
            metadata: Baseline::of(metadata, model, majority)?,
            first_questions: rules.clone(),
            border: border.as_ref().and_then(|border| Baseline::of(border, model, majority)),
        })
    }

    /// What was found and what to do, on one line; `None` when no baseline comes close to the model.
    pub fn warning(&self) -> Option<String> {
        let close = |baseline: Option<&Baseline>, input: &str| {
            let baseline = baseline.filter(|baseline| baseline.comes_close)?;
            Some(format!("a baseline trained only on {input} classifies {} correctly", baseline.recognised.right))
        };
        let metadata = close(Some(&self.metadata), &format!("file metadata{}", self.rules()));
        let border = close(self.border.as_ref(), "the image border");
        let found: Vec<String> = [metadata, border].into_iter().flatten().collect();
        (!found.is_empty()).then(|| {
            format!(
                "the model classifies {} of {} images correctly, but {}: the model's accuracy may not reflect the image \
                 content; collect all classes from one source, convert all files to one format and size, crop the borders",
                self.model.right,
                self.n,
                found.join(", and ")
            )
        })
    }

    /// Why it cannot be said that no baseline comes close, on one line; `None` where it can.
    pub fn inconclusive(&self) -> Option<String> {
        let is_shown = self.model.accuracy.interval.low > self.majority.accuracy.value;
        (!is_shown).then(|| {
            format!(
                "it is not shown to be better than always answering the most frequent class ({} and {} of {} images \
                 correct)",
                self.model.right, self.majority.right, self.n
            )
        })
    }

    /// ` (first rule: format jpeg)`, or nothing.
    fn rules(&self) -> String {
        let questions: Vec<&str> = self.first_questions.iter().map(String::as_str).collect();
        if questions.is_empty() { String::new() } else { format!(" (first rule: {})", questions.join("; ")) }
    }
}

#[cfg(test)]
impl ShortcutAudit {
    /// Of 20 images, for the tests of other rooms: the model has 18 right, the metadata baseline 17, the border baseline 11.
    pub(crate) fn example() -> Self {
        let first = |n: usize| (0..20).map(|at| at < n).collect::<Vec<bool>>();
        let answers = ShortcutAnswers {
            labels: (0..20).map(|at| at / 10).collect(),
            model: first(18),
            metadata: first(17),
            border: Some(first(11)),
            rules: BTreeSet::from(["format jpeg".to_owned()]),
        };
        Self::of(&answers).unwrap()
    }
}

#[cfg(test)]
mod tests;
