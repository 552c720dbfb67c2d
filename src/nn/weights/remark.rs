//! What gradwatch notes in the weights files that it writes: where the numbers come from, and how to use them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The only key of the file's metadata, so that its bytes do not depend on the order of a map.
pub(super) const KEY: &str = "gradwatch";

/// Kept in the header of a file, as JSON under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::nn) struct Remark {
    /// Where the weights come from, for people.
    pub(in crate::nn) origin: String,
    /// SHA-256 of the file they were read from; none for generated ones.
    pub(in crate::nn) source_sha256: Option<String>,
    /// How pictures are prepared for them: a value of `backbone.preprocessing`.
    pub(in crate::nn) preprocessing: String,
    /// What is known of the terms.
    pub(in crate::nn) licence: String,
}

impl Remark {
    /// As safetensors keeps it.
    pub(super) fn to_metadata(&self) -> Result<HashMap<String, String>, serde_json::Error> {
        Ok(HashMap::from([(KEY.to_owned(), serde_json::to_string(self)?)]))
    }

    /// From such metadata; `None` for another program's file.
    pub(super) fn from_metadata(metadata: Option<&HashMap<String, String>>) -> Option<Self> {
        serde_json::from_str(metadata?.get(KEY)?).ok()
    }
}
