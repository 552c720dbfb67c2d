//! A tree of questions that tells classes apart by what decoding told of the images, and by nothing else.
//!
//! A shortcut is a rule such as "JPEG" or "exactly 1024 x 1024", so the classifier is one that is made of such rules. A
//! question has to pay for itself by the minimum description length (Fayyad and Irani, IJCAI 1993): it is asked when it
//! saves more bits in telling the images' classes than it takes to tell the question and what it leads to. Where nothing
//! pays, the tree is a single answer, the most frequent class. No number is to be tuned.

use std::collections::BTreeMap;

use super::question::{Question, Traits};
use crate::domain::ImageFacts;

/// Classes, by how many images are of each.
type Counts = Vec<u64>;

#[derive(Debug, PartialEq)]
pub(super) enum Tree {
    Answer(usize),
    Ask { question: Question, yes: Box<Tree>, no: Box<Tree> },
}

/// Images with the same traits: how many of each class, without zeros.
struct Kind {
    traits: Traits,
    counts: Vec<(usize, u64)>,
}

impl Tree {
    /// Of images with their classes; their order plays no part.
    pub(super) fn grow<'a>(images: impl Iterator<Item = (usize, &'a ImageFacts)>, n_classes: usize) -> Self {
        let mut kinds: BTreeMap<Traits, BTreeMap<usize, u64>> = BTreeMap::new();
        for (class, facts) in images {
            *kinds.entry(Traits::of(facts)).or_default().entry(class).or_default() += 1;
        }
        let kind =
            |(traits, counts): (Traits, BTreeMap<usize, u64>)| Kind { traits, counts: counts.into_iter().collect() };
        let kinds: Vec<Kind> = kinds.into_iter().map(kind).collect();
        Self::over(&kinds.iter().collect::<Vec<_>>(), n_classes)
    }

    fn over(kinds: &[&Kind], n_classes: usize) -> Self {
        let counts = total(kinds.iter().copied(), n_classes);
        let Some(question) = best_question(kinds, &counts) else { return Self::Answer(most_frequent(&counts)) };
        let (yes, no): (Vec<&Kind>, Vec<&Kind>) = kinds.iter().partition(|kind| question.holds(&kind.traits));
        let [yes, no] = [yes, no].map(|side| Box::new(Self::over(&side, n_classes)));
        Self::Ask { question, yes, no }
    }

    /// The class that it takes an image with these facts for.
    pub(super) fn answer(&self, facts: &ImageFacts) -> usize {
        let traits = Traits::of(facts);
        let mut tree = self;
        loop {
            match tree {
                Self::Answer(class) => return *class,
                Self::Ask { question, yes, no } => tree = if question.holds(&traits) { yes } else { no },
            }
        }
    }

    /// The question that tells most, in words.
    pub(super) fn first_question(&self) -> Option<String> {
        match self {
            Self::Answer(_) => None,
            Self::Ask { question, .. } => Some(question.to_string()),
        }
    }
}

/// The question that saves most bits, the first of equals; `None` when it does not save what it costs.
fn best_question(kinds: &[&Kind], counts: &Counts) -> Option<Question> {
    let images: Vec<(&Traits, u64)> =
        kinds.iter().map(|kind| (&kind.traits, kind.counts.iter().map(|(_, n)| n).sum())).collect();
    let questions = Question::about(&images);
    let n_questions = questions.len() as f64;
    let mut best: Option<(f64, Question, [Counts; 2])> = None;
    for question in questions {
        let yes = total(kinds.iter().copied().filter(|kind| question.holds(&kind.traits)), counts.len());
        let no: Counts = counts.iter().zip(&yes).map(|(all, yes)| all - yes).collect();
        let saved = bits(counts) - bits(&yes) - bits(&no);
        if best.as_ref().is_none_or(|(most, ..)| saved > *most) {
            best = Some((saved, question, [yes, no]));
        }
    }
    let (saved, question, sides) = best?;
    (saved > n_questions.log2() + price(counts, &sides)).then_some(question)
}

fn total<'a>(kinds: impl Iterator<Item = &'a Kind>, n_classes: usize) -> Counts {
    let mut counts = vec![0; n_classes];
    for kind in kinds {
        kind.counts.iter().for_each(|(class, n)| counts[*class] += n);
    }
    counts
}

/// The first of equals.
fn most_frequent(counts: &Counts) -> usize {
    (0..counts.len()).fold(0, |best, class| if counts[class] > counts[best] { class } else { best })
}

/// Bits that it takes to tell every image's class: images times entropy.
fn bits(counts: &Counts) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| *count as f64 * (n / *count as f64).log2()).sum()
}

/// Bits that it takes to tell the classes on the two sides of a question, beyond those before it.
fn price(counts: &Counts, sides: &[Counts; 2]) -> f64 {
    let code = |counts: &Counts| {
        let n_classes = counts.iter().filter(|count| **count > 0).count() as f64;
        n_classes * bits(counts) / counts.iter().sum::<u64>().max(1) as f64
    };
    let n_classes = counts.iter().filter(|count| **count > 0).count() as f64;
    // log2(3^k - 2), which does not overflow for any number of classes.
    let which = n_classes * 3_f64.log2() + (1.0 - 2.0 * 3_f64.powf(-n_classes)).log2();
    which - (code(counts) - code(&sides[0]) - code(&sides[1]))
}
