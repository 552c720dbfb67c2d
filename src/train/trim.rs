//! Keeping the feature cache small: what was not used for longest goes first.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::cache::EXTENSION;
use crate::disk;

/// What was used within this time stays, however large the cache is: a training that runs now may read it again.
const IN_USE: Duration = Duration::from_secs(24 * 3600);

/// Removes the least recently used entries of every backbone below `root` until they take at most `max_bytes`; returns
/// how many went. An entry counts as used when a training asked for it, which the file's time of modification says. What
/// cannot be read or removed stays, with a warning: a cache that is too large is no reason to lose a model.
pub fn trim_features(root: &Path, max_bytes: u64, now: SystemTime) -> usize {
    let mut entries = entries(root);
    let mut excess = entries.iter().map(|entry| entry.len).sum::<u64>().saturating_sub(max_bytes);
    if excess == 0 {
        return 0;
    }
    entries.sort_by_key(|entry| entry.used);
    let mut n_removed = 0;
    for entry in entries.iter().take_while(|entry| now.duration_since(entry.used).is_ok_and(|age| age > IN_USE)) {
        if excess == 0 {
            break;
        }
        if let Err(error) = disk::remove_file(&entry.path) {
            tracing::warn!(%error, "Feature cache entry not removed");
            continue;
        }
        excess = excess.saturating_sub(entry.len);
        n_removed += 1;
    }
    if excess > 0 {
        let excess_gib = (excess as f64 / f64::from(1 << 30) * 10.0).round() / 10.0;
        tracing::warn!(excess_gib, "Feature cache exceeds storage.features_max_gib, but was all used within a day");
    }
    n_removed
}

struct CachedFile {
    path: PathBuf,
    len: u64,
    used: SystemTime,
}

/// Every entry: `root/<backbone>/<shard>/<hash>.f16`. A file that goes meanwhile is none.
fn entries(root: &Path) -> Vec<CachedFile> {
    let shards = list(root).into_iter().flat_map(|backbone| list(&backbone));
    let files = shards.flat_map(|shard| list(&shard)).filter(|path| path.extension().is_some_and(|e| e == EXTENSION));
    files.filter_map(|path| entry(&path.symlink_metadata().ok()?, path)).collect()
}

fn entry(metadata: &Metadata, path: PathBuf) -> Option<CachedFile> {
    let used = metadata.modified().ok().filter(|_| metadata.is_file())?;
    Some(CachedFile { len: metadata.len(), used, path })
}

/// What is in a folder; nothing where there is no folder, or one that cannot be read.
fn list(folder: &Path) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    match folder.read_dir() {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "Part of the feature cache cannot be read and is kept");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cache::FeatureCache;
    use super::*;
    use crate::domain::ContentHash;
    use crate::domain::vgg16::N_FEATURES;

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
        assert_eq!(trim_features(dir.path(), 5 * size, now), 0);
        assert_eq!(trim_features(dir.path(), 3 * size + 7, now), 2);
        assert_eq!(held(&cache, 5), [0, 1, 2]);
        assert_eq!(trim_features(&dir.path().join("absent"), 0, now), 0);
    }

    #[test]
    fn what_does_not_belong_there_stays_and_the_rest_is_trimmed() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let cache = cache(dir.path(), 2, now);
        let shard = cache.path(&image(1)).parent().unwrap().to_owned();
        std::fs::create_dir_all(shard.join("folder.f16/inside")).unwrap();
        for strange in [dir.path().join("loop"), shard.join("loop.f16")] {
            std::os::unix::fs::symlink("loop", strange).unwrap();
        }
        assert_eq!(trim_features(dir.path(), 0, now), 2);
        assert!(shard.join("folder.f16/inside").is_dir() && held(&cache, 2).is_empty());
    }

    #[test]
    fn asking_for_an_entry_keeps_it_and_what_was_used_today_stays() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let cache = cache(dir.path(), 3, now);
        assert!(cache.holds(&image(2)));
        assert_eq!(trim_features(dir.path(), 0, now), 2);
        assert_eq!(held(&cache, 3), [2]);
    }
}
