//! Labelled image files as the stages hand them on: what ingest finds, augment makes copies of, and train learns from.

use std::path::{Path, PathBuf};

use super::names::stem;
use super::{ClassName, ContentHash, Split};

/// An original with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImage {
    /// SHA-256 of its file.
    pub hash: ContentHash,
    /// Its label.
    pub class: ClassName,
    /// Its side of the split; `None` where nobody splits.
    pub split: Option<Split>,
    /// The patient or other unit it belongs to.
    pub group: Option<String>,
    /// Its file; absolute.
    pub path: PathBuf,
    /// The same relative to what the user calls the dataset, or to the inbox; `/`-separated.
    pub relative: String,
}

impl LabelledImage {
    /// The file name without folder and extension.
    pub fn stem(&self) -> &str {
        stem(&self.relative)
    }

    /// The folder that `relative` starts at.
    pub fn root(&self) -> Option<&Path> {
        let n_parts = Path::new(&self.relative).components().count();
        self.path.ends_with(&self.relative).then(|| self.path.ancestors().nth(n_parts)).flatten()
    }
}

/// An augmented copy of an original, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AugmentedImage {
    /// SHA-256 of its file, as the manifest has it: what is cached under it is not read again.
    pub hash: ContentHash,
    /// Its label, the original's.
    pub class: ClassName,
    /// SHA-256 of its original's file.
    pub source: ContentHash,
    /// Its number among the copies of its original, from 1.
    pub index: u32,
    /// Its file; absolute.
    pub path: PathBuf,
}

#[cfg(test)]
impl LabelledImage {
    /// Of no file, for tests: `relative` names its content as well.
    pub(crate) fn example(class: &str, relative: &str, split: Option<Split>) -> Self {
        Self {
            hash: ContentHash::of(relative.as_bytes()),
            class: ClassName::new(class).unwrap(),
            split,
            group: None,
            path: Path::new("/data").join(relative),
            relative: relative.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_folder_and_stem_follow_from_its_paths() {
        let image = LabelledImage::example("a", "a/p1.left.png", None);
        assert_eq!((image.stem(), image.root()), ("p1.left", Some(Path::new("/data"))));
        let elsewhere = LabelledImage { path: "/other/p1.png".into(), ..image };
        assert_eq!(elsewhere.root(), None);
    }
}
