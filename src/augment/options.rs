//! How a dataset is expanded.

use std::path::Path;

use super::encoding::Encoding;
use crate::config::{Quota, Settings};
use crate::content::Reader;
use crate::domain::{COPY_SIDE, Preset, Recipe, Reserve};

/// Of the copies, in a dataset's place in the state folder.
pub(super) const FOLDER: &str = "augmented";

/// How a dataset is expanded.
#[derive(Debug, Clone)]
pub struct ExpandOptions {
    /// How many copies there are.
    pub quota: Quota,
    /// Whether the sources stand beside their copies in what is learned from, and so count where classes are balanced.
    pub originals_count: bool,
    /// Pixels a side of a copy.
    pub size: u32,
    /// Of every draw.
    pub seed: u64,
    /// What may happen to a copy.
    pub recipe: Recipe,
    /// The preset that the recipe started from, and whose rules hold.
    pub preset: Preset,
    /// What copies are written as.
    pub encoding: Encoding,
    /// The folder inside the destination that holds the class folders; empty for the destination itself.
    pub folder: &'static str,
    /// Whether copies may be removed when not one of them is of a source at hand: so it is in the service, whose
    /// datasets may be replaced; on the command line it would be a mistaken destination.
    pub may_replace_all: bool,
    /// Whether copies without a source are removed: not while some sources could not be read, whose copies they may be.
    pub may_remove: bool,
    /// How sources are read, and what shows through.
    pub reader: Reader,
    /// What stays free on the disk that copies go to.
    pub reserve: Reserve,
    /// Worker threads; 0 means one a core.
    pub threads: usize,
}

impl ExpandOptions {
    /// As the service expands: into the folder `augmented` of a dataset's place in the state folder.
    pub fn of(settings: &Settings) -> Self {
        let augment = &settings.augment;
        Self {
            quota: augment.quota,
            originals_count: true,
            size: COPY_SIDE,
            seed: augment.seed,
            recipe: augment.recipe.clone(),
            preset: augment.preset,
            encoding: Encoding { format: augment.format, quality: augment.jpeg_quality },
            folder: FOLDER,
            may_replace_all: true,
            may_remove: true,
            reader: Reader::of(settings),
            reserve: settings.reserve,
            threads: settings.compute.threads,
        }
    }

    /// For sources in the folder `root`, below which no link is followed.
    #[must_use]
    pub fn below(self, root: &Path) -> Self {
        Self { reader: self.reader.below(root), ..self }
    }
}
