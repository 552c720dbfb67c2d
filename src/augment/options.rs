//! How a dataset is expanded, and what follows from that alone: worker threads, and which files are read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::error::{AugmentError, SourceFailure};
use crate::config::Settings;
use crate::domain::Recipe;
use crate::imaging::DecodeOptions;

/// How a dataset is expanded.
#[derive(Debug, Clone)]
pub struct ExpandOptions {
    /// Copies of every source, 0 to 99.
    pub copies: u32,
    /// Pixels a side of a copy.
    pub size: u32,
    /// Of every draw.
    pub seed: u64,
    /// What may happen to a copy.
    pub recipe: Recipe,
    /// The folder inside the destination that holds the class folders; empty for the destination itself.
    pub folder: &'static str,
    /// Whether copies may be removed when not one of them is of a source at hand: so it is in the service, whose
    /// datasets may be replaced; on the command line it would be a mistaken destination.
    pub may_replace_all: bool,
    /// What is too large, and what shows through.
    pub limits: DecodeOptions,
    /// Bytes; larger files are not read.
    pub max_file: u64,
    /// Worker threads; 0 means one a core.
    pub threads: usize,
}

impl ExpandOptions {
    /// As the service expands: into the folder `augmented` of a dataset's place in the state folder.
    pub fn of(settings: &Settings) -> Self {
        let augment = &settings.augment;
        Self {
            copies: augment.copies,
            size: augment.size,
            seed: augment.seed,
            recipe: augment.recipe.clone(),
            folder: "augmented",
            may_replace_all: true,
            limits: DecodeOptions::new(&settings.limits, settings.images.background),
            max_file: settings.limits.max_file_mib << 20,
            threads: settings.compute.threads,
        }
    }

    pub(super) fn pool(&self) -> Result<ThreadPool, AugmentError> {
        let named = |i| format!("gw-image-{i}");
        Ok(ThreadPoolBuilder::new().num_threads(self.threads).thread_name(named).build()?)
    }

    /// The bytes of a source, if they are not too many.
    pub(super) fn read(&self, path: &Path, relative: &str) -> Result<Vec<u8>, SourceFailure> {
        let unreadable = |error: std::io::Error| SourceFailure::unreadable(relative.to_owned(), &error);
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(self.max_file + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 <= self.max_file {
            return Ok(bytes);
        }
        Err(SourceFailure {
            relative: relative.to_owned(),
            code: "too-large",
            reason: format!("the file is larger than {} MiB", self.max_file >> 20),
            fix: "save it smaller, or raise limits.max_file_mib",
        })
    }
}
