//! `gradwatch train`: one training on a class-folder dataset, outside the service.

mod ablation;
mod cross_validation;
mod dataset;
mod measures;

pub(super) use dataset::refuse_inbox;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::progress::TerminalProgress;
use super::{models, output, registering, shortcuts};
use crate::config::Settings;
use crate::disk::{TrainingLock, Workspace};
use crate::domain::{Counter, ModelRecord, StopFlag};
use crate::ingest::Groups;
use crate::privacy;
use crate::service;
use crate::workflow::{
    self, Engines, FailedWork, Incumbent, TrainedModel, TrainingContext, TrainingNetwork, TrainingPlan, Work,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with one folder of images per class, or with folders train, val and test that contain such folders
    #[arg(value_name = "DATASET_DIR")]
    dataset_dir: PathBuf,

    /// Name of the dataset [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// Train on the network of this model (its weights and preprocessing) instead of the configured one; DATASET/RUN if
    /// several datasets have a run of that ID
    #[arg(long, value_name = "RUN")]
    like: Option<String>,

    /// Cross-validate: train K times, each time without one part of the data, and measure on that part
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..=50))]
    folds: Option<u8>,

    /// Train with and without this component, all else equal, and compare; with --folds on held-out images
    #[arg(long, value_name = "WHAT")]
    ablate: Option<ablation::AblatedPart>,

    /// Print the model's record as JSON; with --folds or --ablate, the measures
    #[arg(long)]
    json: bool,
}

impl Args {
    /// What failed when nothing was trained, for the document that lists it.
    pub(super) fn listed_as(&self) -> Option<(Work, String)> {
        self.json.then(|| (Work::Training, self.dataset_dir.display().to_string()))
    }
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let stop = StopFlag::default();
    service::stop_on_signals(stop.clone(), || {}).map_err(|error| Failure::new(Exit::Io, error))?;
    workflow::check_device(settings)?;
    let progress = TerminalProgress::default();
    let engines = Engines::new(settings, &stop);
    let failures = RefCell::new(Vec::new());
    let failed = |work: FailedWork| {
        if !matches!(work.what, Work::Image | Work::Augmentation) {
            work.warn();
        }
        failures.borrow_mut().push(work);
    };
    let workspace = Workspace::new(&settings.state_dir);
    refuse_inbox(&args.dataset_dir, settings)?;
    let dataset = dataset::NamedDataset::new(&args.dataset_dir, args.dataset.as_deref())?;
    let own = settings.of(&dataset.name);
    let context =
        TrainingContext { settings: own, engines: &engines, stop: &stop, progress: &progress, failed: &failed };
    // Until the end: two trainings at once would remove each other's copies.
    let _lock = TrainingLock::take(&workspace, &dataset.name)?;
    let is_recorded = args.ablate.is_none() && args.folds.is_none();
    if is_recorded {
        dataset.refuse_anothers(&workspace, settings)?;
    }
    let own_pattern = settings.is_own(&dataset.name, "split.group_pattern");
    let like = args.like.as_deref().map(|run| models::explaining_model(settings, Some(run), None)).transpose()?;
    let like = like.as_ref().map(TrainingNetwork::like);
    let plan = plan(&dataset, (own_pattern, like), &workspace, &context)?;
    let n_folds = args.folds.map(usize::from);
    if let Some(what) = args.ablate {
        let found = workflow::ablate(&plan, what.into(), n_folds, &context)?;
        print(args.json, &found, ablation::table);
        return ended(&failures.take());
    }
    if let Some(n_folds) = n_folds {
        let found = workflow::cross_validate(&plan, n_folds, &context)?;
        print(args.json, &found, cross_validation::table);
        return ended(&failures.take());
    }
    dataset.note(&workspace)?;
    registering::prepare(&workspace, settings.clock)?;
    let n_copies = Cell::new(0);
    let mut finished = workflow::train_model(plan, &context, &|n| n_copies.set(n))?;
    let n_forwarded = engines.n_forwarded().unwrap_or(0);
    let work = [(Counter::CopiesWritten, n_copies.get()), (Counter::ImagesForwarded, n_forwarded)];
    let trained = finished.model().clone();
    let trained = registering::record(&workspace, settings.clock, trained, &work, &mut |incumbent| {
        finished.decide_again(incumbent, &context)?;
        Ok(finished.model().clone())
    })?;
    let failures = failures.take();
    if args.json {
        output::json(&Printed { model: &trained.model, failures: &failures });
    } else {
        print_result(&trained, &workspace);
    }
    ended(&failures)
}

/// What failed beside the work itself is an error all the same.
fn ended(failures: &[FailedWork]) -> Result<(), Failure> {
    Failure::of_work(failures).map_or(Ok(()), |failure| Err(failure.listed()))
}

/// The model's record, and what failed beside it.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    model: &'a ModelRecord,
    failures: &'a [FailedWork],
}

fn print<T: Serialize>(as_json: bool, found: &T, table: fn(&T) -> String) {
    if as_json { output::json(found) } else { output::text(&table(found)) }
}

/// Finds the images, decides their sides, and describes the training.
fn plan(
    named: &dataset::NamedDataset,
    (own_pattern, like): (bool, Option<TrainingNetwork>),
    workspace: &Workspace,
    context: &TrainingContext<'_>,
) -> Result<TrainingPlan, Failure> {
    let dataset::NamedDataset { root, name: dataset } = named.clone();
    privacy::use_dataset(&root);
    let settings = context.settings;
    let groups = Groups::read(&root, settings.split.group_pattern.as_ref());
    let groups = groups.map_err(|error| Failure::new(Exit::Data, error))?;
    let groups = (&groups, own_pattern);
    let key = privacy::site_key(workspace)?;
    let data = workflow::read_samples((&root, &key), &dataset, groups, settings, context.stop, context.progress)?;
    let split = workflow::split_samples(&dataset, data, settings);
    let (samples, warnings) = split.map_err(|obstacle| Failure::new(Exit::Data, obstacle))?;
    let known = models::known(workspace, settings.clock, Some(dataset.clone()))?;
    let best = known.iter().find(|model| model.best).map(|model| model.record.clone());
    let incumbent = Incumbent::new(best, known.iter().flat_map(|model| &model.decisions));
    let network = like.map_or_else(|| TrainingNetwork::of_dataset(incumbent.best.as_ref(), settings, workspace), Ok)?;
    let expansion = workspace.expansion_of(&dataset, &root);
    let runs = known.iter().map(|model| &model.record.run_id);
    let plan = TrainingPlan::new(dataset, samples, root, expansion, runs, (incumbent, network), settings);
    Ok(TrainingPlan { warnings, ..plan })
}

fn print_result(trained: &TrainedModel, workspace: &Workspace) {
    let TrainedModel { model, decision, .. } = trained;
    let (right, n) = (model.confusion.correct(), model.confusion.total());
    output::line(&format!(
        "Model {}: validation accuracy {:.3} ({right} of {n} correct).",
        model.run_id, model.val_accuracy
    ));
    if let Some(test) = &model.test {
        output::text(&measures::tested(test));
    }
    if let Some(audit) = &model.shortcuts {
        output::text(&shortcuts::table(audit));
    }
    if let Some(like) = &model.like {
        output::line(&format!("Trained on the network of model {like}: {}.", model.backbone));
    }
    let verdict = if decision.promoted { "It is the best model now" } else { "It does not replace the best model" };
    output::line(&format!("{verdict}: {}.", decision.reason));
    output::line(&format!("Files: {}", workspace.run(&model.dataset, &model.run_id).display()));
}
