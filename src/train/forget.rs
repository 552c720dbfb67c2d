//! What trainings keep of images: cached features, and the state of trainings that were stopped.

use std::collections::BTreeSet;
use std::path::Path;

use walkdir::WalkDir;

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
    let backbones = WalkDir::new(root).follow_root_links(true).min_depth(1).max_depth(1).into_iter();
    for backbone in backbones.filter_map(disk::listed) {
        let backbone = backbone?.into_path();
        for image in images.iter().map(ContentHash::to_string) {
            let entry = backbone.join(&image[..2]).join(format!("{image}.{EXTENSION}"));
            n_removed += u64::from(remove_entry(&entry)?);
        }
    }
    Ok(n_removed)
}

/// Whether it was there. What cannot be looked at may be there.
fn remove_entry(entry: &Path) -> Result<bool, DiskError> {
    let failed = |source| DiskError::Io { doing: "look for", path: entry.to_owned(), source };
    let is_there = entry.try_exists().map_err(failed)?;
    if is_there {
        disk::remove_file(entry)?;
    }
    Ok(is_there)
}

/// Removes what a training that was stopped would go on from in `run_dir`, so that it starts anew, unless it is known to have
/// none of `images` on any side.
///
/// # Errors
/// [`DiskError::Io`].
pub fn forget_resume(run_dir: &Path, images: &BTreeSet<ContentHash>) -> Result<(), DiskError> {
    let is_without = training_manifest::images(run_dir).is_some_and(|of_run| of_run.is_disjoint(images));
    if is_without { Ok(()) } else { disk::remove_file(&run_dir.join(resume::NAME)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LabelledImage, Split};

    #[test]
    fn features_go_and_what_cannot_be_looked_at_is_a_failure() {
        let root = tempfile::tempdir().unwrap();
        let image = ContentHash::of(b"image");
        let folder = root.path().join("vgg16").join(&image.to_string()[..2]);
        std::fs::create_dir_all(&folder).unwrap();
        let entry = folder.join(format!("{image}.{EXTENSION}"));
        std::fs::write(&entry, b"features").unwrap();
        let forget = |root: &Path| forget_features(root, &BTreeSet::from([image]));
        assert_eq!(forget(root.path()).unwrap(), 1);
        assert_eq!((forget(root.path()).unwrap(), forget(&root.path().join("none")).unwrap()), (0, 0));
        std::fs::remove_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &folder).unwrap();
        assert!(matches!(forget(root.path()), Err(DiskError::Io { .. })));
        let file = root.path().join("file");
        std::os::unix::fs::symlink(&file, &file).unwrap();
        assert!(matches!(forget(&file), Err(DiskError::Io { .. })));
    }

    #[test]
    fn a_stopped_training_goes_on_unless_it_had_a_forgotten_image_or_did_not_say() {
        let of = |number: u8, side| LabelledImage::example("a", &format!("a/{number}.png"), Some(side));
        let (image, validation) = (|number| of(number, Split::Train), of(4, Split::Validation));
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
        assert!(goes_on(&[image(1), image(2), validation.clone()], &image(3)));
        assert!(!goes_on(&[image(1), image(2), validation.clone()], &image(2)));
        assert!(!goes_on(&[image(1), image(2), validation.clone()], &validation));
        assert!(!goes_on(&[image(1), image(2)], &image(3)), "an older run did not say it of all");
        assert!(!goes_on(&[], &image(3)), "an older run did not say");
    }
}
