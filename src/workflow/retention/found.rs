//! What is there, how old and how large it is, and what of it exceeds the limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::needed::needed_runs;
use crate::augment;
use crate::config::Settings;
use crate::disk::Workspace;
use crate::domain::{
    Clock, DatasetName, Ledger, LedgerEvent, ModelRecord, RunId, Scan, ScanKey, ScanState, StoredItem,
};
use crate::report::{self, ReportError};

/// What is to be removed.
#[derive(Debug, Default)]
pub struct Exceeding {
    /// By folder, relative to that of all reports.
    pub(super) reports: Vec<StoredItem<String>>,
    /// Those of them that the ledger has.
    scans: Vec<ScanKey>,
    pub(super) runs: Vec<StoredItem<(DatasetName, RunId)>>,
    /// By dataset and the folder of its expansion.
    pub(super) copies: Vec<StoredItem<(DatasetName, PathBuf)>>,
}

/// Looks what exceeds the limits of `settings` at `now`.
///
/// # Errors
/// [`ReportError::List`] when the folder of reports cannot be listed.
pub fn find_exceeding(ledger: &Ledger, settings: &Settings, now: SystemTime) -> Result<Exceeding, ReportError> {
    let workspace = Workspace::new(&settings.state_dir);
    let limits = settings.retention;
    let mut found = Exceeding::default();
    if !limits.reports.is_off() {
        found.reports = limits.reports.exceeding(reports(&workspace)?, now);
        found.scans = scans_of(ledger, &found.reports);
    }
    if !limits.runs.is_off() {
        for runs in runs(ledger, &workspace).into_values() {
            found.runs.extend(limits.runs.exceeding(runs, now));
        }
        found.runs.extend(left_over(ledger, &workspace));
    }
    if !limits.copies.is_off() {
        found.copies = limits.copies.exceeding(copies(ledger, &workspace), now);
    }
    Ok(found)
}

impl Exceeding {
    /// Whether nothing is to be removed.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.runs.is_empty() && self.copies.is_empty()
    }

    /// What has to be recorded before anything is removed, dated by `clock`. Runs that are needed since it was looked stay.
    pub fn record(&mut self, ledger: &Ledger, clock: Clock) -> Vec<LedgerEvent> {
        let needed = needed_runs(ledger);
        self.runs.retain(|run| !needed.contains(&run.key));
        let scans = self.scans.iter().filter_map(|key| without_report(ledger.scans.get(key)?));
        let runs = self.runs.iter().filter_map(|run| ledger.runs.get(&run.key)).filter(|run| run.removed.is_none());
        let removed = |run: &ModelRecord| ModelRecord { removed: Some(clock.stamp()), ..run.clone() };
        scans.map(LedgerEvent::Scan).chain(runs.map(|run| LedgerEvent::Run(Box::new(removed(run))))).collect()
    }
}

/// `None` for a scan that has no report.
fn without_report(scan: &Scan) -> Option<Scan> {
    let ScanState::Explained { model, report, .. } = scan.state.clone() else { return None };
    Some(Scan { state: ScanState::Removed { model, report }, ..scan.clone() })
}

fn reports(workspace: &Workspace) -> Result<Vec<StoredItem<String>>, ReportError> {
    let item = |report: report::StoredReport| StoredItem {
        key: report.folder,
        made: report.written,
        number: 1,
        bytes: report.bytes,
        is_needed: false,
    };
    Ok(report::stored_reports(&workspace.reports())?.into_iter().map(item).collect())
}

fn scans_of(ledger: &Ledger, reports: &[StoredItem<String>]) -> Vec<ScanKey> {
    let folders: BTreeSet<&str> = reports.iter().map(|report| report.key.as_str()).collect();
    let is_in =
        |scan: &Scan| matches!(&scan.state, ScanState::Explained { report, .. } if folders.contains(report.as_str()));
    ledger.scans.iter().filter(|(_, scan)| is_in(scan)).map(|(key, _)| key.clone()).collect()
}

/// Runs whose files are not removed, by dataset.
fn runs(ledger: &Ledger, workspace: &Workspace) -> BTreeMap<DatasetName, Vec<StoredItem<(DatasetName, RunId)>>> {
    let needed = needed_runs(ledger);
    let mut runs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (key, model) in ledger.runs.iter().filter(|(_, model)| model.removed.is_none()) {
        let item = stored_run(model, workspace, needed.contains(key));
        runs.entry(key.0.clone()).or_default().push(item);
    }
    runs
}

/// Folders of runs whose removal was recorded and cut off.
fn left_over(ledger: &Ledger, workspace: &Workspace) -> Vec<StoredItem<(DatasetName, RunId)>> {
    let removed = ledger.runs.values().filter(|model| model.removed.is_some());
    let left = removed.filter(|model| workspace.run(&model.dataset, &model.run_id).exists());
    left.map(|model| stored_run(model, workspace, false)).collect()
}

fn stored_run(model: &ModelRecord, workspace: &Workspace, is_needed: bool) -> StoredItem<(DatasetName, RunId)> {
    let folder = workspace.run(&model.dataset, &model.run_id);
    StoredItem {
        key: (model.dataset.clone(), model.run_id.clone()),
        made: made(model, &folder),
        number: 1,
        bytes: size(&folder),
        is_needed,
    }
}

/// As recorded, or by its folder where the record has no time that can be read.
fn made(model: &ModelRecord, folder: &Path) -> SystemTime {
    let recorded = humantime::parse_rfc3339(&model.created).ok();
    recorded.or_else(|| modified(folder)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Copies of datasets in the inbox and elsewhere; they are as old as the last training that used them.
fn copies(ledger: &Ledger, workspace: &Workspace) -> Vec<StoredItem<(DatasetName, PathBuf)>> {
    let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let inside = below(workspace.datasets()).map(|entry| (entry.file_name().into_string().ok(), entry.path()));
    let outside = below(workspace.outside()).map(|entry| {
        let name = entry.file_name().into_string().ok();
        (name.and_then(|name| Some(name.rsplit_once('-')?.0.to_owned())), entry.path())
    });
    let all = inside.chain(outside).filter_map(|(name, folder)| Some((DatasetName::new(name?).ok()?, folder)));
    all.filter_map(|key| stored_copies(ledger, key)).collect()
}

/// `None` where there are no copies.
fn stored_copies(ledger: &Ledger, key: (DatasetName, PathBuf)) -> Option<StoredItem<(DatasetName, PathBuf)>> {
    let (number, bytes) = augment::stored_copies(&key.1);
    let trained = ledger.last_trained(&key.0).and_then(|model| humantime::parse_rfc3339(&model.created).ok());
    let made = trained.max(modified(&key.1.join("manifest.jsonl"))).unwrap_or(SystemTime::UNIX_EPOCH);
    (number > 0).then_some(StoredItem { key, made, number, bytes, is_needed: false })
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// Bytes of all files below `folder`.
fn size(folder: &Path) -> u64 {
    let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    files.filter(|file| file.file_type().is_file()).filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

#[cfg(test)]
mod tests;
