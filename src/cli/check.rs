//! `gradwatch check`: is the configuration right, and can its folders and its device be used?

mod places;

use std::path::Path;

use super::failure::{Exit, Failure};
use super::models::known;
use super::output;
use super::status;
use super::weights_in_use::WeightsInUse;
use crate::config::{Change, Settings, WeightsChoice};
use crate::disk::Workspace;
use crate::domain::vgg16::VGG16;
use crate::domain::{DatasetName, ModelRecord, Reexplanation};
use crate::nn;
use crate::registry::{Registry, RegistryError};
use crate::weights;
use crate::workflow;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Check only that the configuration is valid, and the weights file that it names
    #[arg(long)]
    configuration: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    if args.configuration {
        configured_weights(settings)?;
        output::line("The configuration is valid.");
        return Ok(());
    }
    let mut warnings = places::readable(&settings.watch.inbox)?;
    places::writable(&settings.state_dir)?;
    if settings.report.dicom {
        places::outbox(settings)?;
    }
    warnings.extend(places::key(&Workspace::new(&settings.state_dir))?);
    warnings.extend(places::shortage(&settings.state_dir, settings.reserve)?);
    configured_weights(settings)?;
    workflow::check_device(settings)?;
    output::line(&format!(
        "The configuration is valid; the inbox {} can be read and the state folder {} can be written.",
        settings.watch.inbox.display(),
        settings.state_dir.display()
    ));
    if settings.report.dicom {
        output::line(&format!("Results in DICOM can be written to {}.", settings.report.outbox.display()));
    }
    for warning in warnings {
        output::line(&format!("Warning: {warning}."));
    }
    trainings(settings)?;
    output::text(&again(settings)?);
    for (dataset, changes) in settings.configured() {
        output::text(&own_settings(dataset, changes, &settings.watch.inbox));
    }
    Ok(())
}

/// The weights file that the configuration names is there and can be used: what no waiting changes.
///
/// # Errors
/// It is not there: the configuration is wrong. Or it is no file of VGG16 weights.
pub(super) fn configured_weights(settings: &Settings) -> Result<(), Failure> {
    let WeightsChoice::File(path) = &settings.backbone.weights else { return Ok(()) };
    if !path.is_file() {
        let advice =
            "backbone.weights names a file that does not exist; give the path of a VGG16 weights file, or \"auto\"";
        return Err(Failure::new(Exit::Config, format!("`{}`: {advice}", path.display())));
    }
    Ok(weights::read_backbone(path, &VGG16).map(drop)?)
}

/// What the service will explain again while it has nothing else to do; nothing waits for it. A running service says what is left.
fn again(settings: &Settings) -> Result<String, Failure> {
    let (workspace, policy) = (Workspace::new(&settings.state_dir), settings.report.reexplain);
    if policy == Reexplanation::Never || !workspace.has_records()? {
        return Ok(String::new());
    }
    let n_scans = match Registry::open(&workspace, settings.clock) {
        Ok(registry) => registry.ledger().scans_to_explain_again(policy).len() as u64,
        Err(RegistryError::Locked(_)) => status::current(&workspace)?.queues.explain_again,
        Err(error) => return Err(error.into()),
    };
    let line = || format!("{n_scans} scan(s) to explain again (report.reexplain = \"{policy}\").\n");
    Ok(if n_scans > 0 { line() } else { String::new() })
}

/// Whether every dataset can be trained, and explained with its best model.
fn trainings(settings: &Settings) -> Result<(), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    let models = known(&workspace, settings.clock, None)?;
    let best: Vec<&ModelRecord> = models.iter().filter(|model| model.best).map(|model| &model.record).collect();
    let unusable = best.iter().filter_map(|model| {
        let found = nn::check_weights(&model.backbone_detail, &settings.backbone, &workspace.weights());
        Some(format!("model {} of {}: {}", model.run_id, model.dataset, found.err()?))
    });
    let unusable: Vec<String> = unusable.collect();
    if !unusable.is_empty() {
        return Err(Failure::new(Exit::Data, unusable.join("; ")));
    }
    let in_use = WeightsInUse::find(settings)?;
    let has_model = |name: &str| best.iter().any(|model| model.dataset.as_str() == name);
    let untrained: Vec<String> = datasets(&settings.watch.inbox).into_iter().filter(|name| !has_model(name)).collect();
    if matches!(in_use, WeightsInUse::Several(_)) && !untrained.is_empty() {
        let message = format!("{} Waiting: {}", in_use.line(), untrained.join(", "));
        return Err(Failure::new(Exit::Config, message));
    }
    output::line(&in_use.line());
    Ok(())
}

/// Names of the inbox's datasets, sorted.
fn datasets(inbox: &Path) -> Vec<String> {
    let entries = inbox.join("datasets").read_dir().into_iter().flatten().filter_map(Result::ok);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// What holds for one dataset in place of what holds for all.
fn own_settings(dataset: &DatasetName, changes: &[Change], inbox: &Path) -> String {
    let absent = !inbox.join("datasets").join(dataset.as_str()).is_dir();
    let absent = if absent { " (not in the inbox)" } else { "" };
    if changes.is_empty() {
        return format!("Dataset {dataset}{absent}: same settings as all others.\n");
    }
    let line = |Change { key, value, otherwise }: &Change| format!("  {key} = {value}  (all others: {otherwise})\n");
    let lines: String = changes.iter().map(line).collect();
    format!("Dataset {dataset}{absent}:\n{lines}")
}
