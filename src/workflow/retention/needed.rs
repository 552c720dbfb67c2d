//! The runs that nothing removes.

use std::collections::BTreeSet;

use crate::domain::{DatasetName, Ledger, ModelRecord, RunId};

/// Of each dataset: the best model, the one that a roll-back returns to, and that of the last training; of all, imported models,
/// which no training makes again, and those on whose networks one of these was trained.
pub(super) fn needed_runs(ledger: &Ledger) -> BTreeSet<(DatasetName, RunId)> {
    let is_needed = |model: &&ModelRecord| {
        let (dataset, run) = (&model.dataset, &model.run_id);
        let best = ledger.best.get(dataset);
        let is_last = ledger.last_trained(dataset).is_some_and(|last| last.run_id == *run);
        model.is_imported() || is_last || best == Some(run) || replaced(ledger, dataset) == Some(run)
    };
    let needed: Vec<&ModelRecord> = ledger.runs.values().filter(is_needed).collect();
    // The name of the dataset is not recorded with it.
    let likes: BTreeSet<&RunId> = needed.iter().filter_map(|model| model.like.as_ref()).collect();
    let below = ledger.runs.values().filter(|model| likes.contains(&model.run_id));
    needed.iter().copied().chain(below).map(|model| (model.dataset.clone(), model.run_id.clone())).collect()
}

/// What the best model of `dataset` replaced.
fn replaced<'a>(ledger: &'a Ledger, dataset: &DatasetName) -> Option<&'a RunId> {
    let best = ledger.best.get(dataset)?;
    let mut decisions = ledger.decisions.iter().rev();
    let made_best = decisions.find(|it| it.promoted && (&it.dataset, &it.run_id) == (dataset, best))?;
    made_best.previous.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, LedgerEvent, StopReason};
    use crate::workflow::promotion::promote_by_hand;

    #[test]
    fn best_replaced_last_imported_and_liked_runs_are_needed_and_no_others() {
        let mut ledger = Ledger::default();
        let add = |ledger: &mut Ledger, dataset: &str, run: &str, like: Option<&str>, is_imported: bool| {
            let mut model = ModelRecord::example(dataset, run);
            model.like = like.map(|run| RunId::new(run).unwrap());
            if is_imported {
                model.stopped = StopReason::Imported;
            }
            ledger.apply(&LedgerEvent::Run(Box::new(model)));
        };
        for run in ["0001-a", "0002-b", "0003-c", "0004-d", "0005-e"] {
            add(&mut ledger, "x", run, None, false);
        }
        for run in ["0002-b", "0004-d", "0003-c"] {
            let (dataset, run) = (DatasetName::new("x").unwrap(), RunId::new(run).unwrap());
            let decision = promote_by_hand(&ledger, &dataset, &run, Clock::System).unwrap();
            ledger.apply(&LedgerEvent::Decision(decision));
        }
        add(&mut ledger, "y", "0001-f", None, true);
        add(&mut ledger, "y", "0002-g", Some("0001-a"), false);
        let needed: Vec<String> =
            needed_runs(&ledger).into_iter().map(|(dataset, run)| format!("{dataset}/{run}")).collect();
        // 0002-b was replaced by a model that is not the best one any more.
        assert_eq!(needed, ["x/0001-a", "x/0003-c", "x/0004-d", "x/0005-e", "y/0001-f", "y/0002-g"]);
    }
}
