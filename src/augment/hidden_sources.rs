//! Sources that a manifest does not name, because their names may be patients': they are found by their contents.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::manifest::ManifestEntry;
use crate::content::{self, Reader};
use crate::domain::{ContentHash, StopFlag, Stopped};
use crate::privacy::hidden_digits;

/// Where the files in `folder` lie that the manifest's `lines` do not name, relative to it. Without such lines nothing is
/// read.
pub(super) fn find_hidden(
    folder: &Path,
    lines: &[ManifestEntry],
    reader: &Reader,
    stop: &StopFlag,
) -> Result<HashMap<ContentHash, PathBuf>, Stopped> {
    let is_hidden =
        |line: &&ManifestEntry| hidden_digits(&line.source).is_some() && !folder.join(&line.source).exists();
    let mut wanted: HashSet<ContentHash> = lines.iter().filter(is_hidden).map(|line| line.source_sha256).collect();
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    for path in content::list(folder).files {
        stop.check()?;
        let hash = reader.read(&path, None).ok().map(|content| content.hash).filter(|hash| wanted.remove(hash));
        found.extend(hash.zip(path.strip_prefix(folder).ok().map(Path::to_owned)));
        if wanted.is_empty() {
            break;
        }
    }
    Ok(found)
}
