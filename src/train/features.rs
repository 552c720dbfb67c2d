//! From image files to cached features: read, hash, decode, forward, store, each image at most once.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::TrainError;
use super::cache::{ENTRY_BYTES, FeatureCache};
use super::prefetch::in_three_stages;
use crate::content::{Content, FileFailure, Reader, warn_of};
use crate::disk;
use crate::domain::{ContentHash, Phase, Progress, Reserve, StopFlag, Versions};
use crate::imaging::{DecodeOptions, PIXELS};
use crate::nn::{Engine, NetworkImage, NnError};

/// An image whose features are wanted.
#[derive(Debug, Clone)]
pub(super) struct ImageRequest {
    pub(super) path: PathBuf,
    /// The content it must have; `None` takes what is there.
    pub(super) hash: Option<ContentHash>,
}

impl ImageRequest {
    /// What the file holds, when it still is what it must be.
    fn content(&self, reader: &Reader) -> Result<Content, FileFailure> {
        reader.read(&self.path, self.hash)
    }
}

/// Decoded images wait a few at a time, so that a stop is heard within seconds and memory stays small.
const AT_LEAST_A_TIME: usize = 4;
/// A GPU prepares and reads while it computes only within one question.
const BATCHES_A_TIME: usize = 2;
/// From 16 bits to 32 on a GPU, and from the GPU to the processor; and as often an entry that was whole cannot be read.
const MOST_REPEATS: usize = 3;

/// Where features are cached.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureFolder {
    /// The folder.
    pub path: PathBuf,
    /// What stays free on its disk.
    pub reserve: Reserve,
}

/// Features on demand: cached, or computed and then cached.
pub(super) struct Features<'a> {
    engine: &'a Engine,
    /// The fingerprint of the backbone that all of them come from.
    pub(super) arithmetic: ContentHash,
    pub(super) cache: FeatureCache,
    reader: Reader,
    folder: FeatureFolder,
    n_forwarded: AtomicU64,
}

/// Sees that the features of every image are cached in `folder`; returns how many were computed for it. Images that cannot
/// be used are left out.
///
/// # Errors
/// [`TrainError::Stopped`], a network or a disk that fails.
pub fn cache_features(
    engine: &Engine,
    folder: &FeatureFolder,
    images: &[PathBuf],
    reader: &Reader,
    stop: &StopFlag,
    progress: &dyn Progress,
) -> Result<u64, TrainError> {
    let requests: Vec<_> = images.iter().map(|path| ImageRequest { path: path.clone(), hash: None }).collect();
    Features::with(engine, folder, reader, |features| {
        warn_of("Left out", &features.ensure(&requests, stop, progress)?.failed);
        Ok(features.n_forwarded())
    })
}

/// Puts features that are known already into the cache in `folder`: 25,088 values for each content of an image, as
/// [`Engine::features`] gives them.
///
/// # Errors
/// A row of another length or with numbers beyond 16-bit floats, a disk that fails.
pub fn store_features(
    engine: &Engine,
    folder: &FeatureFolder,
    reader: &Reader,
    known: impl ParallelIterator<Item = (ContentHash, Vec<f32>)>,
) -> Result<(), TrainError> {
    let features = Features::open(engine, folder, reader)?;
    known.try_for_each(|(hash, row)| features.cache.store(&hash, &row))?;
    features.cache.sync()
}

/// What became of the wanted images.
#[derive(Debug, Default)]
pub(super) struct Ensured {
    /// The contents' hashes, in order; `None` for an image that was left out.
    pub(super) hashes: Vec<Option<ContentHash>>,
    pub(super) failed: Vec<FileFailure>,
}

/// Contents that were not cached, and their features.
type New = Vec<(ContentHash, Vec<f32>)>;

/// What became of one wanted image before the network was asked.
enum FeatureLookup {
    Cached(ContentHash),
    Decoded(ContentHash, NetworkImage),
    Failed(FileFailure),
}

impl<'a> Features<'a> {
    pub(super) fn open(engine: &'a Engine, folder: &FeatureFolder, reader: &Reader) -> Result<Self, TrainError> {
        let arithmetic = engine.backbone().fingerprint;
        let (background, pixels) = ([reader.decoding.background], Versions::mark(PIXELS));
        let shaped_by = [arithmetic.as_bytes().as_slice(), &background].into_iter();
        let scaled = reader.is_scaled().then_some(b"scaled jpeg".as_slice());
        let frame = Some(reader.decoding.frame)
            .filter(|frame| *frame != DecodeOptions::FIRST_FRAME)
            .map(|frame| format!("frame {frame}"));
        let frame = frame.as_ref().map(String::as_bytes);
        let shaped_by = shaped_by.chain(pixels.as_ref().map(<[u8; 4]>::as_slice)).chain(scaled).chain(frame);
        let cache = FeatureCache::open(&folder.path, ContentHash::of_parts(shaped_by))?;
        let (reader, folder) = (reader.clone(), folder.clone());
        Ok(Self { engine, arithmetic, cache, reader, folder, n_forwarded: AtomicU64::new(0) })
    }

    /// Does `work` with the features of the backbone that runs now. Where its arithmetic changes meanwhile, the work begins
    /// again, so that nothing is made of both. A GPU can come to 32 bits, and then be lost; the processor is not. It also
    /// begins again where cached features were lost under it: they are computed anew then.
    pub(super) fn with<T>(
        engine: &'a Engine,
        folder: &FeatureFolder,
        reader: &Reader,
        work: impl Fn(&Self) -> Result<T, TrainError>,
    ) -> Result<T, TrainError> {
        for _ in 0..MOST_REPEATS {
            match work(&Self::open(engine, folder, reader)?) {
                Err(TrainError::Nn(NnError::ArithmeticChanged)) => {
                    tracing::warn!(device = engine.device(), "Arithmetic changed; all features are computed again");
                }
                Err(error @ TrainError::Features { .. }) => {
                    tracing::warn!(%error, "Cached features lost; they are computed again");
                }
                other => return other,
            }
        }
        work(&Self::open(engine, folder, reader)?)
    }

    /// Images that went through the network.
    pub(super) fn n_forwarded(&self) -> u64 {
        self.n_forwarded.load(Ordering::Relaxed)
    }

    /// Sees that every image's features are cached. Images are read and decoded while the network works on those before
    /// them, and features are stored meanwhile.
    pub(super) fn ensure(
        &self,
        requests: &[ImageRequest],
        stop: &StopFlag,
        progress: &dyn Progress,
    ) -> Result<Ensured, TrainError> {
        progress.begin(Phase::Features, requests.len() as u64);
        let begin = Instant::now();
        let steps: Vec<_> = requests.chunks(self.n_at_a_time()).collect();
        let (decoding, network, storing) = (Stopwatch::default(), Stopwatch::default(), Stopwatch::default());
        let (mut ensured, mut seen, mut n_new) = (Ensured::default(), HashSet::new(), 0);
        let find = |step: usize| -> Result<Vec<FeatureLookup>, TrainError> {
            stop.check()?;
            Ok(decoding.time(|| steps[step].par_iter().map(|request| self.find(request)).collect()))
        };
        let compute = |found| network.time(|| self.compute(found, &mut seen, &mut ensured, stop));
        let finished = in_three_stages(steps.len(), find, compute, |(n, new): (usize, New)| {
            n_new += new.len();
            disk::require_room(&self.folder.path, new.len() as u64 * ENTRY_BYTES, self.folder.reserve)?;
            storing.time(|| new.par_iter().try_for_each(|(hash, row)| self.cache.store(hash, row)))?;
            progress.advance(n as u64);
            Ok(())
        });
        progress.end();
        let damaged = self.cache.take_damaged();
        if damaged > 0 {
            tracing::warn!(damaged, folder = %self.cache.folder().display(), "Damaged cached features computed again");
        }
        let mut synced = Ok(());
        if n_new > 0 {
            tracing::info!(
                images = n_new,
                seconds = hundredths(begin.elapsed()),
                decode_s = decoding.seconds(),
                network_s = network.seconds(),
                store_s = storing.seconds(),
                "Features computed"
            );
            synced = self.cache.sync();
        }
        finished.and(synced).map(|()| ensured)
    }

    /// Runs images through the network.
    pub(super) fn forward(&self, pictures: Vec<NetworkImage>, stop: &StopFlag) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut rows = Vec::with_capacity(pictures.len());
        let mut pictures = pictures.into_iter().peekable();
        while pictures.peek().is_some() {
            stop.check()?;
            let some: Arc<[NetworkImage]> = pictures.by_ref().take(self.n_at_a_time()).collect();
            let n = some.len() as u64;
            rows.extend(self.engine.features(some, self.arithmetic)?);
            self.n_forwarded.fetch_add(n, Ordering::Relaxed);
        }
        Ok(rows)
    }

    fn n_at_a_time(&self) -> usize {
        (BATCHES_A_TIME * self.engine.batch()).max(AT_LEAST_A_TIME)
    }

    fn find(&self, requests: &ImageRequest) -> FeatureLookup {
        if let Some(hash) = requests.hash.filter(|hash| self.cache.holds(hash)) {
            return FeatureLookup::Cached(hash);
        }
        match self.read(requests) {
            Ok(found) => found,
            Err(failure) => FeatureLookup::Failed(failure),
        }
    }

    fn read(&self, requests: &ImageRequest) -> Result<FeatureLookup, FileFailure> {
        let content = requests.content(&self.reader)?;
        // Where the content was known, the cache was asked before.
        if requests.hash.is_none() && self.cache.holds(&content.hash) {
            return Ok(FeatureLookup::Cached(content.hash));
        }
        self.decode(&requests.path, &content).map(|picture| FeatureLookup::Decoded(content.hash, picture))
    }

    /// The image as the network takes it, cached features or not.
    pub(super) fn picture(&self, requests: &ImageRequest) -> Result<NetworkImage, FileFailure> {
        self.decode(&requests.path, &requests.content(&self.reader)?)
    }

    fn decode(&self, path: &Path, content: &Content) -> Result<NetworkImage, FileFailure> {
        // What panics on one strange file must not end the training.
        let decode = || self.reader.decode(path, content).map(|picture| NetworkImage::usual(&picture));
        catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
            Err(FileFailure::new(path, "damaged", "the decoder failed internally", "please report the file"))
        })
    }

    /// How many were found, and the features of what is new among them, the same content only once.
    fn compute(
        &self,
        found: Vec<FeatureLookup>,
        seen: &mut HashSet<ContentHash>,
        ensured: &mut Ensured,
        stop: &StopFlag,
    ) -> Result<(usize, New), TrainError> {
        let n = found.len();
        let (mut new, mut pictures) = (Vec::new(), Vec::new());
        for found in found {
            ensured.hashes.push(match found {
                FeatureLookup::Cached(hash) => Some(hash),
                FeatureLookup::Decoded(hash, picture) => {
                    if seen.insert(hash) {
                        new.push(hash);
                        pictures.push(picture);
                    }
                    Some(hash)
                }
                FeatureLookup::Failed(failure) => {
                    ensured.failed.push(failure);
                    None
                }
            });
        }
        let rows = self.forward(pictures, stop)?;
        Ok((n, new.into_iter().zip(rows).collect()))
    }
}

/// How long one stage worked.
#[derive(Default)]
struct Stopwatch(AtomicU64);

impl Stopwatch {
    fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let made = work();
        self.0.fetch_add(begin.elapsed().as_micros() as u64, Ordering::Relaxed);
        made
    }

    fn seconds(&self) -> f64 {
        hundredths(Duration::from_micros(self.0.load(Ordering::Relaxed)))
    }
}

/// In seconds, as a person reads them.
fn hundredths(time: Duration) -> f64 {
    (100.0 * time.as_secs_f64()).round() / 100.0
}
