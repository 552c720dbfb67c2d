//! What the log says of files that have the image of another file.

use std::path::Path;

use super::duplicate_across_message;
use super::label_conflicts::show_the_same;
use crate::content::Reader;
use crate::domain::{PerceptualHash, Split};
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

/// Two files with the number of one image should show one; `files` are relative to `folder`, and the second is used. They are
/// decoded only if what is known of their looks leaves it open.
pub(super) fn warn_of_differing(reader: &Reader, folder: &Path, files: [&str; 2], looks: [Option<PerceptualHash>; 2]) {
    if let [Some(look), Some(other)] = looks
        && look.is_near(&other)
    {
        return;
    }
    let read = files.map(|path| (folder.join(path), None));
    if show_the_same(reader, read).is_ok_and(|is_same| !is_same) {
        let [file, same_as] = files;
        tracing::warn!(
            file = %shown(file),
            same_as = %shown(same_as),
            advice = "compare the two, and remove the wrong one; if they are two images, give each a number of its own",
            "Two files with one SOPInstanceUID look different, and one is used"
        );
    }
}

/// Whether one of the two lies on a side to measure on, and the other elsewhere.
fn is_across(path: &str, other: &str) -> bool {
    let (side, other) = (Split::of_path(path), Split::of_path(other));
    side != other && side.max(other).is_some_and(Split::is_measured)
}
