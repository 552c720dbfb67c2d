//! Where weights come from and how to use them: what gradwatch writes into the header of its own weights files, and how
//! the built-in backbone's file is known from imported ones.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::dialect::Dialect;
use crate::config::Preparation;
use crate::domain::ContentHash;

/// `origin` of the built-in backbone in every record; its file's name begins with it.
pub(crate) const BUILT_IN_ORIGIN: &str = "built-in";
/// `origin` of weights from a user's file.
pub(crate) const FILE_ORIGIN: &str = "file";
/// The only key of the file's metadata, so that its bytes do not depend on the order of a map.
const KEY: &str = "gradwatch";
/// SHA-256 prefixes of torchvision's published files, which carry them in their names.
const PUBLISHED: [(&str, &str); 2] =
    [("397923af", "torchvision's VGG16, IMAGENET1K_V1"), ("88682ab5", "torchvision's VGG16, IMAGENET1K_FEATURES")];

/// Whether a file of the weights folder is the built-in backbone.
pub(super) fn is_built_in(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(BUILT_IN_ORIGIN))
}

/// Kept in the header of a file, as JSON under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provenance {
    /// Where the weights come from, for people.
    pub(crate) origin: String,
    /// SHA-256 of the file they were read from; none for generated ones.
    pub(crate) source_sha256: Option<String>,
    /// How images are prepared for them: a value of `backbone.preprocessing`.
    pub(crate) preprocessing: String,
    /// What is known of the terms.
    pub(crate) licence: String,
}

impl Provenance {
    /// Of weights out of a user's `file`.
    pub(super) fn of_file(file: &Path, sha256: &ContentHash, dialect: Dialect, input: Preparation) -> Self {
        let hash = sha256.to_string();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let published = PUBLISHED.iter().find(|(prefix, _)| hash.starts_with(prefix)).map(|(_, known)| *known);
        let origin = published
            .map_or_else(|| format!("{name}, a {} file", dialect.library()), |known| format!("{name}, {known}"));
        let licence = dialect.licence().to_owned();
        Self { origin, source_sha256: Some(hash), preprocessing: input.to_string(), licence }
    }

    /// As safetensors keeps it.
    pub(super) fn to_metadata(&self) -> Result<HashMap<String, String>, serde_json::Error> {
        Ok(HashMap::from([(KEY.to_owned(), serde_json::to_string(self)?)]))
    }

    /// From such metadata; `None` for another program's file.
    pub(super) fn from_metadata(metadata: Option<&HashMap<String, String>>) -> Option<Self> {
        serde_json::from_str(metadata?.get(KEY)?).ok()
    }
}
