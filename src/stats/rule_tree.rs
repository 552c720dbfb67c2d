//! A decision tree over the facts of image files.
//!
//! A shortcut is a rule such as "JPEG" or "exactly 1024 x 1024", so the classifier is one that is made of such rules. A
//! rule is used when it pays by the minimum description length (Fayyad and Irani, IJCAI 1993): it saves more bits in
//! describing the images' classes than it takes to describe the rule and its two sides. Where no rule pays, the tree is a
//! single answer, the most frequent class. It has no parameter to tune.

use std::collections::BTreeMap;

use super::argmax::argmax;
use super::split_rule::{FileTraits, SplitRule};

/// Classes, by how many images are of each.
type Counts = Vec<u64>;

/// A decision tree over the facts of image files.
#[derive(Debug, PartialEq)]
pub struct RuleTree(Node);

#[derive(Debug, PartialEq)]
enum Node {
    Leaf(usize),
    Split { rule: SplitRule, yes: Box<Node>, no: Box<Node> },
}

/// Images with the same traits: how many of each class, without zeros.
struct Kind {
    traits: FileTraits,
    counts: Vec<(usize, u64)>,
}

impl RuleTree {
    /// Of images with their classes (below `n_classes`); their order plays no part.
    pub fn grow(images: impl Iterator<Item = (usize, FileTraits)>, n_classes: usize) -> Self {
        let mut kinds: BTreeMap<FileTraits, BTreeMap<usize, u64>> = BTreeMap::new();
        for (class, traits) in images {
            *kinds.entry(traits).or_default().entry(class).or_default() += 1;
        }
        let kind = |(traits, counts): (FileTraits, BTreeMap<usize, u64>)| Kind {
            traits,
            counts: counts.into_iter().collect(),
        };
        let kinds: Vec<Kind> = kinds.into_iter().map(kind).collect();
        Self(Node::grow(&kinds.iter().collect::<Vec<_>>(), n_classes))
    }

    /// The predicted class of an image with these traits.
    pub fn predict(&self, traits: &FileTraits) -> usize {
        let mut node = &self.0;
        loop {
            match node {
                Node::Leaf(class) => return *class,
                Node::Split { rule, yes, no } => node = if rule.holds(traits) { yes } else { no },
            }
        }
    }

    /// The rule that separates the classes best, in words; `None` where no rule pays.
    pub fn first_rule(&self) -> Option<String> {
        match &self.0 {
            Node::Leaf(_) => None,
            Node::Split { rule, .. } => Some(rule.to_string()),
        }
    }
}

impl Node {
    fn grow(kinds: &[&Kind], n_classes: usize) -> Self {
        let counts = total(kinds.iter().copied(), n_classes);
        let Some(rule) = best_rule(kinds, &counts) else { return Self::Leaf(argmax(&counts)) };
        let (yes, no): (Vec<&Kind>, Vec<&Kind>) = kinds.iter().partition(|kind| rule.holds(&kind.traits));
        let [yes, no] = [yes, no].map(|side| Box::new(Self::grow(&side, n_classes)));
        Self::Split { rule, yes, no }
    }
}

/// The rule that saves most bits, the first of equals; `None` when it does not save what it costs.
fn best_rule(kinds: &[&Kind], counts: &Counts) -> Option<SplitRule> {
    let images: Vec<(&FileTraits, u64)> =
        kinds.iter().map(|kind| (&kind.traits, kind.counts.iter().map(|(_, n)| n).sum())).collect();
    let rules = SplitRule::about(&images);
    let n_rules = rules.len() as f64;
    let mut best: Option<(f64, SplitRule, [Counts; 2])> = None;
    for rule in rules {
        let yes = total(kinds.iter().copied().filter(|kind| rule.holds(&kind.traits)), counts.len());
        let no: Counts = counts.iter().zip(&yes).map(|(all, yes)| all - yes).collect();
        let saved = bits(counts) - bits(&yes) - bits(&no);
        if best.as_ref().is_none_or(|(most, ..)| saved > *most) {
            best = Some((saved, rule, [yes, no]));
        }
    }
    let (saved, rule, sides) = best?;
    (saved > n_rules.log2() + price(counts, &sides)).then_some(rule)
}

fn total<'a>(kinds: impl Iterator<Item = &'a Kind>, n_classes: usize) -> Counts {
    let mut counts = vec![0; n_classes];
    for kind in kinds {
        kind.counts.iter().for_each(|(class, n)| counts[*class] += n);
    }
    counts
}

/// Bits that it takes to describe every image's class: images times entropy.
fn bits(counts: &Counts) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| *count as f64 * (n / *count as f64).log2()).sum()
}

/// Bits that it takes to describe the classes on the two sides of a rule, beyond those before it.
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
