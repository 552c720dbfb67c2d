//! The ledger as records for sled: under each key the event that states what is known there, as JSON.

use std::collections::BTreeMap;

use crate::domain::{ContentHash, DatasetName, FileRecord, Ledger, LedgerEvent, Sample, Scan};

use super::RegistryError;

/// The newest version of events, journal and sled's records that this program reads, and the one it writes. 2: an older program
/// would lose the facts of DICOM files, show their names, and let other files of a forgotten image in.
pub(super) const SCHEMA: u16 = 2;

/// What stands under some keys: an event as JSON, or nothing any more.
pub(super) type Records = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The records that `events` changed, as they are in `ledger`, into which the events are already folded.
///
/// # Errors
/// [`RegistryError::Unwritable`] when a record cannot be written as JSON.
pub(super) fn records(events: &[LedgerEvent], ledger: &Ledger) -> Result<Records, RegistryError> {
    let mut records = Records::new();
    let n_new = events.iter().filter(|event| matches!(event, LedgerEvent::Decision(_))).count();
    let mut n_decisions = ledger.decisions.len().saturating_sub(n_new) as u64;
    for event in events {
        n_decisions += u64::from(matches!(event, LedgerEvent::Decision(_)));
        records.insert(key_of(event, n_decisions), value_of(event, ledger)?);
    }
    Ok(records)
}

/// Decisions are numbered in order of time, because the best model of a dataset follows from the last one that promoted.
fn key_of(event: &LedgerEvent, n_decisions: u64) -> Vec<u8> {
    match event {
        LedgerEvent::File(FileRecord { path, .. }) | LedgerEvent::FileGone { path } => key("file", &[path.as_bytes()]),
        LedgerEvent::Sample(Sample { dataset, hash, .. })
        | LedgerEvent::FormerSample(Sample { dataset, hash, .. })
        | LedgerEvent::SampleGone { dataset, hash } => by_content("sample", Some(dataset), hash),
        LedgerEvent::Scan(Scan { dataset, hash, .. }) | LedgerEvent::ScanGone { dataset, hash } => {
            by_content("scan", dataset.as_ref(), hash)
        }
        LedgerEvent::Forgotten { hash, .. } | LedgerEvent::Readmitted { hash } => key("forgotten", &[hash.as_bytes()]),
        LedgerEvent::ErasureDue { hash } | LedgerEvent::ImageErased { hash } => key("unerased", &[hash.as_bytes()]),
        LedgerEvent::FileForgotten { path } | LedgerEvent::FileErased { path } => {
            key("forgotten-file", &[path.as_bytes()])
        }
        LedgerEvent::Run(model) => key("run", &[model.dataset.as_str().as_bytes(), model.run_id.as_str().as_bytes()]),
        LedgerEvent::Decision(_) => key("decision", &[&n_decisions.to_be_bytes()]),
        LedgerEvent::Counted { counter, .. } => key("counter", &[counter.name().as_bytes()]),
    }
}

fn value_of(event: &LedgerEvent, ledger: &Ledger) -> Result<Option<Vec<u8>>, serde_json::Error> {
    match event {
        LedgerEvent::FileGone { .. }
        | LedgerEvent::SampleGone { .. }
        | LedgerEvent::ScanGone { .. }
        | LedgerEvent::Readmitted { .. }
        | LedgerEvent::ImageErased { .. }
        | LedgerEvent::FileErased { .. } => Ok(None),
        LedgerEvent::Counted { counter, .. } => {
            let total = LedgerEvent::Counted { counter: *counter, n: ledger.counters[*counter] };
            serde_json::to_vec(&total).map(Some)
        }
        stated => serde_json::to_vec(stated).map(Some),
    }
}

/// No name holds the byte 0, so it ends them; a path comes last.
fn key(kind: &str, parts: &[&[u8]]) -> Vec<u8> {
    [&[kind.as_bytes()], parts].concat().join(&0)
}

fn by_content(kind: &str, dataset: Option<&DatasetName>, hash: &ContentHash) -> Vec<u8> {
    key(kind, &[dataset.map_or("", DatasetName::as_str).as_bytes(), hash.as_bytes()])
}

/// How many events [`restate`] gives, but for the few that count.
pub(super) fn n_restated(ledger: &Ledger) -> usize {
    let Ledger { files, samples, former_samples, scans, runs, decisions, forgotten, unerased, forgotten_files, .. } =
        ledger;
    forgotten.size()
        + unerased.size()
        + forgotten_files.size()
        + files.size()
        + samples.size()
        + former_samples.size()
        + scans.size()
        + runs.size()
        + decisions.len()
}

/// Events that fold into exactly `ledger`, starting from nothing.
pub(super) fn restate(ledger: &Ledger) -> Vec<LedgerEvent> {
    let runs = ledger.runs.values().cloned().map(|model| LedgerEvent::Run(Box::new(model)));
    let decisions = ledger.decisions.iter().cloned().map(LedgerEvent::Decision);
    let files = ledger.files.values().cloned().map(LedgerEvent::File);
    let samples = ledger.samples.values().cloned().map(LedgerEvent::Sample);
    let former = ledger.former_samples.values().cloned().map(LedgerEvent::FormerSample);
    let samples = samples.chain(former);
    let scans = ledger.scans.values().cloned().map(LedgerEvent::Scan);
    let forgotten = ledger.forgotten.iter();
    let forgotten =
        forgotten.map(|(hash, instance)| LedgerEvent::Forgotten { hash: *hash, instance: instance.clone() });
    let due = ledger.unerased.iter().map(|hash| LedgerEvent::ErasureDue { hash: *hash });
    let files_due = ledger.forgotten_files.iter().map(|path| LedgerEvent::FileForgotten { path: path.clone() });
    let forgotten = forgotten.chain(due).chain(files_due);
    let counted =
        ledger.counters.iter().filter(|(_, n)| *n > 0).map(|(counter, n)| LedgerEvent::Counted { counter, n });
    runs.chain(decisions).chain(files).chain(samples).chain(scans).chain(forgotten).chain(counted).collect()
}
