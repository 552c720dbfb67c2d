//! Counters by the files that the counted work left: what they show at least, after journal and sled were both lost.
//!
//! Samples and quarantined files need no such thing: they are counted again as the inbox is read. Forwards leave no files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::de::IgnoredAny;

use crate::disk::Workspace;
use crate::domain::{Counter, Ledger, LedgerEvent};

/// What counts as lost, because no file shows it.
pub(super) const UNKNOWN: Counter = Counter::ImagesForwarded;

/// Events that raise the counters of copies and reports to what the files show.
pub(super) fn from_files(workspace: &Workspace, ledger: &Ledger) -> Vec<LedgerEvent> {
    let shown = [
        (Counter::CopiesWritten, n_copies(&workspace.datasets()) + n_copies(&workspace.outside())),
        (Counter::ScansExplained, named(&workspace.reports(), 3, "report.json").count() as u64),
    ];
    let missing = shown.into_iter().map(|(counter, n)| (counter, n.saturating_sub(ledger.counters[counter])));
    missing.filter(|(_, n)| *n > 0).map(|(counter, n)| LedgerEvent::Counted { counter, n }).collect()
}

/// Entries of the manifests, each of which names one copy.
fn n_copies(folder: &Path) -> u64 {
    named(folder, 2, "manifest.jsonl").map(|entry| n_lines(entry.path())).sum()
}

/// Files of that name, `depth` levels below `folder`; what cannot be read shows nothing.
fn named(folder: &Path, depth: usize, name: &'static str) -> impl Iterator<Item = walkdir::DirEntry> {
    let entries = walkdir::WalkDir::new(folder).min_depth(depth).max_depth(depth).into_iter().filter_map(Result::ok);
    entries.filter(move |entry| entry.file_type().is_file() && entry.file_name() == name)
}

fn n_lines(manifest: &Path) -> u64 {
    let Ok(file) = File::open(manifest) else { return 0 };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines.filter(|line| serde_json::from_str::<IgnoredAny>(line).is_ok()).count() as u64
}
