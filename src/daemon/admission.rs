//! What the conductor does with files that were read: records, another look later, and word to the retrain trigger.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::domain::{DatasetName, LedgerEvent};
use crate::ingest::Readings;

use super::DaemonError;
use super::conductor::Conductor;

impl Conductor {
    /// Decides on a batch of files and records what changes by it.
    pub(super) fn admit(&mut self, readings: Readings) -> Result<(), DaemonError> {
        self.reading = false;
        let taken = self.intake.decide(self.registry.ledger(), readings);
        if let Some(watcher) = &self.watcher {
            taken.unfinished.iter().for_each(|path| watcher.reconsider(path));
        }
        let mut changes = changes(&taken.events);
        self.commit(taken.events)?;
        // What waited for a list that could not be used goes on, whatever the list says.
        for dataset in taken.listed {
            if self.registry.ledger().samples_of(&dataset).next().is_some() {
                changes.entry(dataset).or_insert(1);
            }
        }
        for (dataset, n) in changes {
            self.trigger.note(&dataset, n, Instant::now());
        }
        Ok(())
    }
}

/// Samples that came or went, by dataset.
fn changes(events: &[LedgerEvent]) -> BTreeMap<DatasetName, u64> {
    let mut changes = BTreeMap::new();
    for event in events {
        let dataset = match event {
            LedgerEvent::Sample(sample) if sample.split.is_none() => &sample.dataset,
            LedgerEvent::SampleGone { dataset, .. } => dataset,
            _ => continue,
        };
        *changes.entry(dataset.clone()).or_default() += 1;
    }
    changes
}
