//! A finished training: its model measured against the best model of one moment, the decision on it, and its page.
//!
//! Whoever records it asks first whether the best model still is the one of that moment; if not, it is decided anew.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ContentHash, Counter, DatasetName, Decision, Ledger, LedgerEvent, MapBenchmark, ModelRecord};
use crate::head::Head;
use crate::nn::NnError;
use crate::privacy::shown;
use crate::report::{self, ReportError, RunReport};
use crate::train::{self, Augmented, FinishedRun, ImagePredictions, ModelPredictor, TrainError, TrainJob};

use super::derived::RecordedModel;
use super::error::WorkflowError;
use super::failed_work::{FailedWork, Work};
use super::ground_truth::ground_truth;
use super::incumbent::Incumbent;
use super::promotion::{self, Comparison, IncumbentMeasurement};
use super::training_plan::{TrainingContext, TrainingPlan};

/// A new model and the decision on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainedModel {
    /// The new model; its files are on the disk.
    pub model: ModelRecord,
    /// Whether it is the best one from now on.
    pub decision: Decision,
    /// [`Incumbent::n_by_hand`] when it was decided.
    #[serde(default)]
    pub n_by_hand: usize,
}

impl TrainedModel {
    /// Whether the best model still is the one that the decision was made against, and no person has chosen one since.
    pub fn decision_holds(&self, ledger: &Ledger) -> bool {
        let now = Incumbent::of(ledger, &self.model.dataset);
        (now.best_run(), now.n_by_hand) == (self.decision.previous.as_ref(), self.n_by_hand)
    }

    /// What to record, in one commit.
    pub fn into_events(self) -> Vec<LedgerEvent> {
        let trained = u64::from(!self.model.is_imported());
        vec![
            LedgerEvent::Run(Box::new(self.model)),
            LedgerEvent::Decision(self.decision),
            LedgerEvent::Counted { counter: Counter::Trainings, n: trained },
        ]
    }
}

/// A finished training, with all that another comparison needs.
#[derive(Debug)]
pub struct FinishedTraining {
    plan: TrainingPlan,
    run: FinishedRun,
    trained: TrainedModel,
}

impl FinishedTraining {
    /// Decides as things stood when the training started.
    pub(super) fn new(
        plan: TrainingPlan,
        run: FinishedRun,
        context: &TrainingContext<'_>,
    ) -> Result<Self, WorkflowError> {
        let trained = decided(&plan, &run, &plan.incumbent, context)?;
        Ok(Self { plan, run, trained })
    }

    /// A recorded model that was made once more: what was decided on it stands, and its page is written again.
    pub(super) fn again(
        plan: TrainingPlan,
        run: FinishedRun,
        recorded: RecordedModel,
        context: &TrainingContext<'_>,
    ) -> Self {
        page_of(&plan, &run, &recorded.decision, context);
        let n_by_hand = plan.incumbent.n_by_hand;
        Self { plan, run, trained: TrainedModel { model: recorded.model, decision: recorded.decision, n_by_hand } }
    }

    /// Whether it is a recorded model that was made once more, so that there is nothing to record.
    pub fn is_recorded(&self) -> bool {
        self.plan.recorded.is_some()
    }

    /// Decides as things stand now.
    ///
    /// # Errors
    /// [`WorkflowError::Stopped`]; a network that cannot be used.
    pub fn decide_again(&mut self, incumbent: &Incumbent, context: &TrainingContext<'_>) -> Result<(), WorkflowError> {
        tracing::info!(dataset = %self.plan.dataset, "Best model changed during the training; the decision is repeated");
        self.trained = decided(&self.plan, &self.run, incumbent, context)?;
        Ok(())
    }

    /// Of which dataset.
    pub fn dataset(&self) -> &DatasetName {
        &self.plan.dataset
    }

    /// The model and the decision on it.
    pub fn model(&self) -> &TrainedModel {
        &self.trained
    }
}

/// Measures, decides, and writes the page that says so.
fn decided(
    plan: &TrainingPlan,
    run: &FinishedRun,
    incumbent: &Incumbent,
    context: &TrainingContext<'_>,
) -> Result<TrainedModel, WorkflowError> {
    let rival = rival(plan, incumbent, &run.predictions, context)?;
    let chosen = incumbent.n_by_hand > plan.incumbent.n_by_hand;
    let decision = promotion::decide(context.settings.promotion, &run.model, &rival, chosen, context.settings.clock);
    page_of(plan, run, &decision, context);
    Ok(TrainedModel { model: run.model.clone(), decision, n_by_hand: incumbent.n_by_hand })
}

/// The model is there; a page that cannot be written does not undo it.
fn page_of(plan: &TrainingPlan, run: &FinishedRun, decision: &Decision, context: &TrainingContext<'_>) {
    let truth = ground_truth(plan, &run.model, context);
    if let Err(error) = write_page(plan, context.settings, run, (decision, truth.as_ref())) {
        (context.failed)(FailedWork::of(Work::Page, &run.model.run_id, &error));
    }
}

/// Measures the best model on those of the candidate's validation images that it did not learn from.
fn rival(
    plan: &TrainingPlan,
    incumbent: &Incumbent,
    predictions: &ImagePredictions,
    context: &TrainingContext<'_>,
) -> Result<IncumbentMeasurement, WorkflowError> {
    let Some(best) = &incumbent.best else { return Ok(IncumbentMeasurement::None) };
    if best.job_hash == plan.job_hash && !best.unread.is_empty() {
        let why = "was trained on the same images, while some of them could not be read".to_owned();
        return Ok(IncumbentMeasurement::Incomparable(best.run_id.clone(), why));
    }
    let (samples, non_content) = (plan.images(), plan.non_content());
    let train_job = plan.train_job(context.settings, &samples, &non_content, Augmented::Expand(&[]));
    let run_dir = Workspace::new(&context.settings.state_dir).run(&best.dataset, &best.run_id);
    if !train::trained_on(&run_dir).is_disjoint(&incumbent.forgotten) {
        let why = "learned from images that were forgotten since".to_owned();
        return Ok(IncumbentMeasurement::Incomparable(best.run_id.clone(), why));
    }
    match measured(best, &train_job, predictions, context) {
        Ok(rival) => Ok(rival),
        Err(TrainError::Stopped(stopped)) => Err(stopped.into()),
        Err(error) => {
            tracing::warn!(dataset = %plan.dataset, %error, "Best model not measured");
            Ok(IncumbentMeasurement::Unmeasured(best.run_id.clone(), error.to_string()))
        }
    }
}

fn measured(
    best: &ModelRecord,
    train_job: &TrainJob<'_>,
    predictions: &ImagePredictions,
    context: &TrainingContext<'_>,
) -> Result<IncumbentMeasurement, TrainError> {
    let run = best.run_id.clone();
    let gone = |error: &dyn Display| format!("cannot be read any more ({error})");
    let engine = match context.engines.of_model(&best.backbone_detail) {
        Ok(engine) => engine,
        Err(error @ NnError::NoWeights { .. }) => return Ok(IncumbentMeasurement::Incomparable(run, gone(&error))),
        Err(error) => return Err(error.into()),
    };
    let run_dir = Workspace::new(&context.settings.state_dir).run(&best.dataset, &best.run_id);
    let head = match Head::load(&run_dir, &best.head) {
        Ok(head) => head,
        Err(error) => return Ok(IncumbentMeasurement::Incomparable(run, gone(&error))),
    };
    let right = if best.backbone_detail.has_usual_input() {
        train::measure(&head, train_job, &engine, context.stop)?
    } else {
        let reader = train_job.reader.clone().scaled(best.scaled_jpeg);
        let predictor = ModelPredictor { head: &head, backbone: &best.backbone_detail, engine: &engine, reader };
        predictor.measure(train_job, context.stop)?
    };
    let Some(mut right) = right else {
        return Ok(IncumbentMeasurement::Incomparable(run, "has none of the dataset's current classes".to_owned()));
    };
    // Images change sides when groups or folders do.
    let learned = train::trained_on(&run_dir);
    right.retain(|hash, _| !learned.contains(hash));
    if right.is_empty() {
        return Ok(IncumbentMeasurement::Incomparable(
            run,
            "was trained on all images that it would be measured on".to_owned(),
        ));
    }
    Ok(IncumbentMeasurement::Measured(run, paired(predictions, &right).with_imported(best.is_imported())))
}

/// The candidate's answers beside those of the best model, image by image.
fn paired(predictions: &ImagePredictions, best: &BTreeMap<ContentHash, bool>) -> Comparison {
    let right = predictions.outputs.right();
    let both = predictions.images.iter().zip(right).filter_map(|(image, right)| Some((right, *best.get(image)?)));
    let (candidate, previous): (Vec<bool>, Vec<bool>) = both.unzip();
    Comparison::of(&candidate, &previous)
}

fn write_page(
    plan: &TrainingPlan,
    settings: &Settings,
    run: &FinishedRun,
    (decision, ground_truth): (&Decision, Option<&MapBenchmark>),
) -> Result<(), ReportError> {
    let FinishedRun { model, predictions, history, misclassified, .. } = run;
    let paths: BTreeMap<ContentHash, &str> =
        plan.samples.iter().map(|sample| (sample.hash, sample.path.as_str())).collect();
    let name = |image: &ContentHash| paths.get(image).map_or_else(String::new, shown);
    let names: Vec<String> = predictions.images.iter().map(name).collect();
    let page = RunReport {
        model,
        history,
        predictions: &predictions.outputs,
        images: &predictions.images,
        names: &names,
        misclassified,
        has_dataset_page: plan.root == settings.watch.inbox,
        decision,
        ground_truth,
    };
    report::write_run(&Workspace::new(&settings.state_dir).run(&model.dataset, &model.run_id), &page)
}
