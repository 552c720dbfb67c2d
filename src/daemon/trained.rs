//! A finished training: its model measured against the best model of one moment, the decision on it, and its page.
//!
//! Whoever records it asks first whether the best model still is the one of that moment; if not, it is decided anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::disk::Workspace;
use crate::domain::{
    ContentHash, Counter, DatasetName, Decision, Judged, Ledger, LedgerEvent, ModelRecord, StopReason,
};
use crate::nn::{Engine, Head};
use crate::report::{self, Mistake, ReportError, RunReport};
use crate::train::{self, Augmented, LabelledImage, Outcome, Prediction, TrainError, TrainJob};

use super::failed_work::{FailedWork, Work};
use super::learn::{self, LearnError, LearnJob, Tools};
use super::promote::{self, Comparison, Rival};
use super::standing::Standing;

/// A new model and the decision on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The new model; its files are on the disk.
    pub model: ModelRecord,
    /// Whether it is the best one from now on.
    pub decision: Decision,
    /// [`Standing::n_by_hand`] when it was decided.
    #[serde(default)]
    pub n_by_hand: usize,
}

impl Learned {
    /// Whether the best model still is the one that the decision was made against, and no person has chosen one since.
    pub fn holds(&self, ledger: &Ledger) -> bool {
        let now = Standing::of(ledger, &self.model.dataset);
        (now.best_run(), now.n_by_hand) == (self.decision.previous.as_ref(), self.n_by_hand)
    }

    /// What to record, in one commit.
    pub fn into_events(self) -> Vec<LedgerEvent> {
        let trained = u64::from(self.model.stopped != StopReason::Imported);
        vec![
            LedgerEvent::Run(Box::new(self.model)),
            LedgerEvent::Decision(self.decision),
            LedgerEvent::Counted { counter: Counter::Trainings, n: trained },
        ]
    }
}

/// A finished training, with all that another comparison needs.
#[derive(Debug)]
pub struct Trained {
    job: LearnJob,
    outcome: Outcome,
    learned: Learned,
}

impl Trained {
    /// Decides as things stood when the training started.
    pub(super) fn new(job: LearnJob, outcome: Outcome, tools: &Tools<'_>) -> Result<Self, LearnError> {
        let learned = decided(&job, &outcome, &job.standing, tools)?;
        Ok(Self { job, outcome, learned })
    }

    /// Decides as things stand now.
    ///
    /// # Errors
    /// [`LearnError::Stopped`]; a network that cannot be used.
    pub fn decide_again(&mut self, standing: &Standing, tools: &Tools<'_>) -> Result<(), LearnError> {
        tracing::info!(dataset = %self.job.dataset, "The best model has changed during the training: deciding anew.");
        self.learned = decided(&self.job, &self.outcome, standing, tools)?;
        Ok(())
    }

    /// Of which dataset.
    pub fn dataset(&self) -> &DatasetName {
        &self.job.dataset
    }

    /// The model and the decision on it.
    pub fn learned(&self) -> &Learned {
        &self.learned
    }
}

/// Measures, decides, and writes the page that says so.
fn decided(job: &LearnJob, outcome: &Outcome, standing: &Standing, tools: &Tools<'_>) -> Result<Learned, LearnError> {
    let rival = rival(job, standing, &outcome.predictions, tools)?;
    let chosen = standing.n_by_hand > job.standing.n_by_hand;
    let decision = promote::decide(tools.settings.promotion, &outcome.model, &rival, chosen, tools.settings.clock);
    // The model is there; a page that cannot be written does not undo it.
    if let Err(error) = write_page(job, &Workspace::new(&tools.settings.state_dir), outcome, &decision) {
        (tools.failed)(FailedWork::of(Work::Page, &outcome.model.run_id, &error));
    }
    Ok(Learned { model: outcome.model.clone(), decision, n_by_hand: standing.n_by_hand })
}

/// Measures the best model on those of the candidate's validation images that it did not learn from.
fn rival(
    job: &LearnJob,
    standing: &Standing,
    predictions: &[Prediction],
    tools: &Tools<'_>,
) -> Result<Rival, LearnError> {
    let Some(best) = &standing.best else { return Ok(Rival::None) };
    let engine = tools.engine.get()?;
    let samples: Vec<LabelledImage> = job.samples.iter().filter_map(|sample| learn::labelled(job, sample)).collect();
    let train_job = learn::train_job(job, tools.settings, &samples, Augmented::Expand(&[]));
    match measured(best, &train_job, predictions, &engine, tools) {
        Ok(rival) => Ok(rival),
        Err(TrainError::Stopped(stopped)) => Err(stopped.into()),
        Err(error) => {
            tracing::warn!(dataset = %job.dataset, "The best model could not be measured: {error}.");
            Ok(Rival::Unmeasured(best.run_id.clone(), error.to_string()))
        }
    }
}

fn measured(
    best: &ModelRecord,
    train_job: &TrainJob<'_>,
    predictions: &[Prediction],
    engine: &Engine,
    tools: &Tools<'_>,
) -> Result<Rival, TrainError> {
    let run = best.run_id.clone();
    let running = &engine.backbone().record;
    if (running.sha256, &running.preprocessing) != (best.backbone_detail.sha256, &best.backbone_detail.preprocessing) {
        return Ok(Rival::Incomparable(run, "was trained on other VGG16 weights than those in use".to_owned()));
    }
    let run_dir = Workspace::new(&tools.settings.state_dir).run(&best.dataset, &best.run_id);
    let head = match Head::load(&run_dir, &best.head) {
        Ok(head) => head,
        Err(error) => return Ok(Rival::Incomparable(run, format!("cannot be read any more ({error})"))),
    };
    let Some(mut right) = train::measure(&head, train_job, engine, tools.stop)? else {
        return Ok(Rival::Incomparable(run, "knows none of today's classes".to_owned()));
    };
    // Images change sides when groups or folders do.
    let learned = train::learned_from(&run_dir);
    right.retain(|hash, _| !learned.contains(hash));
    if right.is_empty() {
        return Ok(Rival::Incomparable(run, "learned from all the images that it would be measured on".to_owned()));
    }
    Ok(Rival::Measured(run, paired(predictions, &right)))
}

/// The candidate's answers beside those of the best model, image by image.
fn paired(predictions: &[Prediction], best: &BTreeMap<ContentHash, bool>) -> Comparison {
    let both = predictions.iter().filter_map(|prediction| Some((prediction.is_right(), *best.get(&prediction.hash)?)));
    let (candidate, previous): (Vec<bool>, Vec<bool>) = both.unzip();
    Comparison::of(&candidate, &previous)
}

fn write_page(
    job: &LearnJob,
    workspace: &Workspace,
    outcome: &Outcome,
    decision: &Decision,
) -> Result<(), ReportError> {
    let Outcome { model, predictions, history, mistakes, .. } = outcome;
    let judged = Judged {
        activation: model.head.activation,
        logits: predictions.iter().map(|prediction| prediction.logits.clone()).collect(),
        labels: predictions.iter().map(|prediction| prediction.label).collect(),
    };
    let paths: BTreeMap<ContentHash, &str> =
        job.samples.iter().map(|sample| (sample.hash, sample.path.as_str())).collect();
    let name =
        |prediction: &Prediction| paths.get(&prediction.hash).map_or_else(String::new, |path| (*path).to_owned());
    let names: Vec<String> = predictions.iter().map(name).collect();
    let mistakes: Vec<Mistake> = mistakes.iter().map(shown).collect();
    let page = RunReport { model, history, judged: &judged, names: &names, mistakes: &mistakes, decision };
    report::write_run(&workspace.run(&model.dataset, &model.run_id), &page)
}

fn shown(mistake: &train::Mistake) -> Mistake<'_> {
    Mistake { at: mistake.at, picture: mistake.picture.as_ref().map_err(String::as_str), evidence: &mistake.evidence }
}
