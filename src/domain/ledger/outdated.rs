//! Reports that another model than the best one wrote, and which of their scans are explained again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Ledger, ScanKey};
use crate::domain::{DatasetName, Reexplanation, Scan, ScanState};

/// The newest come first: of the latest file, and of those the first hash.
type NewestFirst<'a> = (Reverse<i64>, &'a ScanKey);

impl Ledger {
    /// The dataset that explains scans whose paths name `named`; of those that name none, the only one that there is.
    pub fn explaining_dataset<'a>(&'a self, named: Option<&'a DatasetName>) -> Option<&'a DatasetName> {
        named.or_else(|| {
            let mut datasets = self.datasets();
            datasets.next().filter(|_| datasets.next().is_none())
        })
    }

    /// Whether a scan has a report that is to be replaced, if the policy wants it: by another model than the best one of its
    /// dataset. Never when its file is gone, or it is forgotten.
    pub fn is_outdated(&self, scan: &Scan) -> bool {
        let ScanState::Explained { model, report } = &scan.state else { return false };
        let Some(dataset) = self.explaining_dataset(scan.dataset.as_ref()) else { return false };
        // Of a scan whose path names no dataset, another one may have written it.
        let is_its = report.split('/').next() == Some(dataset.as_str());
        let has_other = self.best.get(dataset).is_some_and(|best| is_its && best != model);
        has_other && !self.forgotten.contains_key(&scan.hash) && self.written(scan).is_some()
    }

    /// Whether a scan has yet to be explained, or may be explained again.
    pub fn awaits_report(&self, scan: &Scan) -> bool {
        scan.state == ScanState::Waiting || self.is_outdated(scan)
    }

    /// The scans whose reports are to be replaced by the best model of their dataset: those among the newest of each
    /// dataset that the policy names. The newest first, by the time of writing of their files. It walks through
    /// all scans.
    pub fn scans_to_explain_again(&self, policy: Reexplanation) -> Vec<ScanKey> {
        let mut by_dataset: BTreeMap<&DatasetName, Vec<NewestFirst<'_>>> = BTreeMap::new();
        for (key, scan) in self.scans.iter().filter(|(_, scan)| matches!(scan.state, ScanState::Explained { .. })) {
            let Some(dataset) = self.explaining_dataset(scan.dataset.as_ref()) else { continue };
            let Some(written) = self.written(scan) else { continue };
            by_dataset.entry(dataset).or_default().push((Reverse(written), key));
        }
        let mut due: Vec<NewestFirst<'_>> = Vec::new();
        for mut scans in by_dataset.into_values() {
            scans.sort_unstable();
            scans.truncate(policy.n_newest());
            due.extend(scans.into_iter().filter(|(_, key)| self.is_outdated(&self.scans[*key])));
        }
        due.sort_unstable();
        due.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// When its file was written, nanoseconds since the epoch; `None` when it is gone, or another image now.
    fn written(&self, scan: &Scan) -> Option<i64> {
        let file = self.files.get(&scan.path)?;
        (file.outcome.content() == Some(scan.hash)).then_some(file.stamp.mtime_ns)
    }
}

#[cfg(test)]
mod tests;
