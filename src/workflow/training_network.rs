//! Which network a dataset is trained on: the configured one, or that of a model.

use crate::config::{Settings, WeightsChoice};
use crate::disk::Workspace;
use crate::domain::vgg16::INPUT_SIDE;
use crate::domain::{BackboneRecord, ContentHash, ModelRecord, Resize, RunId};
use crate::nn::{self, Engine, NnError};
use crate::weights::{self, WeightsError};

use super::engines::Engines;

/// What a training computes its features with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrainingNetwork {
    /// The network that `backbone.weights` names.
    #[default]
    Configured,
    /// That of the dataset's best model.
    OfBest(BackboneRecord),
    /// That of a model that was asked for.
    Like(RunId, BackboneRecord),
}

impl TrainingNetwork {
    /// The network of `model`.
    pub fn like(model: &ModelRecord) -> Self {
        Self::Like(model.run_id.clone(), for_training(model))
    }

    /// What was asked for, as the identity of a training and its record have it.
    pub(super) fn asked_for(&self) -> Option<(&RunId, &BackboneRecord)> {
        match self {
            Self::Like(run, record) => Some((run, record)),
            Self::Configured | Self::OfBest(_) => None,
        }
    }

    /// Of a dataset with this best model: its network where it was asked for (`train --like`), or where
    /// `backbone.weights = "auto"` has several files to choose among; otherwise the configured one.
    ///
    /// # Errors
    /// [`WeightsError::SeveralWeights`] where there is no model to go on with, or its weights are gone; a folder that cannot be listed.
    pub fn of_dataset(
        best: Option<&ModelRecord>,
        settings: &Settings,
        workspace: &Workspace,
    ) -> Result<Self, WeightsError> {
        let dir = workspace.weights();
        let is_there = |best: &&ModelRecord| nn::check_weights(&best.backbone_detail, &settings.backbone, &dir).is_ok();
        let asked_for = best.and_then(|best| Some((best, best.like.as_ref()?))).filter(|(best, _)| is_there(best));
        if let Some((best, run)) = asked_for {
            return Ok(Self::Like(run.clone(), for_training(best)));
        }
        if matches!(settings.backbone.weights, WeightsChoice::File(_)) {
            return Ok(Self::Configured);
        }
        match (weights::imported_file(&dir), best.filter(is_there)) {
            (Err(WeightsError::SeveralWeights { .. }), Some(best)) => Ok(Self::OfBest(for_training(best))),
            (outcome, _) => outcome.map(|_| Self::Configured),
        }
    }

    /// Of its weights, as far as it is known; `configured` are those that the settings name.
    pub(super) fn sha256(&self, configured: Option<ContentHash>) -> Option<ContentHash> {
        match self {
            Self::Configured => configured,
            Self::OfBest(record) | Self::Like(_, record) => Some(record.sha256),
        }
    }

    /// Its engine, started where it is not loaded.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub(super) fn engine(&self, engines: &Engines) -> Result<Engine, NnError> {
        match self {
            Self::Configured => engines.configured(),
            Self::OfBest(record) | Self::Like(_, record) => engines.of_model(record),
        }
    }
}

/// The network of a model at the size and with the resizing that all trainings have.
fn for_training(model: &ModelRecord) -> BackboneRecord {
    BackboneRecord { input_side: INPUT_SIDE as u32, resize: Resize::AntialiasFast, ..model.backbone_detail.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    #[test]
    fn among_several_imported_files_a_dataset_goes_on_with_that_of_its_best_model() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::new(dir.path());
        std::fs::create_dir_all(workspace.weights()).unwrap();
        let auto = load(&Overrides::default()).unwrap();
        let set = vec!["backbone.weights=/some/vgg16.pth".to_owned()];
        let named = load(&Overrides { set, ..Overrides::default() }).unwrap();
        let mut best = ModelRecord::example("d", "0001-a");
        best.backbone_detail.origin = "file".to_owned();
        best.backbone_detail.sha256 = ContentHash::of(b"a");
        (best.backbone_detail.input_side, best.backbone_detail.resize) = (150, Resize::Nearest);
        let add = |name: &str| std::fs::write(workspace.weights().join(format!("{name}.safetensors")), name).unwrap();
        let of_dataset = |best: Option<&ModelRecord>, settings| TrainingNetwork::of_dataset(best, settings, &workspace);
        add("a");
        assert_eq!(of_dataset(Some(&best), &auto).unwrap(), TrainingNetwork::Configured);
        add("b");
        let TrainingNetwork::OfBest(kept) = of_dataset(Some(&best), &auto).unwrap() else {
            panic!("the configured one")
        };
        assert_eq!((kept.sha256, kept.input_side), (best.backbone_detail.sha256, 224));
        assert_eq!(kept.resize, Resize::AntialiasFast);
        assert!(matches!(of_dataset(None, &auto), Err(WeightsError::SeveralWeights { .. })));
        assert_eq!(of_dataset(Some(&best), &named).unwrap(), TrainingNetwork::Configured);
        // What was asked for is kept, whatever is configured.
        let like = ModelRecord { like: Some(best.run_id.clone()), ..best.clone() };
        let TrainingNetwork::Like(run, kept) = of_dataset(Some(&like), &named).unwrap() else { panic!("another one") };
        assert_eq!((run, kept.sha256), (best.run_id.clone(), best.backbone_detail.sha256));
        // Weights that are gone are of no use.
        std::fs::remove_file(workspace.weights().join("a.safetensors")).unwrap();
        add("c");
        assert!(matches!(of_dataset(Some(&best), &auto), Err(WeightsError::SeveralWeights { .. })));
        assert_eq!(of_dataset(Some(&like), &named).unwrap(), TrainingNetwork::Configured);
    }
}
