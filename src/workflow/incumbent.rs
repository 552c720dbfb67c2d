//! The best model of a dataset at one moment: what a new model is compared with, and what the decision on it holds for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{ContentHash, DatasetName, Decision, Ledger, ModelRecord, RunId};

/// The best model at one moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Incumbent {
    /// The best model.
    pub best: Option<ModelRecord>,
    /// How often a person had made a model the best one by then.
    pub n_by_hand: usize,
    /// Images that were forgotten by then, of which it must not have learned.
    #[serde(default)]
    pub forgotten: BTreeSet<ContentHash>,
}

impl Incumbent {
    /// `best` after all `decisions` on one dataset.
    pub fn new<'a>(best: Option<ModelRecord>, decisions: impl Iterator<Item = &'a Decision>) -> Self {
        Self {
            best,
            n_by_hand: decisions.filter(|decision| decision.by_hand && decision.promoted).count(),
            forgotten: BTreeSet::new(),
        }
    }

    /// As the ledger has it now.
    pub fn of(ledger: &Ledger, dataset: &DatasetName) -> Self {
        let decisions = ledger.decisions.iter().filter(|decision| decision.dataset == *dataset);
        let forgotten = ledger.forgotten.keys().copied().collect();
        Self { forgotten, ..Self::new(ledger.best_model(dataset).cloned(), decisions) }
    }

    /// The best model's name.
    pub fn best_run(&self) -> Option<&RunId> {
        self.best.as_ref().map(|best| &best.run_id)
    }
}
