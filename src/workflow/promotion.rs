//! Whether a candidate becomes the best model. Training and promoting are two steps with two records.

use crate::config::PromotionPolicy;
use crate::domain::{Clock, DatasetName, Decision, Ledger, ModelRecord, RunId};
use crate::stats::Paired;

/// What is said with every figure of an imported model on images of here.
const MAY_HAVE_LEARNED: &str = "the previous best model was imported and may have learned from these images before, so its \
                                figure may be too high";

/// Candidate and best model on the same validation images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparison {
    candidate_correct: u64,
    previous_correct: u64,
    n: u64,
    paired: Paired,
    /// The previous model was not trained here, so nobody knows whether it learned from these images.
    is_previous_imported: bool,
}

impl Comparison {
    /// Of what each got right, image by image.
    pub(super) fn of(candidate: &[bool], previous: &[bool]) -> Self {
        let count = |right: &[bool]| right.iter().filter(|right| **right).count() as u64;
        Self {
            candidate_correct: count(candidate),
            previous_correct: count(previous),
            n: candidate.len() as u64,
            paired: Paired::of(candidate, previous),
            is_previous_imported: false,
        }
    }

    /// Of a previous model that was imported, if it was.
    pub(super) fn with_imported(self, is_previous_imported: bool) -> Self {
        Self { is_previous_imported, ..self }
    }

    fn sentence(&self) -> String {
        let Self { candidate_correct, previous_correct, n, paired, is_previous_imported } = self;
        let Paired { only_first, only_second, p_value } = paired;
        let caution = if *is_previous_imported { format!("; {MAY_HAVE_LEARNED}") } else { String::new() };
        format!(
            "{candidate_correct} of {n} correct; the previous best model {previous_correct} of {n} (only the new model correct: \
             {only_first}, only the previous one: {only_second}; McNemar p = {p_value:.3}){caution}"
        )
    }
}

/// How the best model did on the validation samples that the candidate was measured on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum IncumbentMeasurement {
    /// There is none.
    None,
    /// It cannot be measured any more, with the reason (a clause).
    Incomparable(RunId, String),
    /// Measuring it failed, with the error.
    Unmeasured(RunId, String),
    /// Both, on the same images.
    Measured(RunId, Comparison),
}

/// Decides on `candidate`. The test beside the counts says how sure the difference is; it does not decide, since a
/// model that learned from more images is taken when it is no worse. `chosen`: a person made the rival the best model while
/// the candidate was trained, which stands.
pub(super) fn decide(
    policy: PromotionPolicy,
    candidate: &ModelRecord,
    rival: &IncumbentMeasurement,
    chosen: bool,
    clock: Clock,
) -> Decision {
    let (promoted, reason) = match (rival, policy) {
        (IncumbentMeasurement::None, _) => (true, "first model of this dataset".to_owned()),
        _ if chosen => {
            (false, format!("the best model was chosen by hand while this one was trained{}", numbers(rival)))
        }
        (IncumbentMeasurement::Unmeasured(_, error), PromotionPolicy::Better) => {
            (false, format!("it could not be compared with the best model: {error}"))
        }
        (IncumbentMeasurement::Unmeasured(..), PromotionPolicy::Always) => {
            (true, "promotion.policy = \"always\"".to_owned())
        }
        (IncumbentMeasurement::Measured(_, both), PromotionPolicy::Never) => {
            (false, format!("the best model is locked (promotion.policy = \"never\"): {}", both.sentence()))
        }
        (IncumbentMeasurement::Incomparable(..) | IncumbentMeasurement::Unmeasured(..), PromotionPolicy::Never) => {
            (false, "the best model is locked (promotion.policy = \"never\")".to_owned())
        }
        (IncumbentMeasurement::Incomparable(_, why), _) => (true, format!("the previous best model {why}")),
        (IncumbentMeasurement::Measured(_, both), PromotionPolicy::Always) => {
            (true, format!("promotion.policy = \"always\": {}", both.sentence()))
        }
        (IncumbentMeasurement::Measured(_, both), PromotionPolicy::Better)
            if both.candidate_correct >= both.previous_correct =>
        {
            (true, both.sentence())
        }
        (IncumbentMeasurement::Measured(_, both), PromotionPolicy::Better) => {
            (false, format!("only {}", both.sentence()))
        }
    };
    let (previous, both) = match rival {
        IncumbentMeasurement::None => (None, None),
        IncumbentMeasurement::Incomparable(run_id, _) | IncumbentMeasurement::Unmeasured(run_id, _) => {
            (Some(run_id.clone()), None)
        }
        IncumbentMeasurement::Measured(run_id, both) => (Some(run_id.clone()), Some(*both)),
    };
    Decision {
        promoted,
        previous,
        n_validation: both.map_or_else(|| candidate.confusion.total(), |both| both.n),
        candidate_correct: both.map_or_else(|| candidate.confusion.correct(), |both| both.candidate_correct),
        previous_correct: both.map(|both| both.previous_correct),
        paired: both.map(|both| both.paired),
        by_hand: false,
        ..by_hand(candidate, None, reason, clock)
    }
}

/// Both on the same images, after a colon; nothing where there is nothing to say.
fn numbers(rival: &IncumbentMeasurement) -> String {
    match rival {
        IncumbentMeasurement::Measured(_, both) => format!(": {}", both.sentence()),
        _ => String::new(),
    }
}

/// Makes `run` the best model of its dataset because somebody says so.
///
/// # Errors
/// One sentence: there is no such model, or it is the best one already.
pub fn promote_by_hand(ledger: &Ledger, dataset: &DatasetName, run: &RunId, clock: Clock) -> Result<Decision, String> {
    let candidate = model(ledger, dataset, run)?;
    let best = ledger.best.get(dataset);
    if best == Some(run) {
        return Err(format!("model {run} is already the best model of `{dataset}`"));
    }
    Ok(by_hand(candidate, best, "by hand".to_owned(), clock))
}

/// Goes back from `run`, the best model of its dataset, to the one that it replaced.
///
/// # Errors
/// One sentence: it is not the best model, or replaced none that is still there.
pub fn roll_back(ledger: &Ledger, dataset: &DatasetName, run: &RunId, clock: Clock) -> Result<Decision, String> {
    model(ledger, dataset, run)?;
    if ledger.best.get(dataset) != Some(run) {
        return Err(format!(
            "model {run} is not the best model of `{dataset}`, so it cannot be rolled back; `gradwatch models list` marks the best model"
        ));
    }
    let made_best = |decision: &&Decision| decision.promoted && decision.dataset == *dataset && decision.run_id == *run;
    let previous = ledger.decisions.iter().rev().find(made_best).and_then(|decision| decision.previous.clone());
    let previous = previous.ok_or_else(|| {
        format!("model {run} replaced no other model; promote another one with `gradwatch models promote RUN`")
    })?;
    let candidate = model(ledger, dataset, &previous)?;
    Ok(by_hand(candidate, Some(run), format!("by hand; model {run} was rolled back"), clock))
}

fn model<'a>(ledger: &'a Ledger, dataset: &DatasetName, run: &RunId) -> Result<&'a ModelRecord, String> {
    let found = ledger.runs.get(&(dataset.clone(), run.clone()));
    let found = found
        .ok_or_else(|| format!("dataset `{dataset}` has no model {run}; `gradwatch models list` lists the models"))?;
    found.files_removed().map_or(Ok(found), Err)
}

/// A promotion without a comparison.
fn by_hand(candidate: &ModelRecord, previous: Option<&RunId>, reason: String, clock: Clock) -> Decision {
    Decision {
        dataset: candidate.dataset.clone(),
        run_id: candidate.run_id.clone(),
        promoted: true,
        previous: previous.cloned(),
        n_validation: candidate.confusion.total(),
        candidate_correct: candidate.confusion.correct(),
        previous_correct: None,
        paired: None,
        reason,
        by_hand: true,
        at: clock.stamp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LedgerEvent;

    fn run(id: &str) -> RunId {
        RunId::new(id).unwrap()
    }

    fn against(policy: PromotionPolicy, candidate: &[bool], previous: &[bool]) -> Decision {
        let rival = IncumbentMeasurement::Measured(run("0001-a"), Comparison::of(candidate, previous));
        decide(policy, &ModelRecord::example("x", "0002-b"), &rival, false, Clock::System)
    }

    #[test]
    fn the_policy_decides_and_the_numbers_stand_beside() {
        let (one, two) = ([true, true, false, false], [true, false, false, false]);
        let better = against(PromotionPolicy::Better, &one, &two);
        assert!(better.promoted);
        assert_eq!((better.n_validation, better.candidate_correct, better.previous_correct), (4, 2, Some(1)));
        assert_eq!(better.paired, Some(Paired { only_first: 1, only_second: 0, p_value: 1.0 }));
        assert_eq!(
            better.reason,
            "2 of 4 correct; the previous best model 1 of 4 (only the new model correct: 1, only the previous one: 0; McNemar p = 1.000)"
        );
        assert!(against(PromotionPolicy::Better, &one, &one).promoted, "as good is good enough");
        assert!(!against(PromotionPolicy::Better, &two, &one).promoted);
        assert!(against(PromotionPolicy::Always, &two, &one).promoted);
        let locked = against(PromotionPolicy::Never, &one, &two);
        assert!(!locked.promoted && locked.paired.is_some(), "locked, but measured");
        assert!(
            decide(
                PromotionPolicy::Never,
                &ModelRecord::example("x", "0001-a"),
                &IncumbentMeasurement::None,
                false,
                Clock::System
            )
            .promoted
        );
    }

    #[test]
    fn a_choice_by_hand_stands_whatever_was_measured_and_whatever_the_policy() {
        let better = IncumbentMeasurement::Measured(run("0001-a"), Comparison::of(&[true, true], &[false, false]));
        for policy in [PromotionPolicy::Better, PromotionPolicy::Always, PromotionPolicy::Never] {
            let decision = decide(policy, &ModelRecord::example("x", "0002-b"), &better, true, Clock::System);
            assert_eq!((decision.promoted, decision.previous, decision.by_hand), (false, Some(run("0001-a")), false));
            let reason = "the best model was chosen by hand while this one was trained: 2 of 2 correct; ";
            assert!(decision.reason.starts_with(reason), "{}", decision.reason);
        }
    }

    #[test]
    fn every_figure_of_an_imported_model_is_marked() {
        for (policy, promoted) in
            [(PromotionPolicy::Better, false), (PromotionPolicy::Always, true), (PromotionPolicy::Never, false)]
        {
            let both = Comparison::of(&[true, false], &[true, true]).with_imported(true);
            let rival = IncumbentMeasurement::Measured(run("0001-a"), both);
            let decision = decide(policy, &ModelRecord::example("x", "0002-b"), &rival, false, Clock::System);
            assert_eq!(decision.promoted, promoted);
            assert!(
                decision.reason.contains("1 of 2 correct; the previous best model 2 of 2 ("),
                "{}",
                decision.reason
            );
            assert!(decision.reason.ends_with(&format!("; {MAY_HAVE_LEARNED}")), "{}", decision.reason);
        }
    }

    #[test]
    fn a_comparison_that_failed_promotes_nothing_unless_nothing_is_compared_at_all() {
        let rival = IncumbentMeasurement::Unmeasured(run("0001-a"), "the disk is full".to_owned());
        for (policy, promoted) in
            [(PromotionPolicy::Better, false), (PromotionPolicy::Never, false), (PromotionPolicy::Always, true)]
        {
            let decision = decide(policy, &ModelRecord::example("x", "0002-b"), &rival, false, Clock::System);
            assert_eq!((decision.promoted, decision.previous), (promoted, Some(run("0001-a"))), "{policy:?}");
        }
    }

    #[test]
    fn a_model_whose_files_were_removed_becomes_no_best_model() {
        let mut ledger = Ledger::default();
        let removed = Some("2026-02-03T04:05:06Z".to_owned());
        let model = ModelRecord { removed, ..ModelRecord::example("x", "0001-a") };
        ledger.apply(&LedgerEvent::Run(Box::new(model)));
        let dataset = DatasetName::new("x").unwrap();
        let refused = promote_by_hand(&ledger, &dataset, &run("0001-a"), Clock::System).unwrap_err();
        assert!(refused.starts_with("the files of model 0001-a were removed at 2026-02-03T04:05:06Z"), "{refused}");
    }

    #[test]
    fn by_hand_one_goes_forth_and_back() {
        let mut ledger = Ledger::default();
        let dataset = DatasetName::new("x").unwrap();
        for id in ["0001-a", "0002-b"] {
            ledger.apply(&LedgerEvent::Run(Box::new(ModelRecord::example("x", id))));
        }
        let (a, b) = (run("0001-a"), run("0002-b"));
        let put = |mut ledger: Ledger, decision: Result<Decision, String>| {
            ledger.apply(&LedgerEvent::Decision(decision.unwrap()));
            ledger
        };
        let first = promote_by_hand(&ledger, &dataset, &a, Clock::System);
        let ledger = put(ledger, first);
        assert!(roll_back(&ledger, &dataset, &a, Clock::System).unwrap_err().contains("replaced no other"));
        let decision = promote_by_hand(&ledger, &dataset, &b, Clock::System);
        let ledger = put(ledger, decision);
        assert!(promote_by_hand(&ledger, &dataset, &b, Clock::System).unwrap_err().contains("already"));
        assert!(roll_back(&ledger, &dataset, &a, Clock::System).unwrap_err().contains("is not the best model"));
        let decision = roll_back(&ledger, &dataset, &b, Clock::System);
        let ledger = put(ledger, decision);
        assert_eq!(ledger.best[&dataset], a);
        let decision = roll_back(&ledger, &dataset, &a, Clock::System);
        let ledger = put(ledger, decision);
        assert_eq!(ledger.best[&dataset], b, "taken back itself");
        assert!(
            promote_by_hand(&ledger, &dataset, &run("0009-z"), Clock::System)
                .unwrap_err()
                .contains("has no model 0009-z")
        );
    }
}
