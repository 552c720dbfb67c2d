//! A training as it stands after an epoch, on disk, so that a killed one goes on from there and ends in the same bytes.
//!
//! One safetensors file in the run's folder: the fit with Adam's moments, the epochs so far, the layer kept so far. It is
//! replaced whole after every epoch and removed once the model is there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::callbacks::{EpochScores, Score};
use super::history::EpochMetrics;
use crate::disk;
use crate::domain::ContentHash;
use crate::head::{Adam, FitState, Head};

/// Where a training is saved, and which one it is.
#[derive(Debug, Clone)]
pub(super) struct ResumeFile {
    path: PathBuf,
    identity: ContentHash,
}

/// A training as it stood.
#[derive(Debug, PartialEq)]
pub(super) struct TrainingState {
    pub(super) state: FitState,
    pub(super) epochs: Vec<EpochMetrics>,
    /// The epoch (from 1) whose layer is kept so far, and the layer.
    pub(super) kept: Option<(u32, Head)>,
}

/// In the run's folder.
pub(super) const NAME: &str = "resume.safetensors";
/// The only key of the file's metadata, so that its bytes do not depend on the order of a map.
const TRAINING: &str = "training";

#[derive(Serialize, Deserialize)]
struct ResumeHeader {
    identity: ContentHash,
    n_steps: i32,
    kept_epoch: Option<u32>,
}

/// Numbers an epoch takes in the file.
const COLUMNS: usize = 7;

impl ResumeFile {
    /// `identity` is that of everything that the training's result follows from.
    pub(super) fn new(run_dir: &Path, identity: ContentHash) -> Self {
        Self { path: run_dir.join(NAME), identity }
    }

    pub(super) fn store(&self, training_state: &TrainingState) -> Result<(), TrainError> {
        let bytes = self.to_bytes(training_state)?;
        Ok(disk::write_atomic(&self.path, &bytes)?)
    }

    /// `None` when there is nothing to go on from, or it is of another training; that one is lost then.
    pub(super) fn load(&self) -> Option<TrainingState> {
        let bytes = std::fs::read(&self.path).ok()?;
        let training_state = self.read(&bytes);
        if training_state.is_none() {
            tracing::info!(file = %self.path.display(), "Saved training does not match and is not resumed");
        }
        training_state
    }

    pub(super) fn remove(&self) -> Result<(), TrainError> {
        Ok(disk::remove_file(&self.path)?)
    }

    fn to_bytes(&self, training_state: &TrainingState) -> Result<Vec<u8>, TrainError> {
        let FitState { n_steps, weight, bias } = &training_state.state;
        let mut parts: Vec<(String, Dtype, Vec<u8>)> = Vec::new();
        for (name, adam) in [("weight", weight), ("bias", bias)] {
            for (part, values) in
                [("values", &adam.parameters), ("first", &adam.first_moment), ("second", &adam.second_moment)]
            {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                parts.push((format!("{name}.{part}"), Dtype::F32, bytes));
            }
        }
        let history = training_state.epochs.iter().flat_map(numbers).flat_map(f64::to_le_bytes).collect();
        parts.push(("history".to_owned(), Dtype::F64, history));
        if let Some((_, head)) = &training_state.kept {
            parts.push(("kept".to_owned(), Dtype::U8, head.to_bytes()?));
        }
        let kept_epoch = training_state.kept.as_ref().map(|(epoch, _)| *epoch);
        let header = serde_json::to_string(&ResumeHeader { identity: self.identity, n_steps: *n_steps, kept_epoch })?;
        let views = parts.iter().map(|(name, dtype, bytes)| {
            let n = bytes.len() / (dtype.bitsize() / 8);
            Ok((name.as_str(), TensorView::new(*dtype, vec![n], bytes)?))
        });
        let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>()?;
        Ok(safetensors::serialize(views, Some(HashMap::from([(TRAINING.to_owned(), header)])))?)
    }

    fn read(&self, bytes: &[u8]) -> Option<TrainingState> {
        let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
        let header: ResumeHeader = serde_json::from_str(header.metadata().as_ref()?.get(TRAINING)?).ok()?;
        if header.identity != self.identity {
            return None;
        }
        let file = SafeTensors::deserialize(bytes).ok()?;
        let singles = |name: &str| {
            let data = file.tensor(name).ok()?.data();
            Some(data.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect::<Vec<_>>())
        };
        let adam = |name: &str| {
            let part = |part: &str| singles(&format!("{name}.{part}"));
            Some(Adam { parameters: part("values")?, first_moment: part("first")?, second_moment: part("second")? })
        };
        let state = FitState { n_steps: header.n_steps, weight: adam("weight")?, bias: adam("bias")? };
        let history = file.tensor("history").ok()?.data().as_chunks().0;
        let history: Vec<f64> = history.iter().map(|eight| f64::from_le_bytes(*eight)).collect();
        let kept = match header.kept_epoch {
            Some(epoch) => Some((epoch, Head::from_bytes(file.tensor("kept").ok()?.data()).ok()?)),
            None => None,
        };
        Some(TrainingState { state, epochs: history.as_chunks().0.iter().map(epoch_metrics).collect(), kept })
    }
}

/// Counts are below 2^53, so that floats hold them exactly.
fn numbers(epoch_metrics: &EpochMetrics) -> [f64; COLUMNS] {
    let EpochScores { training: t, validation: v } = epoch_metrics.scores;
    let count = |n: u64| n as f64;
    [count(t.n_correct), count(t.n), t.loss, count(v.n_correct), count(v.n), v.loss, epoch_metrics.val_binary_accuracy]
}

fn epoch_metrics(numbers: &[f64; COLUMNS]) -> EpochMetrics {
    let score = |at: usize| Score { n_correct: numbers[at] as u64, n: numbers[at + 1] as u64, loss: numbers[at + 2] };
    EpochMetrics { scores: EpochScores { training: score(0), validation: score(3) }, val_binary_accuracy: numbers[6] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClassName;
    use crate::domain::vgg16::N_FEATURES;
    use crate::stats::Activation;

    fn training_state() -> TrainingState {
        let adam =
            |n: usize| Adam { parameters: vec![0.1; n], first_moment: vec![-1e-9; n], second_moment: vec![1e-20; n] };
        let score = Score { n_correct: 3, n: 7, loss: 0.1 + 0.2 };
        let classes = ["a", "b"].map(|name| ClassName::new(name).unwrap()).to_vec();
        let head = Head::new(classes, Activation::Softmax, vec![0.5; 2 * N_FEATURES], vec![1.0, 2.0]).unwrap();
        let epoch_metrics = |loss| EpochMetrics {
            scores: EpochScores { training: score, validation: Score { loss, ..score } },
            val_binary_accuracy: 0.5,
        };
        TrainingState {
            state: FitState { n_steps: 9, weight: adam(2 * N_FEATURES), bias: adam(2) },
            epochs: vec![epoch_metrics(0.3), epoch_metrics(0.25)],
            kept: Some((2, head)),
        }
    }

    #[test]
    fn a_training_comes_back_as_it_stood_and_only_to_itself() {
        let dir = tempfile::tempdir().unwrap();
        let resume_file = ResumeFile::new(dir.path(), ContentHash::of(b"this"));
        assert_eq!(resume_file.load(), None);
        resume_file.store(&training_state()).unwrap();
        assert_eq!(resume_file.load(), Some(training_state()));
        assert_eq!(ResumeFile::new(dir.path(), ContentHash::of(b"other")).load(), None);
        let whole = std::fs::read(&resume_file.path).unwrap();
        std::fs::write(&resume_file.path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(resume_file.load(), None);
        resume_file.remove().unwrap();
        assert!(!resume_file.path.exists());
    }

    #[test]
    fn a_loss_that_is_no_number_comes_back_as_such() {
        let mut training_state = training_state();
        training_state.epochs[1].scores.validation.loss = f64::NAN;
        training_state.kept = None;
        let resume_file = ResumeFile::new(Path::new("."), ContentHash::of(b"this"));
        let read = resume_file.read(&resume_file.to_bytes(&training_state).unwrap()).unwrap();
        assert!(read.epochs[1].scores.validation.loss.is_nan() && read.kept.is_none());
    }
}
