//! What follows from the ledger and may have been lost or damaged since it was made: it is looked at again now and then, and made
//! anew by who makes it.

use std::time::Instant;

use crate::domain::{LedgerEvent, Scan, ScanKey, ScanState};
use crate::privacy::shown;
use crate::service::error::ServiceError;

use super::Conductor;

impl Conductor {
    /// As often as the inbox is looked through, and when nothing else is to be done, so are the reports.
    pub(super) fn look_again(&mut self) {
        if self.is_at_rest() && !self.is_once() && self.next_look <= Instant::now() {
            self.next_look = Instant::now() + self.settings.watch.rescan;
            self.gallery.look_again();
        }
    }

    /// Scans whose reports are lost wait for an explanation again, if their files are there.
    pub(super) fn explain_lost(&mut self, lost: &[ScanKey]) -> Result<(), ServiceError> {
        let ledger = self.registry.ledger();
        let scans = lost.iter().filter_map(|key| ledger.scans.get(key)).filter(|scan| should_have_report(scan));
        let (again, gone): (Vec<&Scan>, Vec<&Scan>) =
            scans.partition(|scan| ledger.files_holding(scan.hash).next().is_some());
        for scan in &again {
            tracing::warn!(scan = %shown(&scan.path), "Report lost; the scan is explained again");
        }
        let n_gone = gone.len();
        if n_gone > self.gallery.n_gone() {
            tracing::warn!(
                n_gone,
                advice = "put the scans' files back to have them again",
                "Reports lost whose scans are gone"
            );
        }
        let waiting = |scan: &Scan| LedgerEvent::Scan(Scan { state: ScanState::Waiting, ..scan.clone() });
        let events = again.into_iter().map(waiting).collect();
        self.gallery.set_gone(n_gone);
        self.commit(events)
    }
}

/// Whether the ledger says that there is a report of it.
fn should_have_report(scan: &Scan) -> bool {
    matches!(scan.state, ScanState::Explained { .. })
}
