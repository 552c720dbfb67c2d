//! The same image under two labels, in a dataset's folder that the user names.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::duplicates::warn_of_differing;
use super::folder::DatasetFolder;
use super::inspect::Inspected;
use super::label_conflicts::show_the_same;
use crate::content::Reader;
use crate::domain::{ContentHash, LabelConflict, LabelledImage};

/// Files whose image is in another class too, as the same file or saved again, each with one such file; relative. `found`
/// must have been decoded. Candidates are read again with `reader`.
pub fn contested_files(found: &DatasetFolder, reader: &Reader) -> BTreeMap<String, String> {
    let conflict_of = |image: &LabelledImage| {
        let inspected = found.inspected.get(&image.hash).map(Inspected::as_conflict);
        inspected.unwrap_or(LabelConflict { hash: image.hash, perceptual_hash: None, dicom: None })
    };
    let all: Vec<(&LabelledImage, LabelConflict)> =
        found.images.iter().map(|image| (image, conflict_of(image))).collect();
    let candidates = all.par_iter().enumerate().flat_map_iter(|(at, (image, own))| {
        let others = all[at + 1..].iter().filter(|(other, _)| other.class != image.class);
        others.filter(|(_, other)| own.may_be(other)).map(move |(other, theirs)| ((*image, own), (*other, theirs)))
    });
    let file = |image: &LabelledImage| (image.path.clone(), Some(image.hash));
    let is_same =
        |((one, own), (other, theirs)): &((&LabelledImage, &LabelConflict), (&LabelledImage, &LabelConflict))| {
            own.is_known_to_be(theirs) || show_the_same(reader, [file(one), file(other)]).is_ok_and(|is_same| is_same)
        };
    let pairs: Vec<_> = candidates.filter(is_same).collect();
    let mut contested = BTreeMap::new();
    for ((one, _), (other, _)) in pairs {
        contested.entry(one.relative.clone()).or_insert_with(|| other.relative.clone());
        contested.entry(other.relative.clone()).or_insert_with(|| one.relative.clone());
    }
    contested
}

/// Warns of files that are left out by their DICOM number and look different from the one that is used. They are read again
/// with `reader`, which reads below `folder`.
pub fn warn_of_differing_repeats(found: &DatasetFolder, folder: &Path, reader: &Reader) {
    let look = |hash: &ContentHash| found.inspected.get(hash)?.perceptual_hash;
    for [(file, hash), (kept, of)] in &found.repeats {
        warn_of_differing(reader, folder, [file, kept], [hash, of].map(look));
    }
}
