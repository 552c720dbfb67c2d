//! The ledger as rows of tables and back: which key an event touches, and what stands there afterwards.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{
    ContentHash, DatasetName, Decision, FileRecord, Ledger, LedgerEvent, ModelRecord, RunId, Sample, Scan,
};

use super::RegistryError;

/// One tree of sled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// By path.
    Files,
    /// By dataset and content.
    Samples,
    /// By dataset (or none) and content.
    Scans,
    /// By dataset and run.
    Runs,
    /// By dataset: the promoted run.
    Best,
    /// By number, from 0, in order of time.
    Decisions,
    /// One row.
    Counters,
}

impl Table {
    /// In the order of their discriminants.
    pub(super) const ALL: [Self; 7] =
        [Self::Files, Self::Samples, Self::Scans, Self::Runs, Self::Best, Self::Decisions, Self::Counters];

    /// sled's name of the tree.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Samples => "samples",
            Self::Scans => "scans",
            Self::Runs => "runs",
            Self::Best => "best",
            Self::Decisions => "decisions",
            Self::Counters => "counters",
        }
    }
}

/// What stands under some keys: a payload (JSON), or nothing any more.
pub(super) type Rows = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// The rows that `events` touched, as they stand in `ledger`, into which the events are already folded.
///
/// # Errors
/// [`RegistryError::Unwritable`] when a record cannot be written as JSON.
pub(super) fn rows(events: &[LedgerEvent], ledger: &Ledger) -> Result<Rows, RegistryError> {
    let mut rows = Rows::new();
    let n_new = events.iter().filter(|event| matches!(event, LedgerEvent::Decision(_))).count();
    let mut n_decisions = ledger.decisions.len().saturating_sub(n_new);
    for event in events {
        match event {
            LedgerEvent::File(FileRecord { path, .. }) | LedgerEvent::FileGone { path } => {
                put(&mut rows, Table::Files, path.clone().into_bytes(), ledger.files.get(path))?;
            }
            LedgerEvent::Sample(Sample { dataset, hash, .. }) | LedgerEvent::SampleGone { dataset, hash } => {
                let record = ledger.samples.get(&(dataset.clone(), *hash));
                put(&mut rows, Table::Samples, by_content(Some(dataset), *hash), record)?;
            }
            LedgerEvent::Scan(Scan { dataset, hash, .. }) | LedgerEvent::ScanGone { dataset, hash } => {
                let record = ledger.scans.get(&(dataset.clone(), *hash));
                put(&mut rows, Table::Scans, by_content(dataset.as_ref(), *hash), record)?;
            }
            LedgerEvent::Run(model) => {
                let record = ledger.runs.get(&(model.dataset.clone(), model.run_id.clone()));
                put(&mut rows, Table::Runs, by_run(&model.dataset, &model.run_id), record)?;
            }
            LedgerEvent::Decision(Decision { dataset, .. }) => {
                let key = (n_decisions as u64).to_be_bytes().to_vec();
                put(&mut rows, Table::Decisions, key, ledger.decisions.get(n_decisions))?;
                n_decisions += 1;
                let best = ledger.best.get_key_value(dataset);
                put(&mut rows, Table::Best, dataset.as_str().into(), best.as_ref())?;
            }
            LedgerEvent::Counted { .. } => put(&mut rows, Table::Counters, COUNTERS.into(), Some(&ledger.counters))?,
        }
    }
    Ok(rows)
}

const COUNTERS: &[u8] = b"all";

/// Names hold no control character, so the byte 0 ends them.
fn by_content(dataset: Option<&DatasetName>, hash: ContentHash) -> Vec<u8> {
    let name = dataset.map_or("", DatasetName::as_str);
    [name.as_bytes(), b"\0", hash.as_bytes()].concat()
}

fn by_run(dataset: &DatasetName, run: &RunId) -> Vec<u8> {
    [dataset.as_str(), "\0", run.as_str()].concat().into_bytes()
}

fn put(rows: &mut Rows, table: Table, key: Vec<u8>, record: Option<&impl Serialize>) -> Result<(), serde_json::Error> {
    rows.insert((table, key), record.map(serde_json::to_vec).transpose()?);
    Ok(())
}

/// Puts one payload of a table into `ledger`; rows of a table come in the order of their keys.
///
/// # Errors
/// The payload is not a record of that table.
pub(super) fn read_into(ledger: &mut Ledger, table: Table, payload: &[u8]) -> Result<(), serde_json::Error> {
    match table {
        Table::Files => ledger.apply(&LedgerEvent::File(record(payload)?)),
        Table::Samples => ledger.apply(&LedgerEvent::Sample(record(payload)?)),
        Table::Scans => ledger.apply(&LedgerEvent::Scan(record(payload)?)),
        Table::Runs => ledger.apply(&LedgerEvent::Run(Box::new(record(payload)?))),
        Table::Best => {
            let (dataset, run) = record(payload)?;
            ledger.best.insert(dataset, run);
        }
        Table::Decisions => ledger.decisions.push_back_mut(record(payload)?),
        Table::Counters => ledger.counters = record(payload)?,
    }
    Ok(())
}

fn record<T: DeserializeOwned>(payload: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(payload)
}

/// How many events [`retell`] gives, but for the few that count.
pub(super) fn n_retold(ledger: &Ledger) -> usize {
    let Ledger { files, samples, scans, runs, decisions, .. } = ledger;
    files.size() + samples.size() + scans.size() + runs.size() + decisions.len()
}

/// Events that fold into exactly `ledger`, starting from nothing.
pub(super) fn retell(ledger: &Ledger) -> Vec<LedgerEvent> {
    let runs = ledger.runs.values().cloned().map(|model: ModelRecord| LedgerEvent::Run(Box::new(model)));
    let decisions = ledger.decisions.iter().cloned().map(LedgerEvent::Decision);
    let files = ledger.files.values().cloned().map(LedgerEvent::File);
    let samples = ledger.samples.values().cloned().map(LedgerEvent::Sample);
    let scans = ledger.scans.values().cloned().map(LedgerEvent::Scan);
    let counted =
        ledger.counters.iter().filter(|(_, n)| *n > 0).map(|(counter, n)| LedgerEvent::Counted { counter, n });
    runs.chain(decisions).chain(files).chain(samples).chain(scans).chain(counted).collect()
}
