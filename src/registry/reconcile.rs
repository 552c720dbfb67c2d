//! Journal, sled and files against each other: which of them is believed, and what the others then need.

use crate::disk::Workspace;
use crate::domain::{Clock, Ledger, LedgerEvent};

use super::journal::Scroll;
use super::repair::Repairs;
use super::store::{Found, Store};
use super::{RegistryError, Repair, recover, table};

/// What is believed.
#[derive(Debug)]
pub(super) struct Truth {
    /// Everything known.
    pub(super) ledger: Ledger,
    /// The last commit in it.
    pub(super) seq: u64,
    /// Whether the journal tells all of it.
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

/// Believes sled when all its sums agree, with what only the journal has on top; else the journal; else what still verifies
/// in sled. Where anything may be missing then, models are found again by their files.
///
/// # Errors
/// [`RegistryError::Unknown`] when a journal line that verifies cannot be understood.
pub(super) fn reconcile(
    workspace: &Workspace,
    clock: Clock,
    scroll: &Scroll,
    found: Found,
    repairs: &mut Repairs,
) -> Result<Truth, RegistryError> {
    let mut truth = match found {
        Found::All { ledger, seq } if scroll.continues(seq) => on_top_of_store(scroll, ledger, seq, repairs)?,
        Found::All { .. } | Found::Nothing => from_journal(scroll, repairs)?,
        Found::Damaged { ledger, seq, what } => {
            repairs.step(Repair::StoreDamaged { what });
            if scroll.is_empty() { salvaged(ledger, seq, repairs) } else { from_journal(scroll, repairs)? }
        }
    };
    let may_lack = !truth.journal_is_good && !matches!(truth.store_needs, StoreNeeds::Nothing);
    if may_lack || truth.seq == 0 {
        add_from_files(workspace, clock, &mut truth, repairs);
    }
    Ok(truth)
}

fn on_top_of_store(
    scroll: &Scroll,
    mut ledger: Ledger,
    seq: u64,
    repairs: &mut Repairs,
) -> Result<Truth, RegistryError> {
    let tail = scroll.events_after(seq)?;
    for event in &tail {
        ledger.apply(event);
    }
    let journal_is_good = scroll.is_complete() && scroll.last_seq() >= seq;
    let store_needs = if tail.is_empty() {
        StoreNeeds::Nothing
    } else {
        repairs.step(Repair::Replayed { n: tail.len() as u64 });
        StoreNeeds::Tail(tail)
    };
    Ok(Truth { ledger, seq: seq.max(scroll.last_seq()), journal_is_good, store_needs })
}

fn from_journal(scroll: &Scroll, repairs: &mut Repairs) -> Result<Truth, RegistryError> {
    let events = scroll.events_after(0)?;
    let mut ledger = Ledger::default();
    for event in &events {
        ledger.apply(event);
    }
    if !events.is_empty() {
        repairs.step(Repair::FromJournal { n: events.len() as u64 });
    }
    let store_needs = if events.is_empty() { StoreNeeds::Nothing } else { StoreNeeds::Everything };
    Ok(Truth { ledger, seq: scroll.last_seq(), journal_is_good: scroll.is_complete(), store_needs })
}

fn salvaged(ledger: Ledger, seq: u64, repairs: &mut Repairs) -> Truth {
    repairs.step(Repair::Salvaged);
    Truth { ledger, seq: seq.max(1), journal_is_good: false, store_needs: StoreNeeds::Everything }
}

fn add_from_files(workspace: &Workspace, clock: Clock, truth: &mut Truth, repairs: &mut Repairs) {
    let events = recover::from_files(workspace, clock, &truth.ledger);
    if events.is_empty() {
        return;
    }
    for event in &events {
        truth.ledger.apply(event);
    }
    truth.seq = truth.seq.max(1);
    truth.journal_is_good = false;
    truth.store_needs = StoreNeeds::Everything;
    let runs = events.iter().filter(|event| matches!(event, LedgerEvent::Run(_))).count() as u64;
    repairs.step(Repair::FromFiles { runs });
}

/// Brings sled to the truth.
///
/// # Errors
/// [`RegistryError::Store`], [`RegistryError::Disk`].
pub(super) fn bring_up(mut store: Store, truth: &Truth, repairs: &mut Repairs) -> Result<Store, RegistryError> {
    match &truth.store_needs {
        StoreNeeds::Nothing => Ok(store),
        StoreNeeds::Tail(tail) => {
            store.write(&table::rows(tail, &truth.ledger)?, truth.seq)?;
            Ok(store)
        }
        StoreNeeds::Everything => {
            let rows = table::rows(&table::retell(&truth.ledger), &truth.ledger)?;
            store.replace(&rows, truth.seq, repairs)
        }
    }
}
