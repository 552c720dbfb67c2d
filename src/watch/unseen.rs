//! What of the inbox cannot be seen now, so that a dataset may have more images than are known of it.

use std::collections::{BTreeMap, BTreeSet};

/// By path relative to the inbox; `""` is the inbox itself, and a folder above it has its whole path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnseenInputs {
    /// Mounted folders that went away.
    pub away: BTreeSet<String>,
    /// Files and folders that cannot be looked at, and files that did not settle in time: why, and what to do.
    pub hidden: BTreeMap<String, String>,
}

impl UnseenInputs {
    /// The mounted folder that is away and holds files of this folder of the inbox.
    pub fn away_of(&self, folder: &str) -> Option<&str> {
        self.away.iter().map(String::as_str).find(|away| away.starts_with('/') || concerns(away, folder))
    }
}

/// Whether files of `folder` may be missed where `path` cannot be seen: it is the folder, or above or below it.
pub fn concerns(path: &str, folder: &str) -> bool {
    let is_below = |path: &str, above: &str| path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
    path.is_empty() || path == folder || is_below(folder, path) || is_below(path, folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_misses_files_when_it_is_away_or_a_part_of_it_or_all() {
        let check = |away: &str| UnseenInputs { away: BTreeSet::from([away.to_owned()]), ..UnseenInputs::default() };
        for away in ["", "/in", "datasets", "datasets/x", "datasets/x/c"] {
            assert_eq!(check(away).away_of("datasets/x"), Some(away));
        }
        for away in ["scans", "datasets/xy", "datasets/y"] {
            assert_eq!(check(away).away_of("datasets/x"), None, "{away}");
        }
    }
}
