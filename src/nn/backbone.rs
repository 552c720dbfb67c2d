//! Which frozen network runs: its weights, its name, and the identity of its features.

use std::path::{Path, PathBuf};

use super::builtin::BuiltIn;
use super::error::NnError;
use super::version::FEATURES;
use crate::config::{BackboneSettings, Preparation, WeightsChoice};
use crate::domain::vgg16::{INPUT_SIDE, VGG16};
use crate::domain::{BackboneRecord, ContentHash, Resize, StopFlag, Versions};
use crate::weights::{self, BUILT_IN_ORIGIN, BackboneWeights, ConvWeights, FILE_ORIGIN, Provenance};

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

/// What is known of weights besides their numbers.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) sha256: ContentHash,
    /// How images are prepared for them here.
    pub(super) input: Preparation,
    /// As people read it.
    name: String,
    /// As records have it.
    origin: &'static str,
}

/// The weights with what is known of them.
pub(super) struct LoadedWeights {
    pub(super) convs: Vec<ConvWeights>,
    pub(super) about: About,
    provenance: Option<Provenance>,
}

impl Backbone {
    /// For images of `input_side` pixels a side. `manner`: how the network computes, see [`fingerprint`].
    pub(super) fn new(about: &About, input_side: u32, manner: &str) -> Self {
        let About { sha256, input, .. } = *about;
        let record = record(sha256, about.origin, input, input_side);
        Self { name: about.name.clone(), record, fingerprint: fingerprint(sha256, input, manner) }
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

/// What is known of a model's weights from the name of their file and its beginning; `None` where that says nothing, and of
/// other weights.
pub(super) fn known(choice: &NetworkChoice, dir: &Path) -> Option<About> {
    let NetworkChoice::OfModel(record, _) = choice else { return None };
    let (path, provenance) = weights::file_named(record.sha256, dir)?;
    let about = About::of_file(record.sha256, record.preprocessing.parse().ok()?, &path);
    Some(if record.origin == BUILT_IN_ORIGIN { about.into_built_in(provenance.as_ref()) } else { about })
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
    let input = settings.preprocessing.fixed().unwrap_or(loaded.about.input);
    Ok(LoadedWeights { about: About { input, ..loaded.about }, ..loaded })
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
        Some(path) if is_built_in => from_file(&path)?.into_built_in(),
        Some(path) => from_file(&path)?,
        // Its file is made anew where it was removed.
        None if is_built_in => built_in(settings.seed, dir, stop)?,
        None => return Err(no_weights()),
    };
    if is_built_in && loaded.about.sha256 != record.sha256 {
        return Err(no_weights());
    }
    let input = record.preprocessing.parse().map_err(|_| no_weights())?;
    // The import of a file has another hash than the file, and the same convolutions.
    Ok(LoadedWeights { about: About { sha256: record.sha256, input, ..loaded.about }, ..loaded })
}

fn of_content(sha256: ContentHash, settings: &BackboneSettings, dir: &Path) -> Result<Option<PathBuf>, NnError> {
    let elsewhere = match &settings.weights {
        WeightsChoice::File(path) => Some(path.as_path()),
        WeightsChoice::Auto => None,
    };
    Ok(weights::file_of(sha256, dir, elsewhere)?)
}

fn from_file(path: &Path) -> Result<LoadedWeights, NnError> {
    let BackboneWeights { convs, sha256, input, provenance } = weights::read_backbone(path, &VGG16)?;
    Ok(LoadedWeights { convs, about: About::of_file(sha256, input, path), provenance })
}

impl About {
    fn of_file(sha256: ContentHash, input: Preparation, path: &Path) -> Self {
        let name = format!("VGG16 ({})", path.file_name().unwrap_or_default().to_string_lossy());
        Self { sha256, input, name, origin: FILE_ORIGIN }
    }

    /// With the name that it has where it is the configured one: its recipe is in the file alone.
    fn into_built_in(self, provenance: Option<&Provenance>) -> Self {
        let origin = provenance.map_or("", |known| &known.origin);
        let of_seed = origin.split_once("seed ").map_or(origin, |(_, of_seed)| of_seed);
        Self { name: format!("VGG16 (built-in, seed {of_seed})"), origin: BUILT_IN_ORIGIN, ..self }
    }
}

impl LoadedWeights {
    fn into_built_in(self) -> Self {
        Self { about: self.about.into_built_in(self.provenance.as_ref()), ..self }
    }
}

fn built_in(seed: u64, dir: &Path, stop: &StopFlag) -> Result<LoadedWeights, NnError> {
    let name = format!("VGG16 (built-in, seed {seed}: generated, not trained on photographs)");
    let BackboneWeights { convs, sha256, input, provenance } = BuiltIn::vgg16(seed).load_or_make(dir, stop)?;
    Ok(LoadedWeights { convs, about: About { sha256, input, name, origin: BUILT_IN_ORIGIN }, provenance })
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
        assert_eq!(Backbone::new(&configured.about, 224, "f32").record, record);
        // The settings have gone on to another seed, and the model was made with another preparation.
        let raw = BackboneRecord { preprocessing: "raw".to_owned(), input_side: 150, ..record.clone() };
        let choice = NetworkChoice::OfModel(raw.clone(), settings(4));
        let found = load(&choice, dir.path(), &stop).unwrap();
        assert_eq!((found.about.name.as_str(), found.about.input), (configured.about.name.as_str(), Preparation::Raw));
        let backbone = Backbone::new(&found.about, choice.input_side(), "f32");
        let unread = known(&choice, dir.path()).unwrap();
        assert_eq!(Backbone::new(&unread, choice.input_side(), "f32"), backbone);
        assert!(backbone.is_of(&raw) && !backbone.is_of(&record));
        let gone = BackboneRecord { sha256: ContentHash::of(b"gone"), origin: FILE_ORIGIN.to_owned(), ..record };
        let lost = load(&NetworkChoice::OfModel(gone, settings(3)), dir.path(), &stop);
        assert!(matches!(lost, Err(NnError::NoWeights { .. })));
    }
}
