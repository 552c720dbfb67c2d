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
        let warnings = datasets.map(|dataset| (dataset.clone(), self.data_warnings_of(dataset).to_vec()));
        warnings.filter(|(_, warnings)| !warnings.is_empty()).collect()
    }

    /// As of the last look at the dataset, which may have been by an earlier process: its last model has them.
    fn data_warnings_of(&self, dataset: &DatasetName) -> &[String] {
        let newest = || self.ledger().last_trained(dataset).map_or(&[][..], |run| &run.data_warnings);
        self.data_warnings.get(dataset).map_or_else(newest, Vec::as_slice)
    }
}
