//! `gradwatch run`: the service, or one pass over everything present.

use std::fs::File;
use std::sync::Arc;

use serde_json::{Value, json};

use super::failure::Failure;
use super::progress::TerminalProgress;
use super::{check, output};
use crate::config::{self, Overrides, Settings};
use crate::disk::Workspace;
use crate::domain::{Counter, ModelRecord};
use crate::service::{self, ReadSettings, Summary};
use crate::workflow::{FailedWork, Fault, Work};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Process everything present, then exit
    #[arg(long)]
    once: bool,

    /// Print one JSON document: completed work, waiting work, and each failure
    #[arg(long, requires = "once")]
    json: bool,
}

impl Args {
    /// What failed when there is no summary, for the document that lists it.
    pub(super) fn listed_as(&self) -> Option<(Work, String)> {
        self.json.then(|| (Work::Run, ".".to_owned()))
    }
}

/// `overrides` say where the settings were read from.
pub(super) fn run(args: &Args, settings: Settings, overrides: Overrides) -> Result<(), Failure> {
    let (workspace, reserve) = (Workspace::new(&settings.state_dir), settings.reserve);
    let outcome = if args.once { once(settings, args.json).map(drop) } else { serve(settings, overrides) };
    // With a summary it has ended as it should; and a single pass that made no state folder leaves none.
    let is_noted = !args.once || workspace.root().exists();
    if let Some(failure) = outcome.as_ref().err().filter(|failure| is_noted && !failure.is_listed()) {
        let (exit, reason) = (failure.exit(), failure.to_string());
        let restarts = service::has_service_manager() && !exit.is_final();
        service::note_failed_end(&workspace, reserve, &reason, exit as u8, restarts);
    }
    outcome
}

/// Runs the service. A configuration that no waiting makes right ends it before it starts.
fn serve(settings: Settings, overrides: Overrides) -> Result<(), Failure> {
    check::configured_weights(&settings)?;
    let read: ReadSettings = Box::new(move || {
        let settings = config::load(&overrides).map_err(|error| error.to_string())?;
        check::configured_weights(&settings).map_err(|failure| failure.to_string())?;
        Ok(settings)
    });
    // To a program of a terminal SIGHUP says that it was closed.
    let is_of_terminal = !service::has_service_manager() && File::open("/dev/tty").is_ok();
    let read = (!is_of_terminal).then_some(read);
    Ok(service::serve(settings, read, Arc::new(TerminalProgress::default()))?)
}

/// Processes everything present, and prints what was done, as JSON or text. Work that failed is an error, printed with
/// the rest.
pub(super) fn once(settings: Settings, as_json: bool) -> Result<Summary, Failure> {
    let state_dir = settings.state_dir.display().to_string();
    let outcome = service::run_once(settings, Arc::new(TerminalProgress::default()));
    let mut summary = outcome?;
    if summary.stopped {
        let message = "stopped on request, finished work is kept; run again to continue";
        summary.failures.push(FailedWork::new(Work::Run, state_dir, Fault::Later, message));
    }
    if as_json {
        print_json(&summary);
    } else {
        print_text(&summary);
    }
    Failure::of_work(&summary.failures).map_or(Ok(summary), |failure| Err(failure.listed()))
}

fn print_json(summary: &Summary) {
    let best: Vec<Value> = summary.best.iter().map(best).collect();
    output::json(&json!({
        "done": summary.done,
        "best": best,
        "waiting": summary.waiting,
        "skipped": summary.skipped,
        "warnings": summary.warnings,
        "failures": summary.failures,
        "gallery": summary.gallery,
    }));
}

fn best(model: &ModelRecord) -> Value {
    json!({
        "dataset": model.dataset,
        "run_id": model.run_id,
        "val_accuracy": model.measured_accuracy(),
        "n_right": model.confusion.correct(),
        "n_validation": model.confusion.total(),
        "backbone": model.backbone,
    })
}

fn print_text(summary: &Summary) {
    if let Some(sentence) = done(summary) {
        output::line(&sentence);
    }
    for model in &summary.best {
        let ModelRecord { dataset, run_id, confusion, backbone, .. } = model;
        let measured = model.measured_accuracy().map_or_else(
            || "not measured".to_owned(),
            |accuracy| {
                format!("validation accuracy {accuracy:.3} ({} of {} correct)", confusion.correct(), confusion.total())
            },
        );
        output::line(&format!("Best model of {dataset}: {run_id}, {measured}, {backbone}."));
    }
    for reason in &summary.waiting {
        output::line(&format!("Waiting: {reason}."));
    }
    for reason in &summary.skipped {
        output::line(&format!("Skipped: {reason}."));
    }
    for (dataset, warning) in summary.warnings.iter().flat_map(|(of, all)| all.iter().map(move |one| (of, one))) {
        output::line(&format!("Warning: dataset {dataset}: {warning}."));
    }
    // The error that ended the whole run is printed on stderr only.
    for failed in summary.failures.iter().filter(|failed| failed.what != Work::Run) {
        output::line(&format!("Failed: {failed}."));
    }
    if let Some(gallery) = &summary.gallery {
        output::line(&format!("Reports: {}", gallery.display()));
    }
}

/// One sentence on what was done, or that there was nothing to do; none where work waits or failed and nothing was done.
fn done(summary: &Summary) -> Option<String> {
    // Forwards are effort, which each of the others needed; they are no result.
    let results = summary.done.iter().filter(|(counter, n)| *n > 0 && *counter != Counter::ImagesForwarded);
    let done: Vec<_> = results.map(|(counter, n)| format!("{n} {}", counter.phrase())).collect();
    if !done.is_empty() {
        return Some(format!("Done: {}.", done.join(", ")));
    }
    let undone = !summary.waiting.is_empty() || !summary.failures.is_empty();
    (!undone).then(|| "Nothing to do: no new or changed images or scans.".to_owned())
}
