//! What trainings keep of images: cached features, and the state of trainings that were stopped.

use std::collections::BTreeSet;
use std::path::Path;

use super::cache::EXTENSION;
use super::{resume, training_manifest};
use crate::disk::{self, DiskError};
use crate::domain::ContentHash;

/// Removes the features of `images` (or copies) of every backbone below `root`; returns how many entries went.
///
/// # Errors
/// [`DiskError::Io`]; what was not removed yet is removed by the next call.
pub fn forget_features(root: &Path, images: &BTreeSet<ContentHash>) -> Result<u64, DiskError> {
    let mut n_removed = 0;
    for backbone in std::fs::read_dir(root).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()) {
        for image in images.iter().map(ContentHash::to_string) {
            let entry = backbone.join(&image[..2]).join(format!("{image}.{EXTENSION}"));
            if entry.exists() {
                disk::remove_file(&entry)?;
                n_removed += 1;
            }
        }
    }
    Ok(n_removed)
}

/// Removes what a training that was stopped would go on from in `run_dir`, so that it starts anew, unless it is known to have
/// learned from none of `images`.
///
/// # Errors
/// [`DiskError::Io`].
pub fn forget_resume(run_dir: &Path, images: &BTreeSet<ContentHash>) -> Result<(), DiskError> {
    let learned = training_manifest::trained_on(run_dir);
    let is_without = !learned.is_empty() && learned.is_disjoint(images);
    if is_without { Ok(()) } else { disk::remove_file(&run_dir.join(resume::NAME)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LabelledImage, Split};

    #[test]
    fn a_stopped_training_goes_on_unless_it_learned_from_a_forgotten_image_or_did_not_say() {
        let image = |number: u8| LabelledImage::example("a", &format!("a/{number}.png"), Some(Split::Train));
        let goes_on = |learned: &[LabelledImage], forgotten: &LabelledImage| {
            let run = tempfile::tempdir().unwrap();
            let saved = run.path().join(resume::NAME);
            std::fs::write(&saved, b"saved").unwrap();
            if !learned.is_empty() {
                training_manifest::write(run.path(), learned).unwrap();
            }
            forget_resume(run.path(), &BTreeSet::from([forgotten.hash])).unwrap();
            saved.exists()
        };
        assert!(goes_on(&[image(1), image(2)], &image(3)));
        assert!(!goes_on(&[image(1), image(2)], &image(2)));
        assert!(!goes_on(&[], &image(3)), "an older run did not say");
    }
}
