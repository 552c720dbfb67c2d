//! Whether a candidate becomes the best model. Training and promoting are two steps with two records.

use crate::config::PromotionPolicy;
use crate::domain::{Decision, ModelRecord, RunId};

/// How the best model did on the validation samples that the candidate was measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rival {
    /// There is none.
    None,
    /// It cannot be measured any more, with the reason (a clause).
    Incomparable(RunId, String),
    /// It got this many right.
    Measured(RunId, u64),
}

/// Decides on `candidate`; `at` is RFC 3339.
pub(super) fn decide(policy: PromotionPolicy, candidate: &ModelRecord, rival: &Rival, at: String) -> Decision {
    let (correct, total) = (candidate.confusion.correct(), candidate.confusion.total());
    let (promoted, reason) = match (rival, policy) {
        (Rival::None, _) => (true, "it is the first model of this dataset".to_owned()),
        (_, PromotionPolicy::Never) => (false, "the best model is locked (promotion.policy = \"never\")".to_owned()),
        (Rival::Incomparable(_, why), _) => (true, format!("the best model until now {why}")),
        (Rival::Measured(_, best), PromotionPolicy::Always) => (
            true,
            format!("promotion.policy = \"always\": {correct} of {total} right, the best model until now {best}"),
        ),
        (Rival::Measured(_, best), PromotionPolicy::Better) if correct >= *best => {
            (true, format!("{correct} of {total} right, the best model until now {best}"))
        }
        (Rival::Measured(_, best), PromotionPolicy::Better) => {
            (false, format!("only {correct} of {total} right, the best model {best}"))
        }
    };
    let (previous, previous_correct) = match rival {
        Rival::None => (None, None),
        Rival::Incomparable(run_id, _) => (Some(run_id.clone()), None),
        Rival::Measured(run_id, best) => (Some(run_id.clone()), Some(*best)),
    };
    Decision {
        dataset: candidate.dataset.clone(),
        run_id: candidate.run_id.clone(),
        promoted,
        previous,
        n_validation: total,
        candidate_correct: correct,
        previous_correct,
        reason,
        at,
    }
}
