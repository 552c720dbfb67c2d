//! Why the files that are recorded as left out are left out, with the names as they may be shown now: a reason that was
//! recorded while names were shown may hold one.

use super::label_conflicts::{LABEL_CONFLICT, Rival, conflict_of, is_contested, label_conflict};
use super::role_of;
use crate::content::FileFailure;
use crate::domain::{ClassName, DatasetName, FileOutcome, FileRecord, Ledger, Role};

/// Of those of `files` that are left out, by path: code, why, and what to do.
pub fn recorded_reasons<'a>(
    ledger: &Ledger,
    files: impl IntoIterator<Item = &'a FileRecord>,
) -> Vec<(&'a str, [String; 3])> {
    let rivals: Vec<(DatasetName, Rival)> =
        ledger.files.values().filter(|file| is_contested(&file.outcome)).filter_map(rival).collect();
    let reason = |file: &FileRecord| match &file.outcome {
        FileOutcome::Quarantined { code, reason, fix, .. } => {
            Some(anew(file, &rivals).unwrap_or_else(|| [code, reason, fix].map(Clone::clone)))
        }
        _ => None,
    };
    files.into_iter().filter_map(|file| Some((file.path.as_str(), reason(file)?))).collect()
}

/// Where the reason names a file.
fn anew(file: &FileRecord, rivals: &[(DatasetName, Rival)]) -> Option<[String; 3]> {
    let failure = match role_of(&file.path) {
        Err(failure) => failure,
        Ok(Role::Sample { dataset, class, .. }) if is_contested(&file.outcome) => {
            conflict(file, &dataset, &class, rivals)
        }
        Ok(_) => return None,
    };
    Some([failure.code.to_owned(), failure.reason, failure.fix])
}

fn conflict(
    file: &FileRecord,
    dataset: &DatasetName,
    class: &ClassName,
    rivals: &[(DatasetName, Rival)],
) -> FileFailure {
    let is_other =
        |rival: &Rival| rival.class != *class && conflict_of(file).is_some_and(|image| image.may_be(&rival.image));
    match rivals.iter().find(|(of, rival)| of == dataset && is_other(rival)) {
        Some((_, rival)) => label_conflict(&file.path, class, rival),
        None => FileFailure::new(
            &file.path,
            LABEL_CONFLICT,
            "the same image is in another class, so neither is used",
            "remove one of the two files",
        ),
    }
}

fn rival(file: &FileRecord) -> Option<(DatasetName, Rival)> {
    let Ok(Role::Sample { dataset, class, .. }) = role_of(&file.path) else { return None };
    let image = conflict_of(file)?.clone();
    Some((dataset, Rival { path: file.path.clone(), class, image, is_sample: false }))
}
