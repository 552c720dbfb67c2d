//! What a person should know of the datasets: it is logged when it is new, and shown as long as it holds.

use std::collections::BTreeMap;

use crate::domain::DatasetName;

use super::Conductor;

impl Conductor {
    /// A dataset was looked at: these warnings hold from now on. Those that are new are logged.
    pub(super) fn note_data_warnings(&mut self, dataset: &DatasetName, warnings: Vec<String>) {
        let known = self.data_warnings_of(dataset);
        for warning in warnings.iter().filter(|warning| !known.contains(warning)) {
            tracing::warn!(%dataset, details = %warning, "Dataset needs attention");
        }
        self.data_warnings.insert(dataset.clone(), warnings);
    }

    /// The warnings that hold of every dataset with images.
    pub(super) fn all_data_warnings(&self) -> BTreeMap<DatasetName, Vec<String>> {
        let datasets = self.ledger().datasets();
        let all = |dataset| self.data_warnings_of(dataset).iter().cloned().chain(self.not_promoted(dataset)).collect();
        let warnings = datasets.map(|dataset: &DatasetName| (dataset.clone(), all(dataset)));
        warnings.filter(|(_, warnings): &(_, Vec<String>)| !warnings.is_empty()).collect()
    }

    /// As of the last look at the dataset, which may have been by an earlier process: its last model has them.
    fn data_warnings_of(&self, dataset: &DatasetName) -> &[String] {
        let newest = || self.ledger().last_trained(dataset).map_or(&[][..], |run| &run.data_warnings);
        self.data_warnings.get(dataset).map_or_else(newest, Vec::as_slice)
    }

    /// That the best model has learned other images or labels than the model of the last training, which did not replace it.
    fn not_promoted(&self, dataset: &DatasetName) -> Option<String> {
        let (best, last) = (self.ledger().best_model(dataset)?, self.ledger().last_trained(dataset)?);
        let differs = best.run_id != last.run_id && best.data_hash != last.data_hash;
        let decisions = self.ledger().decisions.iter();
        let decision =
            decisions.rev().find(|decision| decision.dataset == *dataset && decision.run_id == last.run_id)?;
        // One that was promoted once was replaced by a person.
        (differs && !decision.promoted).then(|| {
            format!(
                "the best model {} learned other images, labels or groups than the dataset has now; model {} learned these and \
                 was not promoted: {}",
                best.run_id, last.run_id, decision.reason
            )
        })
    }
}
