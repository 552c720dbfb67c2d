//! Copies for the training's memory alone, made anew for every epoch by the same plan and kernels as those on disk.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::unmade;
use super::load_source::load_source;
use super::options::ExpandOptions;
use super::philox::Stream;
use super::plan::SampledParams;
use super::render::render;
use crate::content::FileFailure;
use crate::domain::ContentHash;
use crate::imaging::Picture;

/// Fresh copies are numbered from here, far above those on disk, so that both kinds can be trained on together.
const FIRST_FRESH: u32 = 1 << 16;

/// Samples at the working size, kept from the first epoch on as far as they fit, so that later ones decode nothing.
#[derive(Debug)]
pub struct OnTheFlyCopies {
    options: ExpandOptions,
    kept: Mutex<Kept>,
    /// Samples that may be kept.
    room: usize,
}

type Kept = HashMap<ContentHash, Arc<Picture>>;

impl OnTheFlyCopies {
    /// For copies by `options`, with at most about `memory` bytes of kept samples.
    pub fn new(options: ExpandOptions, memory: usize) -> Self {
        // Colour with 8 bits; deeper or grey ones take twice or a third of it.
        let bytes_a_sample = 3 * (options.size as usize).pow(2);
        Self { room: memory / bytes_a_sample, options, kept: Mutex::default() }
    }

    /// Copy number `index` (any number that is used once for the sample, such as the epoch's) of the sample in `path`,
    /// whose content is `hash`; at the working size.
    ///
    /// # Errors
    /// [`FileFailure`] when the sample cannot be read, decoded, or is no longer this content.
    pub fn make(&self, path: &Path, hash: &ContentHash, index: u32) -> Result<Picture, FileFailure> {
        let base = self.base(path, hash)?;
        let stream = Stream::new(self.options.seed, hash);
        let copy = FIRST_FRESH.wrapping_add(index);
        let draw = SampledParams::of(&self.options.recipe, stream, copy, self.options.size);
        render(&base, &draw, stream, copy).map_err(|error| unmade(path, &error))
    }

    fn base(&self, path: &Path, hash: &ContentHash) -> Result<Arc<Picture>, FileFailure> {
        if let Some(kept) = self.kept().get(hash) {
            return Ok(Arc::clone(kept));
        }
        let ExpandOptions { size, ref reader, .. } = self.options;
        let made = Arc::new(load_source(reader, path, &path.to_string_lossy(), *hash, size)?);
        let mut kept = self.kept();
        if kept.len() < self.room {
            kept.insert(*hash, Arc::clone(&made));
        }
        Ok(made)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
