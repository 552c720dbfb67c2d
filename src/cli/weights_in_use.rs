//! Which weights trainings use, in a sentence: what `backbone.weights` comes to with the files that are there.

use crate::config::{Settings, WeightsChoice};
use crate::disk::Workspace;
use crate::weights::{self, WeightsError};

/// What the settings come to.
pub(super) enum WeightsInUse {
    /// One set of weights for every training, with a sentence that names it.
    One(String),
    /// Several files to choose among, and none is chosen: their names.
    Several(String),
}

impl WeightsInUse {
    /// As the settings and the weights folder have it now.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub(super) fn find(settings: &Settings) -> Result<Self, WeightsError> {
        if let WeightsChoice::File(path) = &settings.backbone.weights {
            return Ok(Self::One(format!("backbone.weights names {}", path.display())));
        }
        match weights::imported_file(&Workspace::new(&settings.state_dir).weights()) {
            Ok(Some(path)) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Ok(Self::One(format!("backbone.weights = \"auto\" is {name}, the only imported file")))
            }
            Ok(None) => Ok(Self::One("backbone.weights = \"auto\" is the built-in backbone".to_owned())),
            Err(WeightsError::SeveralWeights { names, .. }) => Ok(Self::Several(names)),
            Err(error) => Err(error),
        }
    }

    /// One line on what new trainings use.
    pub(super) fn line(&self) -> String {
        match self {
            Self::One(sentence) => format!("Trainings of all datasets: {sentence}."),
            Self::Several(names) => format!(
                "Trainings: backbone.weights = \"auto\" cannot choose among several files ({names}). A dataset with a model goes \
                 on with the weights of its best model; a dataset without one waits until backbone.weights names a file."
            ),
        }
    }
}
