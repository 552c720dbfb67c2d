//! Keeping the feature cache small: what was not used for longest goes first.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::TrainError;
use super::cache::EXTENSION;
use crate::disk;

/// What was used within this time stays, however large the cache is: a training that runs now may read it again.
const IN_USE: Duration = Duration::from_secs(24 * 3600);

/// Removes the least recently used entries of every backbone below `root` until they take at most `max_bytes`; returns
/// how many went. An entry counts as used when a training asked for it, which the file's time of modification says.
///
/// # Errors
/// A folder or file that cannot be read or removed.
pub fn trim_features(root: &Path, max_bytes: u64, now: SystemTime) -> Result<usize, TrainError> {
    let mut entries = entries(root)?;
    let mut excess = entries.iter().map(|entry| entry.len).sum::<u64>().saturating_sub(max_bytes);
    if excess == 0 {
        return Ok(0);
    }
    entries.sort_by_key(|entry| entry.used);
    let mut n_removed = 0;
    for entry in entries.iter().take_while(|entry| now.duration_since(entry.used).is_ok_and(|age| age > IN_USE)) {
        if excess == 0 {
            break;
        }
        disk::remove_file(&entry.path)?;
        excess = excess.saturating_sub(entry.len);
        n_removed += 1;
    }
    if excess > 0 {
        tracing::warn!(
            "the feature cache is {:.1} GiB above storage.features_max_gib, but all of it was used within a day",
            excess as f64 / f64::from(1 << 30)
        );
    }
    Ok(n_removed)
}

struct Entry {
    path: PathBuf,
    len: u64,
    used: SystemTime,
}

/// Every entry: `root/<backbone>/<shard>/<hash>.f16`. A file that goes meanwhile is none.
fn entries(root: &Path) -> Result<Vec<Entry>, TrainError> {
    let mut found = Vec::new();
    for backbone in list(root)? {
        for shard in list(&backbone)? {
            let files = list(&shard)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == EXTENSION));
            found.extend(files.filter_map(|path| entry(&path.metadata().ok()?, path)));
        }
    }
    Ok(found)
}

fn entry(metadata: &Metadata, path: PathBuf) -> Option<Entry> {
    Some(Entry { len: metadata.len(), used: metadata.modified().ok()?, path })
}

/// What is in a folder; nothing where there is no folder.
fn list(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    match folder.read_dir() {
        Ok(entries) => Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).collect()),
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Ok(Vec::new()),
        Err(source) => Err(TrainError::Features { path: folder.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cache::FeatureCache;
    use super::*;
    use crate::domain::ContentHash;
    use crate::nn::N_FEATURES;

    fn image(number: u8) -> ContentHash {
        ContentHash::of(&[number])
    }

    /// A cache of `n` entries, entry k last used k + 1 days before `now`.
    fn cache(root: &Path, n: u8, now: SystemTime) -> FeatureCache {
        let cache = FeatureCache::open(root, ContentHash::of(b"backbone")).unwrap();
        for number in 0..n {
            cache.store(&image(number), &vec![1.0; N_FEATURES]).unwrap();
            let file = std::fs::File::open(cache.path(&image(number))).unwrap();
            file.set_modified(now - Duration::from_secs(3600 * (24 * (u64::from(number) + 1) + 1))).unwrap();
        }
        cache
    }

    fn held(cache: &FeatureCache, n: u8) -> Vec<u8> {
        (0..n).filter(|number| cache.path(&image(*number)).exists()).collect()
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let cache = cache(dir.path(), 5, now);
        let size = cache.path(&image(0)).metadata().unwrap().len();
        assert_eq!(trim_features(dir.path(), 5 * size, now).unwrap(), 0);
        assert_eq!(trim_features(dir.path(), 3 * size + 7, now).unwrap(), 2);
        assert_eq!(held(&cache, 5), [0, 1, 2]);
        assert_eq!(trim_features(&dir.path().join("absent"), 0, now).unwrap(), 0);
    }

    #[test]
    fn asking_for_an_entry_keeps_it_and_what_was_used_today_stays() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let cache = cache(dir.path(), 3, now);
        assert!(cache.holds(&image(2)));
        assert_eq!(trim_features(dir.path(), 0, now).unwrap(), 2);
        assert_eq!(held(&cache, 3), [2]);
    }
}
