//! `gradwatch run`: the service, or one pass over everything present.

use std::sync::Arc;

use super::failure::{Exit, Failure};
use super::output;
use super::progress::TerminalProgress;
use crate::config::Settings;
use crate::daemon::{self, Mode, Summary};
use crate::domain::Counters;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Work off everything that is present, then exit
    #[arg(long)]
    once: bool,
}

pub(super) fn run(args: &Args, settings: Settings) -> Result<(), Failure> {
    if args.once {
        return once(settings).map(drop);
    }
    daemon::run(settings, Mode::Service, Arc::new(TerminalProgress::default()))?;
    Ok(())
}

/// Works off everything present, and tells what was done.
pub(super) fn once(settings: Settings) -> Result<Summary, Failure> {
    let summary = daemon::run(settings, Mode::Once, Arc::new(TerminalProgress::default()))?;
    if summary.stopped {
        return Err(Failure::new(Exit::TryLater, "stopped on request; finished work is kept, run again for the rest"));
    }
    tell(&summary);
    Ok(summary)
}

fn tell(summary: &Summary) {
    output::line(&done(summary));
    for model in &summary.best {
        output::line(&format!(
            "Best model of {}: {}, validation accuracy {:.3} ({} of {} right), {}.",
            model.dataset,
            model.run_id,
            model.val_accuracy,
            model.confusion.correct(),
            model.confusion.total(),
            model.backbone
        ));
    }
    for obstacle in &summary.obstacles {
        output::line(&format!("Waiting: {obstacle}."));
    }
    if summary.n_waiting_scans > 0 {
        output::line(&format!("Waiting: {} scan(s) for a first model.", summary.n_waiting_scans));
    }
    if let Some(gallery) = &summary.gallery {
        output::line(&format!("Reports: {}", gallery.display()));
    }
}

/// One sentence on what was done, or that there was nothing to do.
fn done(summary: &Summary) -> String {
    let Counters { samples, copies_written, trainings, scans_explained, quarantined, .. } = summary.done;
    let parts = [
        (samples, "labelled image(s) taken in"),
        (copies_written, "augmented copies written"),
        (trainings, "model(s) trained"),
        (scans_explained, "scan(s) explained"),
        (quarantined, "file(s) quarantined"),
    ];
    let done: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if done.is_empty() {
        "Nothing to do: everything is up to date.".to_owned()
    } else {
        format!("Done: {}.", done.join(", "))
    }
}
