//! Journal, sled and files against each other: which of them is believed, and what the others then need.

use crate::disk::Workspace;
use crate::domain::{Clock, Counter, Ledger, LedgerEvent};

use super::journal::JournalContents;
use super::repairs::Repairs;
use super::store::{Found, Store};
use super::{RegistryError, Repair, records, recount, recover};

/// What is believed.
#[derive(Debug)]
pub(super) struct Truth {
    /// Everything known.
    pub(super) ledger: Ledger,
    /// The last commit in it.
    pub(super) seq: u64,
    /// Whether the journal has all of it.
    pub(super) journal_is_good: bool,
    /// What sled lacks.
    pub(super) store_needs: StoreNeeds,
}

/// How sled comes to hold the truth.
#[derive(Debug)]
pub(super) enum StoreNeeds {
    /// It does.
    Nothing,
    /// These events on top.
    Tail(Vec<LedgerEvent>),
    /// All of it, in a new database.
    Everything,
}

/// Believes sled when its inventory agrees, with what only the journal has on top; else the journal; else what can still be
/// read in sled. Where anything may be missing then, models are found again by their files.
///
/// # Errors
/// [`RegistryError::Unknown`] when a journal line that verifies cannot be understood; [`RegistryError::OldLayout`].
pub(super) fn reconcile(
    workspace: &Workspace,
    clock: Clock,
    journal: &JournalContents,
    found: Found,
    repairs: &mut Repairs,
) -> Result<Truth, RegistryError> {
    let mut truth = match found {
        Found::All { ledger, seq } if journal.continues(seq) => on_top_of_store(journal, ledger, seq)?,
        Found::All { .. } | Found::Nothing => repaired_from_journal(journal, repairs)?,
        Found::Damaged { ledger, seq, what } => {
            repairs.step(Repair::StoreDamaged { what });
            if journal.is_empty() { salvaged(ledger, seq, repairs) } else { repaired_from_journal(journal, repairs)? }
        }
        Found::OldLayout { seq } => converted(workspace, journal, seq)?,
    };
    let may_lack = !truth.journal_is_good && !matches!(truth.store_needs, StoreNeeds::Nothing);
    if may_lack || truth.seq == 0 {
        add_from_files(workspace, clock, &mut truth, repairs);
    }
    Ok(truth)
}

fn on_top_of_store(journal: &JournalContents, mut ledger: Ledger, seq: u64) -> Result<Truth, RegistryError> {
    let tail = journal.events_after(seq)?;
    for event in &tail {
        ledger.apply(event);
    }
    let journal_is_good = journal.is_complete() && journal.last_seq() >= seq;
    let store_needs = if tail.is_empty() { StoreNeeds::Nothing } else { StoreNeeds::Tail(tail) };
    Ok(Truth { ledger, seq: seq.max(journal.last_seq()), journal_is_good, store_needs })
}

/// All that the journal has, and of how many events.
fn from_journal(journal: &JournalContents) -> Result<(Truth, u64), RegistryError> {
    let events = journal.events_after(0)?;
    let mut ledger = Ledger::default();
    for event in &events {
        ledger.apply(event);
    }
    let store_needs = if events.is_empty() { StoreNeeds::Nothing } else { StoreNeeds::Everything };
    let truth = Truth { ledger, seq: journal.last_seq(), journal_is_good: journal.is_complete(), store_needs };
    Ok((truth, events.len() as u64))
}

fn repaired_from_journal(journal: &JournalContents, repairs: &mut Repairs) -> Result<Truth, RegistryError> {
    let (truth, n) = from_journal(journal)?;
    if n > 0 {
        repairs.step(Repair::FromJournal { n });
    }
    Ok(truth)
}

/// An upgrade is no damage, as long as the journal has everything; where it does not, only the older version can help.
fn converted(workspace: &Workspace, journal: &JournalContents, seq: u64) -> Result<Truth, RegistryError> {
    if journal.is_empty() || !journal.is_complete() || journal.last_seq() < seq {
        return Err(RegistryError::OldLayout { path: workspace.registry(), journal: workspace.journal() });
    }
    let (truth, n) = from_journal(journal)?;
    tracing::info!(events = n, "Registry written in the layout of this version, from the journal");
    Ok(truth)
}

fn salvaged(ledger: Ledger, seq: u64, repairs: &mut Repairs) -> Truth {
    repairs.step(Repair::Salvaged);
    Truth { ledger, seq: seq.max(1), journal_is_good: false, store_needs: StoreNeeds::Everything }
}

fn add_from_files(workspace: &Workspace, clock: Clock, truth: &mut Truth, repairs: &mut Repairs) {
    let is_damaged = matches!(truth.store_needs, StoreNeeds::Everything);
    let models = recover::from_files(workspace, clock, &truth.ledger);
    let counted = recount::from_files(workspace, &truth.ledger);
    // Copies alone are those of a training that was killed before its first commit.
    let has_reports = counted.iter().any(|event| matches!(count(event), Some((Counter::ScansExplained, _))));
    if !is_damaged && models.is_empty() && !has_reports {
        return;
    }
    let runs = models.iter().filter(|event| matches!(event, LedgerEvent::Run(_))).count() as u64;
    if runs > 0 {
        repairs.step(Repair::FromFiles { runs });
    }
    let events: Vec<_> = models.into_iter().chain(counted).collect();
    let shown = events.iter().filter_map(count).collect();
    repairs.step(Repair::Counters { shown, unknown: recount::UNKNOWN });
    if events.is_empty() {
        return;
    }
    for event in &events {
        truth.ledger.apply(event);
    }
    truth.seq = truth.seq.max(1);
    truth.journal_is_good = false;
    truth.store_needs = StoreNeeds::Everything;
}

fn count(event: &LedgerEvent) -> Option<(Counter, u64)> {
    match event {
        LedgerEvent::Counted { counter, n } => Some((*counter, *n)),
        _ => None,
    }
}

/// Brings sled to the truth.
///
/// # Errors
/// [`RegistryError::Store`], [`RegistryError::Disk`].
pub(super) fn bring_up(mut store: Store, truth: &Truth, repairs: &mut Repairs) -> Result<Store, RegistryError> {
    match &truth.store_needs {
        StoreNeeds::Nothing => Ok(store),
        StoreNeeds::Tail(tail) => {
            store.write(&records::records(tail, &truth.ledger)?, truth.seq)?;
            repairs.step(Repair::Replayed { n: tail.len() as u64 });
            Ok(store)
        }
        StoreNeeds::Everything => {
            let all = records::records(&records::restate(&truth.ledger), &truth.ledger)?;
            store.replace(&all, truth.seq, repairs)
        }
    }
}
