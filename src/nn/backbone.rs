//! Which frozen network runs: its weights, its name, and the identity of its features.

use std::path::{Path, PathBuf};

use super::builtin::BuiltIn;
use super::error::NnError;
use super::version::FEATURES;
use crate::config::{BackboneSettings, Preparation, WeightsChoice};
use crate::domain::vgg16::{INPUT_SIDE, VGG16};
use crate::domain::{BackboneRecord, ContentHash, Resize, StopFlag, Versions};
use crate::weights::{self, BUILT_IN_ORIGIN, BackboneWeights, FILE_ORIGIN};

/// Which frozen network is to run.
#[derive(Debug, Clone)]
pub enum NetworkChoice {
    /// The one that the settings name, at 224x224.
    Configured(BackboneSettings),
    /// That of a model, as its record has it. Its weights lie in the weights folder, or where the settings say.
    OfModel(BackboneRecord, BackboneSettings),
}

impl NetworkChoice {
    /// Pixels a side of its images.
    pub(super) fn input_side(&self) -> u32 {
        match self {
            Self::Configured(_) => INPUT_SIDE as u32,
            Self::OfModel(record, _) => record.input_side,
        }
    }
}

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
    /// How images are prepared for them here.
    pub(super) input: Preparation,
    /// As people read it.
    name: String,
    /// As records have it.
    origin: &'static str,
}

impl Backbone {
    /// For images of `input_side` pixels a side. `manner`: how the network computes, see [`fingerprint`].
    pub(super) fn new(loaded: &LoadedWeights, input_side: u32, manner: &str) -> Self {
        let (sha256, input) = (loaded.weights.sha256, loaded.input);
        let record = record(sha256, loaded.origin, input, input_side);
        Self { name: loaded.name.clone(), record, fingerprint: fingerprint(sha256, input, manner) }
    }

    /// Whether it computes what a model with this record was made on; resizing is done before it.
    pub fn is_of(&self, record: &BackboneRecord) -> bool {
        let of = |record: &BackboneRecord| (record.sha256, record.preprocessing.clone(), record.input_side);
        of(&self.record) == of(record)
    }
}

/// The network that the settings name, without loading it; `None` for a built-in backbone that was not made yet, and where
/// no file can be read or several are there.
pub fn configured_backbone(settings: &BackboneSettings, dir: &Path) -> Option<BackboneRecord> {
    let imported = match &settings.weights {
        WeightsChoice::File(path) => Some(path.clone()),
        WeightsChoice::Auto => weights::imported_file(dir).ok()?,
    };
    let origin = if imported.is_some() { FILE_ORIGIN } else { BUILT_IN_ORIGIN };
    let file = imported.or_else(|| BuiltIn::vgg16(settings.seed).file(dir))?;
    let (sha256, own) = weights::identify(&file).ok()?;
    Some(record(sha256, origin, settings.preprocessing.fixed().unwrap_or(own), INPUT_SIDE as u32))
}

fn record(sha256: ContentHash, origin: &str, input: Preparation, input_side: u32) -> BackboneRecord {
    let (origin, preprocessing) = (origin.to_owned(), input.to_string());
    BackboneRecord { sha256, origin, preprocessing, input_side, resize: Resize::AntialiasFast }
}

/// Whether the weights of a model are there, without loading them; a built-in backbone is taken to be the one that would be
/// made, if none of the configured seed is there.
///
/// # Errors
/// [`NnError::NoWeights`], a folder that cannot be listed.
pub fn check_weights(record: &BackboneRecord, settings: &BackboneSettings, dir: &Path) -> Result<(), NnError> {
    let can_be_made = record.origin == BUILT_IN_ORIGIN && BuiltIn::vgg16(settings.seed).file(dir).is_none();
    if can_be_made || of_content(record.sha256, settings, dir)?.is_some() {
        return Ok(());
    }
    Err(NnError::NoWeights { sha256: record.sha256.short(), folder: dir.to_owned() })
}

/// The weights of the chosen network: a file, or the built-in backbone, made where it is not there yet.
///
/// # Errors
/// Unusable weights, [`NnError::NoWeights`], [`NnError::Stopped`] once `stop` is raised.
pub(super) fn load(choice: &NetworkChoice, dir: &Path, stop: &StopFlag) -> Result<LoadedWeights, NnError> {
    match choice {
        NetworkChoice::Configured(settings) => configured(settings, dir, stop),
        NetworkChoice::OfModel(record, settings) => of_model(record, settings, dir, stop),
    }
}

fn configured(settings: &BackboneSettings, dir: &Path, stop: &StopFlag) -> Result<LoadedWeights, NnError> {
    let file = match &settings.weights {
        WeightsChoice::File(path) => Some(path.clone()),
        WeightsChoice::Auto => weights::imported_file(dir)?,
    };
    let loaded = match file {
        Some(path) => from_file(&path)?,
        None => built_in(settings.seed, dir, stop)?,
    };
    let input = settings.preprocessing.fixed().unwrap_or(loaded.input);
    Ok(LoadedWeights { input, ..loaded })
}

fn of_model(
    record: &BackboneRecord,
    settings: &BackboneSettings,
    dir: &Path,
    stop: &StopFlag,
) -> Result<LoadedWeights, NnError> {
    let no_weights = || NnError::NoWeights { sha256: record.sha256.short(), folder: dir.to_owned() };
    let is_built_in = record.origin == BUILT_IN_ORIGIN;
    let loaded = match of_content(record.sha256, settings, dir)? {
        // Of any seed, and of any version of the program.
        Some(path) if is_built_in => as_built_in(from_file(&path)?),
        Some(path) => from_file(&path)?,
        // Its file is made anew where it was removed.
        None if is_built_in => built_in(settings.seed, dir, stop)?,
        None => return Err(no_weights()),
    };
    if is_built_in && loaded.weights.sha256 != record.sha256 {
        return Err(no_weights());
    }
    let input = record.preprocessing.parse().map_err(|_| no_weights())?;
    // The import of a file has another hash than the file, and the same convolutions.
    let weights = BackboneWeights { sha256: record.sha256, ..loaded.weights };
    Ok(LoadedWeights { weights, input, ..loaded })
}

fn of_content(sha256: ContentHash, settings: &BackboneSettings, dir: &Path) -> Result<Option<PathBuf>, NnError> {
    let elsewhere = match &settings.weights {
        WeightsChoice::File(path) => Some(path.as_path()),
        WeightsChoice::Auto => None,
    };
    Ok(weights::file_of(sha256, dir, elsewhere)?)
}

fn from_file(path: &Path) -> Result<LoadedWeights, NnError> {
    let name = format!("VGG16 ({})", path.file_name().unwrap_or_default().to_string_lossy());
    let weights = weights::read_backbone(path, &VGG16)?;
    Ok(LoadedWeights { input: weights.input, weights, name, origin: FILE_ORIGIN })
}

/// With the name that it has where it is the configured one: its recipe is in the file alone.
fn as_built_in(loaded: LoadedWeights) -> LoadedWeights {
    let origin = loaded.weights.provenance.as_ref().map_or("", |known| &known.origin);
    let of_seed = origin.split_once("seed ").map_or(origin, |(_, of_seed)| of_seed);
    LoadedWeights { name: format!("VGG16 (built-in, seed {of_seed})"), origin: BUILT_IN_ORIGIN, ..loaded }
}

fn built_in(seed: u64, dir: &Path, stop: &StopFlag) -> Result<LoadedWeights, NnError> {
    let name = format!("VGG16 (built-in, seed {seed}: generated, not trained on photographs)");
    let weights = BuiltIn::vgg16(seed).load_or_make(dir, stop)?;
    Ok(LoadedWeights { input: weights.input, weights, name, origin: BUILT_IN_ORIGIN })
}

/// Of features: no two ways of computing share it.
pub(super) fn fingerprint(sha256: ContentHash, input: Preparation, manner: &str) -> ContentHash {
    let manner = format!("{input} {manner}");
    let features = Versions::mark(FEATURES);
    let shaped_by = [sha256.as_bytes().as_slice(), manner.as_bytes()].into_iter();
    ContentHash::of_parts(shaped_by.chain(features.as_ref().map(<[u8; 4]>::as_slice)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preprocessing;
    use crate::nn::builtin::BuiltIn;

    #[test]
    fn a_model_s_built_in_network_is_found_by_its_hash_and_called_as_the_configured_one() {
        let dir = tempfile::tempdir().unwrap();
        let stop = StopFlag::default();
        BuiltIn { plan: &VGG16, seed: 3, n_images: 1 }.load_or_make(dir.path(), &stop).unwrap();
        let settings =
            |seed| BackboneSettings { weights: WeightsChoice::Auto, preprocessing: Preprocessing::Auto, seed };
        let configured = load(&NetworkChoice::Configured(settings(3)), dir.path(), &stop).unwrap();
        let record = configured_backbone(&settings(3), dir.path()).unwrap();
        assert_eq!(Backbone::new(&configured, 224, "f32").record, record);
        // The settings have gone on to another seed, and the model was made with another preparation.
        let raw = BackboneRecord { preprocessing: "raw".to_owned(), input_side: 150, ..record.clone() };
        let choice = NetworkChoice::OfModel(raw.clone(), settings(4));
        let found = load(&choice, dir.path(), &stop).unwrap();
        assert_eq!((found.name.as_str(), found.input), (configured.name.as_str(), Preparation::Raw));
        let backbone = Backbone::new(&found, choice.input_side(), "f32");
        assert!(backbone.is_of(&raw) && !backbone.is_of(&record));
        let gone = BackboneRecord { sha256: ContentHash::of(b"gone"), origin: FILE_ORIGIN.to_owned(), ..record };
        let lost = load(&NetworkChoice::OfModel(gone, settings(3)), dir.path(), &stop);
        assert!(matches!(lost, Err(NnError::NoWeights { .. })));
    }
}
