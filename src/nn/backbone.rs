//! Which frozen network runs: its weights, its name, and the identity of its features.

use std::path::Path;

use super::builtin::BuiltIn;
use super::error::NnError;
use super::version::FEATURES;
use crate::config::{BackboneSettings, Preparation, WeightsChoice};
use crate::domain::vgg16::VGG16;
use crate::domain::{BackboneRecord, ContentHash, Resize, StopFlag, Versions};
use crate::weights::{self, BUILT_IN_ORIGIN, BackboneWeights, FILE_ORIGIN};

/// Which frozen network runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backbone {
    /// As people read it; the built-in one says so.
    pub name: String,
    /// What model records keep.
    pub record: BackboneRecord,
    /// Identity of its features: weights, preparation of images, and precision of the arithmetic.
    pub fingerprint: ContentHash,
}

/// The weights with their name and origin.
pub(super) struct LoadedWeights {
    pub(super) weights: BackboneWeights,
    /// As people read it.
    pub(super) name: String,
    /// As records have it.
    pub(super) origin: &'static str,
}

impl Backbone {
    /// For images of `side` x `side` pixels. `manner`: how the network computes, see [`fingerprint`].
    pub(super) fn new(loaded: &LoadedWeights, input: Preparation, side: u32, manner: &str) -> Self {
        let sha256 = loaded.weights.sha256;
        let record = BackboneRecord {
            sha256,
            origin: loaded.origin.to_owned(),
            preprocessing: input.to_string(),
            input_side: side,
            resize: Resize::Antialias,
        };
        Self { name: loaded.name.clone(), record, fingerprint: fingerprint(sha256, input, manner) }
    }
}

/// The configured weights: a file, or the built-in backbone, made where it is not there yet.
///
/// # Errors
/// Unusable weights, [`NnError::Stopped`] once `stop` is raised.
pub(super) fn load(settings: &BackboneSettings, dir: &Path, stop: &StopFlag) -> Result<LoadedWeights, NnError> {
    let file = match &settings.weights {
        WeightsChoice::File(path) => Some(path.clone()),
        WeightsChoice::Auto => weights::imported_file(dir)?,
    };
    if let Some(path) = file {
        let name = format!("VGG16 ({})", path.file_name().unwrap_or_default().to_string_lossy());
        return Ok(LoadedWeights { weights: weights::read_backbone(&path, &VGG16)?, name, origin: FILE_ORIGIN });
    }
    let name = format!("VGG16 (built-in, seed {}: generated, not trained on photographs)", settings.seed);
    let weights = BuiltIn::vgg16(settings.seed).load_or_make(dir, stop)?;
    Ok(LoadedWeights { weights, name, origin: BUILT_IN_ORIGIN })
}

/// Of features: no two ways of computing share it.
pub(super) fn fingerprint(sha256: ContentHash, input: Preparation, manner: &str) -> ContentHash {
    let manner = format!("{input} {manner}");
    let features = Versions::mark(FEATURES);
    let shaped_by = [sha256.as_bytes().as_slice(), manner.as_bytes()].into_iter();
    ContentHash::of_parts(shaped_by.chain(features.as_ref().map(<[u8; 4]>::as_slice)))
}
