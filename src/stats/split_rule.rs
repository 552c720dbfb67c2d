//! Rules that split images by the facts of their files: format, size, channels and bits, and the device that made them.

use std::collections::BTreeMap;
use std::fmt;

/// What a rule may be about; the last ones are numbers, too.
const PROPERTIES: [&str; 12] = [
    "format",
    "channels",
    "bits",
    "size",
    "modality",
    "manufacturer",
    "model",
    "view",
    "site",
    "width",
    "height",
    "aspect",
];
/// Where those that the device states begin, and how many they are.
const FIRST_OF_DEVICE: usize = 4;
const N_OF_DEVICE: usize = 5;
/// The word of a property of which a file says nothing.
const UNKNOWN: &str = "unknown";
const N_NUMBERS: usize = 3;
const FIRST_NUMBER: usize = PROPERTIES.len() - N_NUMBERS;
/// Values of one property that rules name, the most frequent.
const MOST_VALUES: usize = 32;
/// Cuts of one number that rules use.
const MOST_CUTS: usize = 128;

/// The facts of an image file in the form in which rules use them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTraits {
    words: [String; PROPERTIES.len()],
    /// Width and height in pixels, width / height in thousandths.
    numbers: [u64; N_NUMBERS],
}

impl FileTraits {
    /// Width and height in pixels; the format's name; the colour's name, which ends with the bits of a channel (`grey8`).
    pub fn new(width: u32, height: u32, format: &str, colour: &str) -> Self {
        let channels = colour.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let numbers = [width, height].map(u64::from);
        let aspect = (1000 * numbers[0] + numbers[1] / 2) / numbers[1].max(1);
        Self {
            words: [
                format.to_owned(),
                channels.to_owned(),
                colour[channels.len()..].to_owned(),
                format!("{width} x {height}"),
                UNKNOWN.to_owned(),
                UNKNOWN.to_owned(),
                UNKNOWN.to_owned(),
                UNKNOWN.to_owned(),
                UNKNOWN.to_owned(),
                width.to_string(),
                height.to_string(),
                thousandths(aspect),
            ],
            numbers: [numbers[0], numbers[1], aspect],
        }
    }

    /// The same with modality, manufacturer, model, view and site, as far as the file states them.
    #[must_use]
    pub fn of_device(mut self, stated: [Option<&str>; N_OF_DEVICE]) -> Self {
        for (word, stated) in self.words[FIRST_OF_DEVICE..].iter_mut().zip(stated) {
            stated.unwrap_or(UNKNOWN).clone_into(word);
        }
        self
    }
}

fn thousandths(value: u64) -> String {
    format!("{}.{:03}", value / 1000, value % 1000)
}

/// A rule about one property, by its place in [`PROPERTIES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SplitRule {
    Is(usize, String),
    Above(usize, u64),
}

impl SplitRule {
    pub(super) fn holds(&self, traits: &FileTraits) -> bool {
        match self {
            Self::Is(property, word) => traits.words[*property] == *word,
            Self::Above(property, cut) => traits.numbers[*property - FIRST_NUMBER] > *cut,
        }
    }

    /// All that are worth trying on these images (traits, and how many have them), in an order that depends on nothing
    /// else: every rule divides them, and none is about a value that only one image has.
    pub(super) fn about(images: &[(&FileTraits, u64)]) -> Vec<Self> {
        (0..PROPERTIES.len())
            .flat_map(|property| values(images, property).into_iter().chain(cuts(images, property)))
            .collect()
    }
}

impl fmt::Display for SplitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(property, word) => write!(f, "{} {word}", PROPERTIES[*property]),
            Self::Above(property, cut) if PROPERTIES[*property] == "aspect" => {
                write!(f, "aspect above {}", thousandths(*cut))
            }
            Self::Above(property, cut) => write!(f, "{} above {cut}", PROPERTIES[*property]),
        }
    }
}

fn values(images: &[(&FileTraits, u64)], property: usize) -> Vec<SplitRule> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (traits, n) in images {
        *counts.entry(&traits.words[property]).or_default() += n;
    }
    if counts.len() < 2 {
        return Vec::new();
    }
    let mut frequent: Vec<(&str, u64)> = counts.into_iter().filter(|(_, n)| *n > 1).collect();
    frequent.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    frequent.into_iter().take(MOST_VALUES).map(|(word, _)| SplitRule::Is(property, word.to_owned())).collect()
}

/// Halfway between neighbouring values; where there are many, so many that as many values lie between any two.
fn cuts(images: &[(&FileTraits, u64)], property: usize) -> Vec<SplitRule> {
    let Some(number) = property.checked_sub(FIRST_NUMBER) else { return Vec::new() };
    let mut values: Vec<u64> = images.iter().map(|(traits, _)| traits.numbers[number]).collect();
    values.sort_unstable();
    values.dedup();
    let gaps: Vec<u64> = values.windows(2).map(|pair| u64::midpoint(pair[0], pair[1])).collect();
    let n = gaps.len().min(MOST_CUTS);
    (0..n).map(|at| SplitRule::Above(property, gaps[(2 * at + 1) * gaps.len() / (2 * n)])).collect()
}
