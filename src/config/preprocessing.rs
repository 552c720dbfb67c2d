//! How images are prepared for the backbone, as one word, or one word and six numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How images are to be prepared for the backbone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Preprocessing {
    /// As the weights need it.
    Auto,
    /// So, whatever the weights say.
    Fixed(Preparation),
}

/// What is done to the bytes of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Preparation {
    /// RGB / 255, less (.485 .456 .406), over (.229 .224 .225): torchvision's.
    Imagenet,
    /// BGR 0 to 255, less (103.939 116.779 123.68): the network's first authors', and Keras' `preprocess_input`.
    Caffe,
    /// RGB / 255: `ImageDataGenerator(rescale=1/255)`, `Rescaling(1/255)`.
    Rescale,
    /// RGB 0 to 255 as it is.
    Raw,
    /// RGB / 255, less the mean of all the image's levels: Keras' `samplewise_center`.
    SamplewiseCenter,
    /// RGB less the image's own mean, over its own deviation: and `samplewise_std_normalization`.
    Samplewise,
    /// RGB 0 to 255 less the dataset's means, over its deviations, channel by channel: Keras' `featurewise_center` and
    /// `featurewise_std_normalization`.
    Featurewise {
        /// Red, green, blue.
        mean: [f32; 3],
        /// Red, green, blue; above 0.
        deviation: [f32; 3],
    },
}

const AUTO: &str = "auto";
const WORDS: [(&str, Preparation); 6] = [
    ("imagenet", Preparation::Imagenet),
    ("caffe", Preparation::Caffe),
    ("rescale", Preparation::Rescale),
    ("raw", Preparation::Raw),
    ("samplewise-center", Preparation::SamplewiseCenter),
    ("samplewise", Preparation::Samplewise),
];
const FEATUREWISE: &str = "featurewise";

impl Preprocessing {
    /// The preparation, unless it is left to the weights.
    pub fn fixed(self) -> Option<Preparation> {
        match self {
            Self::Auto => None,
            Self::Fixed(preparation) => Some(preparation),
        }
    }
}

impl FromStr for Preprocessing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == AUTO { Ok(Self::Auto) } else { text.parse().map(Self::Fixed) }
    }
}

impl FromStr for Preparation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = WORDS.iter().find(|(word, _)| *word == text).map(|(_, preparation)| *preparation);
        word.or_else(|| featurewise(text)).ok_or_else(|| {
            let words = WORDS.map(|(word, _)| word).join(", ");
            format!("`{text}` is not a preprocessing; use {AUTO}, {words}, or the value that `gradwatch statistics` prints, \"{FEATUREWISE} R G B / R G B\"")
        })
    }
}

/// `featurewise 123.7 116.3 103.5 / 58.4 57.1 57.4`
fn featurewise(text: &str) -> Option<Preparation> {
    let (mean, deviation) = text.strip_prefix(FEATUREWISE)?.split_once('/')?;
    let numbers = |text: &str| -> Option<[f32; 3]> {
        let all: Result<Vec<f32>, _> = text.split_whitespace().map(str::parse).collect();
        all.ok()?.try_into().ok().filter(|all: &[f32; 3]| all.iter().all(|v| v.is_finite()))
    };
    let (mean, deviation) = (numbers(mean)?, numbers(deviation)?);
    deviation.iter().all(|v| *v > 0.0).then_some(Preparation::Featurewise { mean, deviation })
}

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::Fixed(preparation) => preparation.fmt(f),
        }
    }
}

impl fmt::Display for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Featurewise { mean: [r, g, b], deviation: [dr, dg, db] } = self {
            return write!(f, "{FEATUREWISE} {r} {g} {b} / {dr} {dg} {db}");
        }
        let word = WORDS.iter().find(|(_, preparation)| preparation == self);
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
        let featurewise = Preparation::Featurewise { mean: [1.5, 2.0, 3.0], deviation: [0.25, 5.0, 60.0] };
        let fixed =
            WORDS.map(|(_, preparation)| preparation).into_iter().chain([featurewise]).map(Preprocessing::Fixed);
        for preprocessing in fixed.chain([Preprocessing::Auto]) {
            assert_eq!(preprocessing.to_string().parse(), Ok(preprocessing));
        }
        for word in ["other", AUTO] {
            assert!(word.parse::<Preparation>().is_err(), "{word} is left to the weights, or nothing at all");
        }
        assert_eq!(featurewise.to_string(), "featurewise 1.5 2 3 / 0.25 5 60");
        for wrong in
            ["Raw", "featurewise", "featurewise 1 2 3", "featurewise 1 2 3 / 1 0 1", "featurewise 1 2 x / 1 1 1"]
        {
            assert!(wrong.parse::<Preprocessing>().unwrap_err().contains("gradwatch statistics"), "{wrong}");
        }
    }
}
