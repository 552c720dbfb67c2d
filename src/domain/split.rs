//! The sides of the split, and the folders of a dataset that name one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// On which side of the split a sample stands. Decided before any copy exists, and sticky.
///
/// In order of strength: of two sides that folders name for what cannot be parted, the greater one keeps its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Learned from; may be augmented.
    Train,
    /// Measured on while a model is made and chosen; never augmented.
    Validation,
    /// Measured on once a model is made; it has no part in making or choosing one. Never augmented.
    Test,
    /// Left out: it cannot be parted from an image that a folder puts on a side to measure on.
    #[serde(rename = "aside", alias = "excluded")] // The word of the journal since its first version.
    Excluded,
}

impl Split {
    /// The side that a folder's name says, in capitals or not: `train`, `training`, `val`, `valid`, `validation`, `test` or
    /// `testing`.
    pub fn named(folder: &str) -> Option<Self> {
        match folder.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "val" | "valid" | "validation" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }

    /// The side that the folders of a labelled image's path in the inbox name.
    pub fn of_path(path: &str) -> Option<Self> {
        let (folders, _) = path.strip_prefix("datasets/")?.rsplit_once('/')?;
        let (_, inner) = folders.split_once('/')?;
        side_and_class(&inner.split('/').collect::<Vec<_>>())?.0
    }

    /// Whether it is there to be measured on.
    pub fn is_measured(self) -> bool {
        matches!(self, Self::Validation | Self::Test)
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Excluded => "excluded",
        })
    }
}

/// The side and the class that the folders between a dataset and a file say, outermost first: a first folder that
/// [names a side](Split::named) says the side when another one follows, and that one is the class; else the first folder
/// is the class. `None` without a folder.
pub fn side_and_class<'a>(folders: &[&'a str]) -> Option<(Option<Split>, &'a str)> {
    let first = *folders.first()?;
    match (Split::named(first), folders.get(1)) {
        (Some(side), Some(class)) => Some((Some(side), class)),
        _ => Some((None, first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_say_side_and_class() {
        use Split::{Test, Train, Validation};
        for (folders, expected) in [
            ("covid", Some((None, "covid"))),
            ("covid/test", Some((None, "covid"))),
            ("covid/patient 1/train", Some((None, "covid"))),
            ("train/covid", Some((Some(Train), "covid"))),
            ("TRAIN/covid/patient 1", Some((Some(Train), "covid"))),
            ("val/covid", Some((Some(Validation), "covid"))),
            ("Valid/covid", Some((Some(Validation), "covid"))),
            ("validation/covid", Some((Some(Validation), "covid"))),
            ("test/train", Some((Some(Test), "train"))),
            ("Training/covid", Some((Some(Train), "covid"))),
            ("Testing/covid/patient 1", Some((Some(Test), "covid"))),
            ("trained/covid", Some((None, "trained"))),
            ("test", Some((None, "test"))),
        ] {
            assert_eq!(side_and_class(&folders.split('/').collect::<Vec<_>>()), expected, "{folders}");
        }
        assert_eq!(side_and_class(&[]), None);
    }

    #[test]
    fn records_keep_the_words_of_the_first_version() {
        for side in [Split::Train, Split::Validation, Split::Test] {
            assert_eq!(serde_json::to_string(&side).unwrap(), format!("\"{side}\""));
        }
        assert_eq!(serde_json::to_string(&Split::Excluded).unwrap(), "\"aside\"");
        for word in ["aside", "excluded"] {
            assert_eq!(serde_json::from_str::<Split>(&format!("\"{word}\"")).unwrap(), Split::Excluded);
        }
        assert_eq!(Split::Excluded.to_string(), "excluded");
    }
}
