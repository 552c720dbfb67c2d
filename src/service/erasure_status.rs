//! An erasure that is not done yet, as `status.json` says it.

use serde::{Deserialize, Serialize};

use crate::domain::ContentHash;

/// An erasure that is not done yet. It names nobody: what it is about must be found nowhere afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureStatus {
    /// By the SHA-256 of their files.
    pub images: Vec<ContentHash>,
    /// How many files of unknown content.
    pub files: u64,
    /// What it waits for; `null` while it is being done.
    pub waits_for: Option<String>,
}
