//! How pictures are prepared for the backbone, as one word, or one word and six numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How pictures are prepared for the backbone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Preprocessing {
    /// What the weights need.
    Auto,
    /// RGB / 255, less (.485 .456 .406), over (.229 .224 .225).
    Imagenet,
    /// BGR 0 to 255, less (103.939 116.779 123.68).
    Caffe,
    /// RGB / 255.
    Rescale,
    /// RGB 0 to 255 as it is.
    Raw,
    /// RGB / 255, less the picture's own mean (Keras' `samplewise_center`).
    SamplewiseCenter,
    /// RGB less the picture's own mean, over its own deviation (and `samplewise_std_normalization`).
    Samplewise,
    /// RGB less the dataset's means, over its deviations, channel by channel, in levels of 255 (Keras'
    /// `featurewise_center` and `featurewise_std_normalization`).
    Featurewise {
        /// Red, green, blue.
        mean: [f32; 3],
        /// Red, green, blue; above 0.
        deviation: [f32; 3],
    },
}

const WORDS: [(&str, Preprocessing); 7] = [
    ("auto", Preprocessing::Auto),
    ("imagenet", Preprocessing::Imagenet),
    ("caffe", Preprocessing::Caffe),
    ("rescale", Preprocessing::Rescale),
    ("raw", Preprocessing::Raw),
    ("samplewise-center", Preprocessing::SamplewiseCenter),
    ("samplewise", Preprocessing::Samplewise),
];
const FEATUREWISE: &str = "featurewise";

impl FromStr for Preprocessing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = WORDS.iter().find(|(word, _)| *word == text).map(|(_, preprocessing)| *preprocessing);
        word.or_else(|| featurewise(text)).ok_or_else(|| {
            let words = WORDS.map(|(word, _)| word).join(", ");
            format!("`{text}` is no preparation of pictures: write {words}, or what `gradwatch statistics` prints, \"{FEATUREWISE} R G B / R G B\"")
        })
    }
}

/// `featurewise 123.7 116.3 103.5 / 58.4 57.1 57.4`
fn featurewise(text: &str) -> Option<Preprocessing> {
    let (mean, deviation) = text.strip_prefix(FEATUREWISE)?.split_once('/')?;
    let numbers = |text: &str| -> Option<[f32; 3]> {
        let all: Result<Vec<f32>, _> = text.split_whitespace().map(str::parse).collect();
        all.ok()?.try_into().ok().filter(|all: &[f32; 3]| all.iter().all(|v| v.is_finite()))
    };
    let (mean, deviation) = (numbers(mean)?, numbers(deviation)?);
    deviation.iter().all(|v| *v > 0.0).then_some(Preprocessing::Featurewise { mean, deviation })
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Featurewise { mean: [r, g, b], deviation: [dr, dg, db] } = self {
            return write!(f, "{FEATUREWISE} {r} {g} {b} / {dr} {dg} {db}");
        }
        let word = WORDS.iter().find(|(_, preprocessing)| preprocessing == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

impl TryFrom<String> for Preprocessing {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Preprocessing> for String {
    fn from(preprocessing: Preprocessing) -> Self {
        preprocessing.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preparation_is_read_as_it_is_written() {
        let featurewise = Preprocessing::Featurewise { mean: [1.5, 2.0, 3.0], deviation: [0.25, 5.0, 60.0] };
        for preprocessing in WORDS.map(|(_, preprocessing)| preprocessing).into_iter().chain([featurewise]) {
            assert_eq!(preprocessing.to_string().parse(), Ok(preprocessing));
        }
        assert_eq!(featurewise.to_string(), "featurewise 1.5 2 3 / 0.25 5 60");
        for wrong in
            ["Raw", "featurewise", "featurewise 1 2 3", "featurewise 1 2 3 / 1 0 1", "featurewise 1 2 x / 1 1 1"]
        {
            assert!(wrong.parse::<Preprocessing>().unwrap_err().contains("gradwatch statistics"), "{wrong}");
        }
    }
}
