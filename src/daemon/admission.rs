//! What the conductor does with files that were read: records, another look later, and word to the retrain trigger.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::domain::{DatasetName, Ledger, LedgerEvent, Sample};
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
        let mut changes = changes(self.registry.ledger(), &taken.events);
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

/// Samples that came, went, or got another label, side or group than in `before`, by dataset.
fn changes(before: &Ledger, events: &[LedgerEvent]) -> BTreeMap<DatasetName, u64> {
    let mut changes = BTreeMap::new();
    for event in events {
        let dataset = match event {
            LedgerEvent::Sample(sample) if is_learned_otherwise(before, sample) => &sample.dataset,
            LedgerEvent::SampleGone { dataset, .. } => dataset,
            _ => continue,
        };
        *changes.entry(dataset.clone()).or_default() += 1;
    }
    changes
}

/// Whether a training would take it for another image than before; where it lies is all the same.
fn is_learned_otherwise(before: &Ledger, sample: &Sample) -> bool {
    let known = before.samples.get(&(sample.dataset.clone(), sample.hash));
    let learned = |sample: &Sample| (sample.class.clone(), sample.side, sample.group.clone());
    sample.split.is_none() || known.is_none_or(|known| learned(known) != learned(sample))
}
