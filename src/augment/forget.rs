//! Taking the copies of some images out of a folder of copies, with their lines in the manifest.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use walkdir::WalkDir;

use super::existing::{is_copy, source_in};
use super::manifest::NAME;
use crate::disk::{self, DiskError};
use crate::domain::ContentHash;

/// What of a line says which copy of which image it is; the same in manifests of all versions.
#[derive(Deserialize)]
struct CopyLine {
    sha256: ContentHash,
    source_sha256: ContentHash,
}

/// The contents of the copies of `sources` that the manifest in `folder` names.
///
/// # Errors
/// [`DiskError::Io`] when the manifest cannot be read. One that is not there names none.
pub fn copies_of(folder: &Path, sources: &BTreeSet<ContentHash>) -> Result<BTreeSet<ContentHash>, DiskError> {
    let lines = lines(&folder.join(NAME))?;
    let copies = lines.iter().filter_map(|line| serde_json::from_str::<CopyLine>(line).ok());
    Ok(copies.filter(|copy| sources.contains(&copy.source_sha256)).map(|copy| copy.sha256).collect())
}

/// Removes the copies of `sources` below `folder`, and then their lines in its manifest; returns how many copies went.
/// Files of others stay.
///
/// # Errors
/// [`DiskError::Io`]; what was not removed yet is removed by the next call.
pub fn forget_copies(folder: &Path, sources: &BTreeSet<ContentHash>) -> Result<u64, DiskError> {
    let mut n_removed = 0;
    for path in copies_below(folder, sources)? {
        disk::remove_file(&path)?;
        path.parent().map_or(Ok(()), disk::remove_dir_if_empty)?;
        n_removed += 1;
    }
    let manifest = folder.join(NAME);
    let all = lines(&manifest)?;
    let is_theirs =
        |line: &&String| serde_json::from_str::<CopyLine>(line).is_ok_and(|copy| sources.contains(&copy.source_sha256));
    if all.iter().any(|line| is_theirs(&line)) {
        let origin = disk::origin(&manifest);
        let mut kept = all.iter().filter(|line| !is_theirs(line));
        disk::write_atomic_with(&manifest, |out| kept.try_for_each(|line| writeln!(out, "{line}")))?;
        if let Some(origin) = origin {
            disk::note_origin(&manifest, &origin);
        }
    }
    Ok(n_removed)
}

/// Copies carry the beginning of their source's hash in their names, also those that no manifest names any more.
fn copies_below(folder: &Path, sources: &BTreeSet<ContentHash>) -> Result<Vec<PathBuf>, DiskError> {
    let sources: BTreeSet<String> = sources.iter().map(ContentHash::short).collect();
    let names_theirs = |path: &Path| {
        let source = path.file_name().and_then(|name| name.to_str()).and_then(source_in);
        source.is_some_and(|source| sources.contains(source))
    };
    let mut copies = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_map(disk::listed) {
        let entry = entry?;
        if entry.file_type().is_file() && names_theirs(entry.path()) && is_copy(entry.path())? {
            copies.push(entry.into_path());
        }
    }
    Ok(copies)
}

fn lines(manifest: &Path) -> Result<Vec<String>, DiskError> {
    let failed = |source| DiskError::Io { doing: "read", path: manifest.to_owned(), source };
    match File::open(manifest) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        opened => BufReader::new(opened.map_err(failed)?).lines().collect::<Result<_, _>>().map_err(failed),
    }
}
