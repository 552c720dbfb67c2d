//! What the log says of files that have the image of another file.

use super::duplicate_across_message;
use crate::domain::Split;
use crate::privacy::shown;

/// Logs which files have the image of another file.
pub(super) fn log_duplicates(same: &[(String, String)]) {
    match same {
        [] => {}
        [(file, other)] => {
            tracing::info!(file = %shown(file), same_as = %shown(other), n_files = 1, "Duplicate image counts once");
        }
        [(file, other), ..] => {
            let n = same.len();
            tracing::info!(file = %shown(file), same_as = %shown(other), n_files = n, "Duplicate images count once");
        }
    }
    for (file, same_as) in same {
        tracing::debug!(file = %shown(file), same_as = %shown(same_as), "Duplicate image");
    }
    let across = same.iter().filter(|(path, other)| is_across(path, other)).map(|(path, _)| path.as_str());
    if let Some(sentence) = duplicate_across_message(across) {
        tracing::warn!(details = %sentence, "Images on several sides of the split");
    }
}

/// Whether one of the two lies on a side to measure on, and the other elsewhere.
fn is_across(path: &str, other: &str) -> bool {
    let (side, other) = (Split::of_path(path), Split::of_path(other));
    side != other && side.max(other).is_some_and(Split::is_measured)
}
