//! `gradwatch models`: the trained models, from the registry, or from the service while it holds the registry.

mod import;
mod known;

pub(super) use known::known;

use super::failure::{Exit, Failure};
use super::{output, shortcuts};
use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ClassName, Clock, DatasetName, LedgerEvent, ModelRecord};
use crate::head::Head;
use crate::registry::{Registry, RegistryError};
use crate::service::control::{self, Answer, Choice, ControlError, ListedModel, Question};
use crate::stats::{Confusion, wilson_interval};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ModelsCommand {
    /// List all models; the best model of each dataset is marked
    List {
        /// Only models of this dataset
        #[arg(long, value_name = "NAME")]
        dataset: Option<String>,

        /// Print a JSON array with the complete record of each model
        #[arg(long)]
        json: bool,
    },
    /// Show the record of one model
    Show {
        /// Run ID, as printed by `models list`; DATASET/RUN if several datasets have a run of that ID
        run: String,

        /// Print the complete record as JSON
        #[arg(long)]
        json: bool,
    },
    /// Import a complete Keras model (.h5 or .keras): VGG16 and the layers above it
    Import(import::Args),
    /// Promote a model: make it the best model of its dataset, without a comparison
    Promote {
        /// Run ID, as printed by `models list`; DATASET/RUN if several datasets have a run of that ID
        run: String,
    },
    /// Roll back: return from the best model of a dataset to the model that it replaced
    Rollback {
        /// Run ID of the best model; DATASET/RUN if several datasets have a run of that ID
        run: String,
    },
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    match &args.command {
        ModelsCommand::List { dataset, json } => {
            let dataset = dataset.as_deref().map(DatasetName::new).transpose();
            let models = known(&workspace, settings.clock, dataset.map_err(|error| Failure::new(Exit::Usage, error))?)?;
            if *json {
                output::json(&models);
            } else {
                output::text(&table(&models));
            }
        }
        ModelsCommand::Import(args) => import::run(args, settings)?,
        ModelsCommand::Show { run, json } => {
            let model = one(known(&workspace, settings.clock, None)?, run)?;
            if *json {
                output::json(&model);
            } else {
                output::text(&detail(&model, &workspace));
            }
        }
        ModelsCommand::Promote { run } => choose(&workspace, settings.clock, run, Choice::Promote)?,
        ModelsCommand::Rollback { run } => choose(&workspace, settings.clock, run, Choice::RollBack)?,
    }
    Ok(())
}

/// Records by hand which model is the best one, after a look at its layer: one that is damaged cannot explain anything.
fn choose(workspace: &Workspace, clock: Clock, run: &str, choice: Choice) -> Result<(), Failure> {
    let listed = one(known(workspace, clock, None)?, run)?;
    let (learned_forgotten, model) = (learned_forgotten(&listed), listed.record);
    if let Some(reason) = model.files_removed() {
        return Err(Failure::new(Exit::Data, reason));
    }
    let ModelRecord { dataset, run_id, head, .. } = model;
    if choice == Choice::Promote {
        Head::load(&workspace.run(&dataset, &run_id), &head).map_err(|error| Failure::new(Exit::Data, error))?;
    }
    let decision = match Registry::open(workspace, clock) {
        Ok(mut registry) => {
            let decision = choice.decide(registry.ledger(), &dataset, &run_id, clock);
            let decision = decision.map_err(|reason| Failure::new(Exit::Usage, reason))?;
            registry.commit(vec![LedgerEvent::Decision(decision.clone())])?;
            decision
        }
        Err(RegistryError::Locked(_)) => {
            match control::ask(workspace, &Question::Choose { dataset, run_id, choice })? {
                Answer::Chosen { decision } => *decision,
                other => return Err(ControlError::Unexpected(Box::new(other)).into()),
            }
        }
        Err(error) => return Err(error.into()),
    };
    output::line(&format!(
        "Model {} is the best model of {} now: {}.",
        decision.run_id, decision.dataset, decision.reason
    ));
    if let Some(warning) = learned_forgotten {
        output::line(&format!("Warning: {warning}"));
    }
    Ok(())
}

/// The model that explains: the one that `run` names, else the best model of `dataset`, or of the only dataset.
pub(super) fn explaining_model(
    settings: &Settings,
    run: Option<&str>,
    dataset: Option<&str>,
) -> Result<ModelRecord, Failure> {
    let dataset = dataset.map(DatasetName::new).transpose().map_err(|error| Failure::new(Exit::Usage, error))?;
    let models = known(&Workspace::new(&settings.state_dir), settings.clock, dataset)?;
    if let Some(run) = run {
        let model = one(models, run)?.record;
        return model.files_removed().map_or(Ok(model), |reason| Err(Failure::new(Exit::Data, reason)));
    }
    let mut best: Vec<_> = models.into_iter().filter(|model| model.best).map(|model| model.record).collect();
    match (best.pop(), best.as_slice()) {
        (Some(only), []) => Ok(only),
        (Some(last), others) => {
            let names: Vec<_> = others.iter().chain([&last]).map(|model| model.dataset.to_string()).collect();
            let message = format!("several datasets have a model; choose one with --dataset ({})", names.join(", "));
            Err(Failure::new(Exit::Usage, message))
        }
        (None, _) => Err(Failure::new(
            Exit::NoInput,
            "there is no model yet; put images of two classes into the inbox and start `gradwatch run`, or use `gradwatch train`",
        )),
    }
}

/// The one model that `wanted` names: `RUN` or `DATASET/RUN`.
fn one(models: Vec<ListedModel>, wanted: &str) -> Result<ListedModel, Failure> {
    let full_name = |model: &ListedModel| format!("{}/{}", model.record.dataset, model.record.run_id);
    let is_meant = |model: &ListedModel| model.record.run_id.as_str() == wanted || full_name(model) == wanted;
    let mut found: Vec<_> = models.into_iter().filter(is_meant).collect();
    let names: Vec<_> = found.iter().map(full_name).collect();
    match (found.pop(), found.is_empty()) {
        (Some(model), true) => Ok(model),
        (Some(_), false) => {
            let message = format!("several datasets have a model `{wanted}`; write one of {}", names.join(", "));
            Err(Failure::new(Exit::Usage, message))
        }
        (None, _) => {
            let message =
                format!("there is no model `{}`; `gradwatch models list` lists the models", wanted.escape_debug());
            Err(Failure::new(Exit::NoInput, message))
        }
    }
}

fn table(models: &[ListedModel]) -> String {
    if models.is_empty() {
        return "No model yet; `gradwatch run` trains one as soon as a dataset has images of two classes.\n".to_owned();
    }
    let head = ["DATASET", "RUN", "", "ACCURACY", "95 % INTERVAL", "VALIDATION", "TRAINED"].map(str::to_owned);
    let rows: Vec<_> = [head].into_iter().chain(models.iter().map(cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn cells(model: &ListedModel) -> [String; 7] {
    let record = &model.record;
    [
        record.dataset.to_string(),
        record.run_id.to_string(),
        mark(model).to_owned(),
        accuracy(record),
        interval(&record.confusion),
        record.confusion.total().to_string(),
        if record.is_imported() { format!("imported {}", record.created) } else { record.created.clone() },
    ]
}

fn mark(model: &ListedModel) -> &'static str {
    match (model.best, &model.record.removed) {
        (true, _) => "best",
        (false, Some(_)) => "removed",
        (false, None) => "",
    }
}

/// The weights of a model stay as they are when an image is forgotten.
fn learned_forgotten(model: &ListedModel) -> Option<String> {
    let images = output::counted(model.forgotten_images, "image");
    (model.forgotten_images > 0).then(|| {
        format!(
            "The model learned from {images} that `gradwatch forget` erased since; a training makes one that did not."
        )
    })
}

fn accuracy(record: &ModelRecord) -> String {
    record.measured_accuracy().map_or_else(|| "not measured".to_owned(), |accuracy| format!("{accuracy:.3}"))
}

fn interval(confusion: &Confusion) -> String {
    if confusion.total() == 0 {
        return String::new();
    }
    let interval = wilson_interval(confusion.correct(), confusion.total());
    format!("{:.3} to {:.3}", interval.low, interval.high)
}

fn measured(share: f64, confusion: &Confusion) -> String {
    let (hits, n) = (confusion.correct(), confusion.total());
    if n == 0 {
        return "not measured".to_owned();
    }
    format!("{share:.3} ({hits} of {n} correct, 95 % interval {})", interval(confusion))
}

fn detail(model: &ListedModel, workspace: &Workspace) -> String {
    let record = &model.record;
    let best = if model.best { ", the best model" } else { "" };
    let mut lines = vec![format!("Model {} of {}{best}", record.run_id, record.dataset)];
    let mut row = |name: &str, text: String| lines.push(format!("  {name:<12}{text}"));
    row("accuracy", measured(record.val_accuracy, &record.confusion));
    if let Some(test) = &record.test {
        row("test", measured(test.confusion.accuracy(), &test.confusion));
    }
    if let Some(audit) = &record.shortcuts {
        row("shortcuts", shortcuts::summary(audit));
        audit.warning().into_iter().for_each(|warning| row("warning", warning));
    }
    if let Some(check) = &record.map_check {
        check.sentences().into_iter().for_each(|sentence| row("maps", sentence));
        check.warnings().into_iter().for_each(|warning| row("warning", warning));
    }
    for warning in record.data_warnings.iter().cloned().chain(learned_forgotten(model)) {
        row("warning", warning);
    }
    if record.measured_accuracy().is_some() {
        row("loss", format!("{:.4} on validation", record.val_loss));
    }
    let is_imported = record.is_imported();
    if is_imported {
        row("classes", record.classes.iter().map(ClassName::as_str).collect::<Vec<_>>().join(", "));
    }
    for (index, class) in record.classes.iter().enumerate().filter(|_| !is_imported) {
        let count = record.counts.get(class).copied().unwrap_or_default();
        let found = record.confusion.rows().get(index).and_then(|row| row.get(index)).copied().unwrap_or_default();
        row(
            "class",
            format!(
                "{class}: {} training, {} validation, {found} of them correct{}",
                count.train,
                count.validation,
                if count.test > 0 { format!("; {} test", count.test) } else { String::new() }
            ),
        );
    }
    if !is_imported {
        let seconds = record.train_seconds.map_or_else(String::new, |seconds| format!(", {seconds:.1} s"));
        row("training", format!("epoch {} of {} saved{seconds}", record.epoch, record.epochs_run));
        row("copies", record.copies.to_string());
    }
    let weights = &record.backbone_detail;
    row("backbone", format!("{}, SHA-256 {}", record.backbone, weights.sha256));
    row("input", weights.input());
    if let Some(like) = &record.like {
        row("like", format!("trained on the network of model {like}"));
    }
    if is_imported {
        row("imported", format!("{} ({})", record.created, record.program));
    } else {
        row("trained", format!("{} by {}", record.created, record.program));
    }
    for decision in &model.decisions {
        let verb = if decision.promoted { "promoted" } else { "not promoted" };
        row("decision", format!("{} {verb}: {}", decision.at, decision.reason));
    }
    if let Some(at) = &record.removed {
        row("removed", format!("{at}, as configured in [retention]; only this record is left"));
        return lines.join("\n") + "\n";
    }
    row("folder", workspace.run(&record.dataset, &record.run_id).display().to_string());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<ListedModel> {
        let model = |dataset, id, best| ListedModel {
            best,
            decisions: Vec::new(),
            forgotten_images: 0,
            record: ModelRecord::example(dataset, id),
        };
        vec![model("hips", "0001-a", true), model("xray", "0001-a", false), model("xray", "0002-b", true)]
    }

    #[test]
    fn a_table_stands_in_columns() {
        let expected = "\
DATASET  RUN           ACCURACY  95 % INTERVAL   VALIDATION  TRAINED
hips     0001-a  best  0.667     0.208 to 0.939  3           2026-01-02T03:04:05Z
xray     0001-a        0.667     0.208 to 0.939  3           2026-01-02T03:04:05Z
xray     0002-b  best  0.667     0.208 to 0.939  3           2026-01-02T03:04:05Z
";
        assert_eq!(table(&listed()), expected);
        assert!(table(&[]).starts_with("No model yet"));
    }

    #[test]
    fn a_model_whose_files_were_removed_is_marked() {
        let [_, mut old, best] = <[ListedModel; 3]>::try_from(listed()).unwrap();
        old.record.removed = Some("2026-02-03T04:05:06Z".to_owned());
        assert_eq!((mark(&old), mark(&best)), ("removed", "best"));
        let detail = detail(&old, &Workspace::new("/state"));
        assert!(detail.contains("removed     2026-02-03T04:05:06Z") && !detail.contains("/state"), "{detail}");
    }

    #[test]
    fn a_model_is_named_by_its_run_or_in_full() {
        assert_eq!(one(listed(), "0002-b").unwrap().record.dataset.as_str(), "xray");
        assert_eq!(one(listed(), "hips/0001-a").unwrap().record.dataset.as_str(), "hips");
        let error = one(listed(), "0001-a").unwrap_err().to_string();
        assert!(error.ends_with("write one of hips/0001-a, xray/0001-a"), "{error}");
        let error = one(listed(), "0009").unwrap_err().to_string();
        assert!(error.starts_with("there is no model `0009`"), "{error}");
    }

    #[test]
    fn a_model_that_learned_from_forgotten_images_is_warned_of() {
        let [mut model, ..] = <[ListedModel; 3]>::try_from(listed()).unwrap();
        assert!(!detail(&model, &Workspace::new("/state")).contains("forget"));
        model.forgotten_images = 2;
        let detail = detail(&model, &Workspace::new("/state"));
        assert!(detail.contains("  warning     The model learned from 2 images that"), "{detail}");
    }

    #[test]
    fn detail_shows_the_measures_of_each_class() {
        let detail = detail(&listed()[2], &Workspace::new("/state"));
        for line in [
            "Model 0002-b of xray, the best model",
            "  accuracy    0.667 (2 of 3 correct, 95 % interval 0.208 to 0.939)",
            "  class       covid: 20 training, 5 validation, 1 of them correct",
            "  folder      /state/runs/xray/0002-b",
        ] {
            assert!(detail.lines().any(|found| found == line), "{line}\n{detail}");
        }
    }
}
