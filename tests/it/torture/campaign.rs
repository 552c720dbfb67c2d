//! How large a sweep is, its points side by side, and the record of what came of them.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::bed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Part of every `make test`: several faults in a row on one scene.
    Few,
    /// `make torture`: each fault on a scene of its own, `GRADWATCH_TORTURE_POINTS` of them.
    Many,
}

/// What came of one point.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What was done where.
    pub(super) point: String,
    /// Whether the fault took place; else the point counts for nothing.
    pub(super) fired: bool,
    pub(super) problems: Vec<String>,
    /// From the fault's end until all was done, where a service waited for it, in seconds.
    pub(super) resumed_after: Option<f64>,
}

impl Size {
    /// Points of a sweep that has `few` in every `make test`.
    pub(super) fn points(self, few: usize) -> usize {
        let wanted = std::env::var("GRADWATCH_TORTURE_POINTS").ok().map(|text| text.parse().unwrap());
        if self == Self::Few { few } else { wanted.unwrap_or(200) }
    }

    /// A fault must be reported, and the work be resumed after its end, within this time. In `make test` other tests take the
    /// processor meanwhile, so that there is no judging of times, only of whether it resumes by itself.
    pub(super) fn limit(self) -> Duration {
        if self == Self::Few { bed::LIMIT } else { Duration::from_secs(30) }
    }

    /// Faults that follow one another on a scene before it is compared.
    pub(super) fn in_a_row(self) -> usize {
        if self == Self::Few { 3 } else { 1 }
    }
}

/// `work` of every item, on `n_threads` threads.
pub(super) fn side_by_side<T: Sync>(
    n_threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Vec<Outcome> + Sync,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut outcomes = Vec::new();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            outcomes.extend(work(item));
        }
        outcomes
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(take)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Prints the figures, writes them to `target/torture/NAME.json`, and fails where a point has problems or too few took place.
pub(super) fn judge(name: &str, outcomes: &[Outcome]) {
    let n_fired = outcomes.iter().filter(|outcome| outcome.fired).count();
    let bad: Vec<_> = outcomes.iter().filter(|outcome| !outcome.problems.is_empty()).collect();
    let slowest = outcomes.iter().filter_map(|outcome| outcome.resumed_after).fold(0.0, f64::max);
    let figures = format!(
        "| {name} | {} points | {n_fired} took place | {} with problems | resumed after at most {slowest:.1} s |",
        outcomes.len(),
        bad.len()
    );
    eprintln!("{figures}");
    record(name, outcomes);
    let lines = bad.iter().map(|outcome| format!("{}: {}", outcome.point, outcome.problems.join("; ")));
    let lines: Vec<_> = lines.collect();
    assert!(lines.is_empty(), "{figures}\n{}", lines.join("\n"));
    assert!(n_fired * 10 >= outcomes.len() * 9, "too few of the points took place: {figures}\n{}", missed(outcomes));
}

fn missed(outcomes: &[Outcome]) -> String {
    let missed = outcomes.iter().filter(|outcome| !outcome.fired).map(|outcome| outcome.point.clone());
    missed.collect::<Vec<_>>().join("\n")
}

fn record(name: &str, outcomes: &[Outcome]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("torture");
    fs::create_dir_all(&folder).unwrap();
    let points: Vec<_> = outcomes
        .iter()
        .map(|Outcome { point, fired, problems, resumed_after }| {
            json!({ "point": point, "fired": fired, "problems": problems, "resumed_after_seconds": resumed_after })
        })
        .collect();
    let text = serde_json::to_string_pretty(&json!({ "sweep": name, "points": points })).unwrap();
    fs::write(folder.join(format!("{}.json", name.replace(' ', "-"))), text).unwrap();
}
