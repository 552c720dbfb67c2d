//! What an erasure removed, in numbers: what it was about is named nowhere afterwards.

use serde::{Deserialize, Serialize};

use super::ContentHash;

/// What was removed from the state folder, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Erased {
    /// The images, by the SHA-256 of their files.
    pub images: Vec<ContentHash>,
    /// Augmented copies.
    pub copies: u64,
    /// Cached features of images and copies.
    pub features: u64,
    /// Reports of scans.
    pub reports: u64,
    /// Other pages, sheets, tables and reason files that were removed or written without them.
    pub pages: u64,
    /// Models that learned from them, as `DATASET/RUN`: their weights stay as they are.
    pub models: Vec<String>,
    /// Files of theirs that still lie in the inbox, relative to it: they are the user's, and stay.
    pub in_inbox: Vec<String>,
}
