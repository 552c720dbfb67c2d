//! Features on disk: one small file for each image content and backbone.
//!
//! One file an image, and not one mapped file for all: an entry appears by a rename, so that a kill at any moment costs at
//! most the image in work; entries come, go and are checked one by one; and a training streams a batch at a time, so that
//! its memory does not grow with the number of images (0.05 MB each on disk, nothing but a hash in memory). Which backbone
//! means its weights, the preparation of images, the precision of its arithmetic, and what stands behind transparent
//! pixels. How much there may be of it is the affair of `trim`.
//!
//! A file holds pool5 as 25,088 little-endian 16-bit floats (half the space and reading of 32-bit ones; their rounding,
//! one part in 2048, is far below what a head can notice), then the SHA-256 of those and of the key. A training always
//! reads features back from here, so that it comes out the same whether they were cached or new. A file that is damaged,
//! of another shape or cannot be read counts as absent, and is written again. One that cannot be written ends the training,
//! which waits for the disk: without the file its features would not be those that another training reads.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::TrainError;
use crate::disk;
use crate::domain::ContentHash;
use crate::domain::vgg16::N_FEATURES;

const PAYLOAD: usize = 2 * N_FEATURES;
const CHECKSUM: usize = 32;
/// Of an entry on the disk.
pub(super) const ENTRY_BYTES: u64 = (PAYLOAD + CHECKSUM) as u64;
/// Of the files' names.
pub(super) const EXTENSION: &str = "f16";
/// The time of use is noted this coarsely, so that asking for many entries writes little.
const NOTED_EVERY: Duration = Duration::from_secs(3600);

/// The features of one backbone, or of whatever else the fingerprint stands for: images read in another way have others.
#[derive(Debug)]
pub(super) struct FeatureCache {
    folder: PathBuf,
    fingerprint: ContentHash,
    n_damaged: AtomicU64,
}

impl FeatureCache {
    /// The part of `root` that belongs to the backbone with this fingerprint; leftovers of a killed program are swept.
    pub(super) fn open(root: &Path, fingerprint: ContentHash) -> Result<Self, TrainError> {
        let folder = root.join(&fingerprint.to_string()[..16]);
        disk::create_dir(&folder)?;
        sweep(&folder);
        Ok(Self { folder, fingerprint, n_damaged: AtomicU64::new(0) })
    }

    /// Whether an unharmed entry is there; one that is counts as used now. One that is damaged or cannot be read is counted.
    pub(super) fn holds(&self, hash: &ContentHash) -> bool {
        let path = self.path(hash);
        let whole = match std::fs::read(&path) {
            Ok(bytes) => self.is_whole(hash, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return false,
            Err(_) => false,
        };
        if whole {
            note_use(&path);
        } else {
            self.n_damaged.fetch_add(1, Ordering::Relaxed);
        }
        whole
    }

    fn is_whole(&self, hash: &ContentHash, bytes: &[u8]) -> bool {
        bytes.len() == PAYLOAD + CHECKSUM && self.checksum(hash, &bytes[..PAYLOAD]).as_bytes() == &bytes[PAYLOAD..]
    }

    /// How often an entry was there and could not be used since this was last asked.
    pub(super) fn take_damaged(&self) -> u64 {
        self.n_damaged.swap(0, Ordering::Relaxed)
    }

    /// Adds an entry; it appears whole, and reaches the disk with [`Self::sync`].
    pub(super) fn store(&self, hash: &ContentHash, pool5: &[f32]) -> Result<(), TrainError> {
        let halves: Vec<f16> = pool5.iter().map(|value| f16::from_f32(*value)).collect();
        if halves.len() != N_FEATURES || !halves.iter().all(|value| value.is_finite()) {
            return Err(TrainError::FeatureRange);
        }
        let mut bytes: Vec<u8> = halves.iter().flat_map(|value| value.to_le_bytes()).collect();
        bytes.extend(self.checksum(hash, &bytes).as_bytes());
        let path = self.path(hash);
        if let Some(shard) = path.parent() {
            disk::create_dir(shard)?;
        }
        Ok(disk::write_in_batch(&path, &bytes)?)
    }

    /// Brings all entries added so far to the disk.
    pub(super) fn sync(&self) -> Result<(), TrainError> {
        Ok(disk::sync_batch(&self.folder)?)
    }

    /// Reads an entry that [`Self::holds`] found or [`Self::store`] added into `row` (25088 values).
    pub(super) fn read(&self, hash: &ContentHash, row: &mut [f32]) -> Result<(), TrainError> {
        let path = self.path(hash);
        let failed = |source| TrainError::Features { path: path.clone(), source };
        let bytes = std::fs::read(&path).map_err(failed)?;
        if bytes.len() != PAYLOAD + CHECKSUM {
            return Err(failed(io::ErrorKind::UnexpectedEof.into()));
        }
        let halves: Vec<f16> = bytes[..PAYLOAD].as_chunks().0.iter().map(|pair| f16::from_le_bytes(*pair)).collect();
        halves.convert_to_f32_slice(row);
        Ok(())
    }

    /// Where its entries lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self, hash: &ContentHash) -> PathBuf {
        let name = hash.to_string();
        self.folder.join(&name[..2]).join(format!("{name}.{EXTENSION}"))
    }

    /// The key is part of it: an entry under another image's name is no entry.
    fn checksum(&self, hash: &ContentHash, payload: &[u8]) -> ContentHash {
        ContentHash::of_parts([self.fingerprint.as_bytes().as_slice(), hash.as_bytes(), payload])
    }
}

/// Removes what a killed program left unfinished. What cannot be listed or removed harms nothing but the tidiness.
fn sweep(folder: &Path) {
    let shards = folder.read_dir().into_iter().flatten().filter_map(Result::ok).map(|shard| shard.path());
    for shard in shards.filter(|path| path.is_dir()) {
        if let Err(error) = disk::sweep_temporaries(&shard) {
            tracing::warn!(%error, "Temporary files in the feature cache not removed");
        }
    }
}

/// Whoever trims the cache goes by the time of modification. Where it cannot be set, the entry only goes sooner.
fn note_use(path: &Path) {
    let now = SystemTime::now();
    let noted = path.metadata().and_then(|metadata| metadata.modified());
    let is_old = |noted: SystemTime| now.duration_since(noted).is_ok_and(|age| age > NOTED_EVERY);
    if noted.is_ok_and(is_old)
        && let Err(error) = disk::touch(path, now)
    {
        tracing::debug!(%error, "Time of use of a feature cache entry not updated");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scale: f32) -> Vec<f32> {
        (0..N_FEATURES).map(|at| (at % 97) as f32 * scale).collect()
    }

    #[test]
    fn entries_come_back_as_16_bit_floats_and_belong_to_one_backbone() {
        let dir = tempfile::tempdir().unwrap();
        let (image, backbone) = (ContentHash::of(b"image"), ContentHash::of(b"backbone"));
        let cache = FeatureCache::open(dir.path(), backbone).unwrap();
        assert!(!cache.holds(&image));
        cache.store(&image, &row(0.25)).unwrap();
        cache.sync().unwrap();
        assert!(cache.holds(&image));
        let mut read = vec![0.0; N_FEATURES];
        cache.read(&image, &mut read).unwrap();
        assert_eq!(read, row(0.25));
        assert!(!FeatureCache::open(dir.path(), ContentHash::of(b"other")).unwrap().holds(&image));
    }

    #[test]
    fn strange_things_in_its_folder_do_not_keep_it_from_opening() {
        let dir = tempfile::tempdir().unwrap();
        let (image, backbone) = (ContentHash::of(b"image"), ContentHash::of(b"backbone"));
        let cache = FeatureCache::open(dir.path(), backbone).unwrap();
        cache.store(&image, &row(0.25)).unwrap();
        let shard = cache.path(&image).parent().unwrap().to_owned();
        let folder = shard.parent().unwrap();
        std::fs::write(folder.join("notes.txt"), b"a file among the shards").unwrap();
        std::os::unix::fs::symlink("loop", folder.join("loop")).unwrap();
        // A folder named as a leftover cannot be removed as a file.
        std::fs::create_dir_all(shard.join(".gradwatch-tmp-folder/inside")).unwrap();
        assert!(FeatureCache::open(dir.path(), backbone).unwrap().holds(&image));
    }

    #[test]
    fn a_damaged_cut_or_misplaced_entry_counts_as_absent() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FeatureCache::open(dir.path(), ContentHash::of(b"backbone")).unwrap();
        let (image, other) = (ContentHash::of(b"image"), ContentHash::of(b"other"));
        cache.store(&image, &row(1.0)).unwrap();
        let whole = std::fs::read(cache.path(&image)).unwrap();
        let mut flipped = whole.clone();
        flipped[1000] ^= 1;
        for damaged in [&flipped[..], &whole[..whole.len() - 1], b""] {
            std::fs::write(cache.path(&image), damaged).unwrap();
            assert!(!cache.holds(&image));
        }
        assert_eq!((cache.take_damaged(), cache.take_damaged()), (3, 0));
        std::fs::create_dir_all(cache.path(&other).parent().unwrap()).unwrap();
        std::fs::write(cache.path(&other), &whole).unwrap();
        assert!(!cache.holds(&other));
        cache.store(&image, &row(1.0)).unwrap();
        assert!(cache.holds(&image));
    }

    #[test]
    fn features_that_16_bits_cannot_hold_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FeatureCache::open(dir.path(), ContentHash::of(b"backbone")).unwrap();
        let stored = cache.store(&ContentHash::of(b"image"), &row(1000.0));
        assert!(matches!(stored, Err(TrainError::FeatureRange)));
    }

    #[test]
    fn opening_sweeps_what_a_killed_program_left() {
        let dir = tempfile::tempdir().unwrap();
        let backbone = ContentHash::of(b"backbone");
        let cache = FeatureCache::open(dir.path(), backbone).unwrap();
        let image = ContentHash::of(b"image");
        cache.store(&image, &row(1.0)).unwrap();
        let torn = cache.path(&image).with_file_name(".gradwatch-tmp-1-1");
        std::fs::write(&torn, b"torn").unwrap();
        FeatureCache::open(dir.path(), backbone).unwrap();
        assert!(!torn.exists() && cache.holds(&image));
    }
}
