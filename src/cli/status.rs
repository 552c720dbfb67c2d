//! `gradwatch status`: what the service is doing, or that it is not running. Needs no lock, and changes nothing.
//!
//! Exit code 0 whenever a status can be shown, also of a service that is not running: the output contains the state.

use std::time::Duration;

use super::failure::Failure;
use super::output;
use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{ContentHash, DatasetName};
use crate::service::control::{self, Answer, Question};
use crate::service::status::{
    self, BestModel, DatasetStatus, ErasureStatus, FailedEnd, FailedStatus, PhaseStatus, ServiceState, Status,
};

/// A service that has not reported for so long hangs.
const SILENCE: Duration = Duration::from_secs(60);
/// What was written within this time needs no asking: it says what is so.
const FRESH: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the complete status as JSON (schema gradwatch.status/1)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let status = current(&Workspace::new(&settings.state_dir))?;
    if args.json {
        output::json(&status);
    } else {
        output::text(&page(&status));
    }
    Ok(())
}

/// As it was written a moment ago; else the service is asked, because its disk may be full.
pub(super) fn current(workspace: &Workspace) -> Result<Status, Failure> {
    let written = status::read(workspace)?;
    if !is_alive(written.state) || written.age() < FRESH {
        return Ok(written);
    }
    match control::ask(workspace, &Question::Status) {
        Ok(Answer::Status { status }) => Ok(*status),
        // It hangs, or has no socket while it waits; what it wrote last says since when.
        _ => Ok(written),
    }
}

fn page(status: &Status) -> String {
    let mut lines = vec![headline(status)];
    lines.extend(status.waits_for.as_ref().map(|what| row("waits for", what)));
    lines.extend(status.phase.as_ref().filter(|_| is_alive(status.state)).map(|phase| row("now", &progress(phase))));
    lines.extend(status.failures.iter().map(|failed| row("failed", &failure(failed))));
    lines.extend(unlisted(status).map(|n| row("failed", &format!("{n} more"))));
    // A service of an older version names the last error alone.
    let last_error = status.last_error.as_ref().filter(|_| status.failures.is_empty() && status.end.is_none());
    lines.extend(last_error.map(|error| row("last error", error)));
    // The one that the state is about is named already.
    let others = status.waiting_files.iter().filter(|&waiting| status.waits_for.as_ref() != Some(waiting));
    lines.extend(others.map(|waiting| row("waiting", waiting)));
    lines.extend(status.erasure.iter().map(|pending| row("erasure", &erasure(pending))));
    lines.extend(status.skipped.iter().map(|skipped| row("skipped", skipped)));
    lines.extend(status.repairs.iter().map(|repair| row("repaired", repair)));
    let facts = [("inbox", &status.inbox), ("device", &status.device), ("backbone", &status.backbone)];
    lines.extend(facts.iter().filter(|(_, fact)| !fact.is_empty()).map(|(name, fact)| row(name, fact)));
    lines.extend(status.datasets.iter().map(|(name, dataset)| row("dataset", &summary(name, dataset))));
    let warnings = status.datasets.iter().flat_map(|(name, dataset)| dataset.warnings.iter().map(move |w| (name, w)));
    lines.extend(warnings.map(|(name, warning)| row("warning", &format!("{name}: {warning}"))));
    if status.state != ServiceState::NeverStarted {
        lines.push(row("queues", &queues(status)));
        lines.push(row("so far", &so_far(status)));
    }
    lines.join("\n") + "\n"
}

fn row(name: &str, text: &str) -> String {
    format!("  {name:<11}{text}")
}

fn headline(status: &Status) -> String {
    let (pid, since) = (status.pid, rounded(status.lasting()));
    match status.state {
        ServiceState::NeverStarted => "No service has run here yet; `gradwatch run` starts one.".to_owned(),
        ServiceState::Stopped => status.end.as_ref().map_or_else(
            || format!("The service is not running: it ended {since} ago; `gradwatch run` starts it again."),
            |end| failed_end(end, &since),
        ),
        ServiceState::Dead => format!(
            "The service is not running: process {pid} ended unexpectedly, its last report is {} old; `gradwatch run` resumes its work.",
            rounded(status.age())
        ),
        state if status.age() > SILENCE => format!(
            "The service (process {pid}) holds its lock, but has not written its status for {} and does not answer: the state folder cannot be written, or it hangs while {state}; see its log.",
            rounded(status.age())
        ),
        state => format!("The service (process {pid}) is {state}, since {since}."),
    }
}

fn failed_end(FailedEnd { reason, exit_code, had_started, restarts }: &FailedEnd, since: &str) -> String {
    let what = if *had_started { "ended" } else { "did not start" };
    let next = if *restarts { "the service manager starts it again" } else { "start it again when that is done" };
    format!("The service {what} (exit code {exit_code}, {since} ago): {reason}; {next}.")
}

fn is_alive(state: ServiceState) -> bool {
    !matches!(state, ServiceState::Stopped | ServiceState::Dead | ServiceState::NeverStarted)
}

fn failure(FailedStatus { work, n_failures, next_try }: &FailedStatus) -> String {
    let times = if *n_failures > 1 { format!("failed {n_failures} times, ") } else { String::new() };
    let next = next_try.as_ref().map_or_else(|| "no automatic retry".to_owned(), |at| format!("next attempt {at}"));
    format!("{work} ({times}{next})")
}

/// Failures beyond those that are listed.
fn unlisted(status: &Status) -> Option<u64> {
    status.queues.failed.checked_sub(status.failures.len() as u64).filter(|n| *n > 0)
}

fn progress(phase: &PhaseStatus) -> String {
    let PhaseStatus { name, unit, done, total, eta_seconds, remark } = phase;
    let left = eta_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let left = left.map_or_else(String::new, |left| format!(", about {} left", rounded(left)));
    let remark = if remark.is_empty() { String::new() } else { format!(" ({remark})") };
    format!("{name}: {done} of {total} {unit}{left}{remark}")
}

fn summary(name: &DatasetName, dataset: &DatasetStatus) -> String {
    let classes = dataset.classes.iter().map(|(class, n)| {
        let more = [(n.test, "test"), (n.excluded, "excluded"), (n.undecided, "new")];
        let more = more.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(" + {n} {what}"));
        format!("{class} {} training + {} validation{}", n.train, n.validation, more.collect::<String>())
    });
    let best = dataset.best.as_ref().map_or_else(
        || "no model yet".to_owned(),
        |BestModel { run_id, val_accuracy, .. }| match val_accuracy {
            Some(accuracy) => format!("best model {run_id}, validation accuracy {accuracy:.3}"),
            None => format!("best model {run_id}, not measured"),
        },
    );
    let due = if dataset.training_due { "; a training is due" } else { "" };
    format!("{name}: {}; {best}{due}", classes.collect::<Vec<_>>().join(", "))
}

/// The first images by their SHA-256, which is all that is left to name them by.
fn erasure(ErasureStatus { images, files, waits_for }: &ErasureStatus) -> String {
    const N_NAMED: usize = 3;
    let named: Vec<String> = images.iter().take(N_NAMED).map(ContentHash::short).collect();
    let more = if images.len() > N_NAMED { ", ..." } else { "" };
    let named = if named.is_empty() { String::new() } else { format!(" ({}{more})", named.join(", ")) };
    let files = if *files > 0 { format!(" and {}", output::counted(*files, "unreadable file")) } else { String::new() };
    let state = waits_for.as_ref().map_or_else(|| "being removed".to_owned(), |what| format!("waiting for {what}"));
    format!("{}{named}{files}: {state}", output::counted(images.len() as u64, "forgotten image"))
}

fn queues(status: &Status) -> String {
    let queues = status.queues;
    format!(
        "{} file(s) arriving, {} image(s) waiting for a training, {} scan(s) waiting{}{}",
        queues.arrivals,
        queues.untrained,
        queues.scans,
        again(queues.explain_again),
        obsolete(queues.obsolete_reports)
    )
}

fn again(n_scans: u64) -> String {
    match n_scans {
        0 => String::new(),
        n => format!(", {n} scan(s) to explain again"),
    }
}

fn obsolete(n_reports: u64) -> String {
    match n_reports {
        0 => String::new(),
        n => format!(", {n} report(s) of a class that no longer exists"),
    }
}

fn so_far(status: &Status) -> String {
    let counts = status.counters.iter().map(|(counter, n)| format!("{n} {}", counter.phrase()));
    counts.collect::<Vec<_>>().join(", ")
}

/// Whole seconds, at most two units: `1h 12m`.
fn rounded(duration: Duration) -> String {
    let text = humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClassName, RunId};
    use crate::service::status::ClassStatus;
    use crate::workflow::{FailedWork, Fault, Work};

    fn status(state: ServiceState) -> Status {
        let mut status = Status::starting("/srv/watch");
        status.state = state;
        status.pid = 42;
        let best =
            BestModel { run_id: RunId::new("0003-cafe").unwrap(), val_accuracy: Some(0.925), created: String::new() };
        let classes = [(
            ClassName::new("covid").unwrap(),
            ClassStatus { train: 40, validation: 10, test: 7, excluded: 0, undecided: 2 },
        )];
        let dataset =
            DatasetStatus { classes: classes.into(), best: Some(best), training_due: true, warnings: Vec::new() };
        status.datasets.insert(DatasetName::new("xray").unwrap(), dataset);
        status
    }

    #[test]
    fn a_file_that_is_waited_for_is_named_once() {
        let files = ["`a.png`: the png file is truncated", "`b.png`: the png file is truncated"].map(str::to_owned);
        let mut status = status(ServiceState::Settling);
        status.waits_for = Some(files[0].clone());
        status.waiting_files = files.to_vec();
        let page = page(&status);
        assert_eq!((page.matches("`a.png`").count(), page.matches("`b.png`").count()), (1, 1), "{page}");
    }

    #[test]
    fn a_page_says_what_is_done_and_what_is_waited_for() {
        let mut status = status(ServiceState::Training);
        status.phase = Some(PhaseStatus {
            name: "features".to_owned(),
            unit: "images".to_owned(),
            done: 12,
            total: 250,
            eta_seconds: Some(75.4),
            remark: String::new(),
        });
        status.waits_for = Some("5 more images, or a pause of 30s".to_owned());
        let page = page(&status);
        for line in [
            "The service (process 42) is training, since 0s.",
            "  waits for  5 more images, or a pause of 30s",
            "  now        features: 12 of 250 images, about 1m 15s left",
            "  dataset    xray: covid 40 training + 10 validation + 7 test + 2 new; best model 0003-cafe, validation accuracy 0.925; a training is due",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn a_page_names_an_erasure_that_is_not_done_by_hashes_alone() {
        let images: Vec<ContentHash> = (0..4_u8).map(|n| ContentHash::of(&[n])).collect();
        let line = |n: usize, files, waits_for: Option<&str>| {
            erasure(&ErasureStatus { images: images[..n].to_vec(), files, waits_for: waits_for.map(str::to_owned) })
        };
        let [one, two, three] = [0, 1, 2].map(|n: usize| images[n].short());
        assert_eq!(line(1, 0, None), format!("1 forgotten image ({one}): being removed"));
        assert_eq!(
            line(4, 2, Some("files that are being read")),
            format!(
                "4 forgotten images ({one}, {two}, {three}, ...) and 2 unreadable files: waiting for files that are being read"
            )
        );
    }

    #[test]
    fn a_page_says_what_failed_and_when_it_is_tried_again() {
        let mut status = status(ServiceState::Waiting);
        let work = FailedWork::new(Work::Training, "xray", Fault::Io, "the disk is full; free some space");
        let failed = FailedStatus { work, n_failures: 3, next_try: Some("2026-01-02T03:04:05Z".to_owned()) };
        let for_good = FailedStatus { n_failures: 1, next_try: None, ..failed.clone() };
        status.failures = vec![failed, for_good];
        status.queues.failed = 9;
        let page = page(&status);
        for line in [
            "  failed     the training of `xray`: the disk is full; free some space (failed 3 times, next attempt 2026-01-02T03:04:05Z)",
            "  failed     the training of `xray`: the disk is full; free some space (no automatic retry)",
            "  failed     7 more",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn a_failed_end_says_why_and_what_follows() {
        let mut status = status(ServiceState::Stopped);
        let reason = "the disk is full; free some space".to_owned();
        status.last_error = Some(reason.clone());
        status.end = Some(FailedEnd { reason, exit_code: 74, had_started: false, restarts: true });
        let page = page(&status);
        let expected = "The service did not start (exit code 74, 0s ago): the disk is full; free some space; the service manager starts it again.";
        assert_eq!(page.lines().next().unwrap(), expected);
        assert!(!page.contains("last error"), "{page}");
    }

    #[test]
    fn dead_and_hanging_services_are_distinguished() {
        let mut status = status(ServiceState::Dead);
        assert!(headline(&status).contains("ended unexpectedly"));
        status.state = ServiceState::Idle;
        status.updated = "2026-01-02T03:04:05Z".to_owned();
        assert!(headline(&status).contains("it hangs while idle"), "{}", headline(&status));
    }
}
