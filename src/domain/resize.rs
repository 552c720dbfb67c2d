//! How an image is brought to the size of the network's input.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How an image is resized before the network. The libraries that people train with have different defaults, and a model
/// predicts what it predicted there only with its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// The nearest pixel, as Pillow takes it: the default of Keras' `load_img` and `flow_from_directory`.
    Nearest,
    /// Between the four nearest pixels at any scale, not rounded: Keras' `image_dataset_from_directory` and `Resizing`.
    Bilinear,
    /// By a triangle as wide as the scale demands, rounded to levels, to the bit as Pillow does it: `load_img` with
    /// `interpolation="bilinear"`, torchvision.
    Antialias,
    /// The same, computed faster, so that a level differs here and there: gradwatch's own models, and those imported before
    /// this was recorded.
    #[default]
    AntialiasFast,
}

const WORDS: [(&str, Resize); 4] = [
    ("nearest", Resize::Nearest),
    ("bilinear", Resize::Bilinear),
    ("antialias", Resize::Antialias),
    ("antialias-fast", Resize::AntialiasFast),
];

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(_, resize)| resize == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

impl FromStr for Resize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = WORDS.iter().find(|(word, _)| *word == text);
        let words = || WORDS.map(|(word, _)| word).join(", ");
        word.map(|(_, resize)| *resize).ok_or_else(|| format!("`{text}` is not a way to resize; use {}", words()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_read_as_it_is_written_in_text_and_in_json() {
        for (word, resize) in WORDS {
            assert_eq!((resize.to_string().as_str(), word.parse()), (word, Ok(resize)));
            assert_eq!(serde_json::to_string(&resize).unwrap(), format!("\"{word}\""));
        }
        assert_eq!(
            "cubic".parse::<Resize>().unwrap_err(),
            "`cubic` is not a way to resize; use nearest, bilinear, antialias, antialias-fast"
        );
    }
}
