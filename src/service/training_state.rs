//! What the training worker is doing: a state machine with one named method for each transition.

use std::collections::BTreeSet;
use std::mem;

use crate::domain::{ContentHash, DatasetName, StopFlag};
use crate::workflow::{ForgetTargets, TrainingPlan};

use super::error::IllegalTransition;

/// The state. It changes by its methods alone, and each of them is legal in one state.
#[derive(Debug, Default)]
pub(super) struct TrainingWorkerState(TrainingStage);

#[derive(Debug, Default)]
enum TrainingStage {
    #[default]
    Idle,
    /// The worker looks which datasets' trainings are due.
    FindingDue,
    /// The worker decides the split of a dataset. No image is taken in meanwhile.
    Preparing { dataset: DatasetName },
    /// The split is decided, and the training starts as soon as it is recorded.
    RecordingSplit { plan: Box<TrainingPlan> },
    /// The worker trains until `stop` is raised, or decides once more on what it trained.
    Training { dataset: DatasetName, images: BTreeSet<ContentHash>, stop: StopFlag },
    /// The worker looks what is kept no longer, and removes it.
    Retaining,
    /// The worker removes all that was made of forgotten images.
    Erasing { targets: ForgetTargets },
}

/// What a worker that panicked was doing.
#[derive(Debug, PartialEq)]
pub(super) enum LostTraining {
    FindDue,
    Training(DatasetName),
    Retention,
    Erasure(ForgetTargets),
}

impl TrainingStage {
    fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::FindingDue => "finding due",
            Self::Preparing { .. } => "preparing",
            Self::RecordingSplit { .. } => "recording split",
            Self::Training { .. } => "training",
            Self::Retaining => "retaining",
            Self::Erasing { .. } => "erasing",
        }
    }
}

impl TrainingWorkerState {
    /// Idle to finding due.
    pub(super) fn start_finding_due(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Idle), TrainingStage::FindingDue, "start_finding_due")
    }

    /// Finding due to idle.
    pub(super) fn finish_finding_due(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::FindingDue), TrainingStage::Idle, "finish_finding_due")
    }

    /// Idle to preparing.
    pub(super) fn start_preparing(&mut self, dataset: DatasetName) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Idle), TrainingStage::Preparing { dataset }, "start_preparing")
    }

    /// Preparing to idle: there is nothing to train, or something stands in the way.
    pub(super) fn finish_preparing(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Preparing { .. }), TrainingStage::Idle, "finish_preparing")
    }

    /// Preparing to recording the split.
    pub(super) fn record_split(&mut self, plan: Box<TrainingPlan>) -> Result<(), IllegalTransition> {
        self.step(
            matches!(self.0, TrainingStage::Preparing { .. }),
            TrainingStage::RecordingSplit { plan },
            "record_split",
        )
    }

    /// Recording the split to idle: it could not be recorded, or a stop was asked for. Returns the dataset.
    pub(super) fn give_up_split(&mut self) -> Result<DatasetName, IllegalTransition> {
        match mem::take(&mut self.0) {
            TrainingStage::RecordingSplit { plan } => Ok(plan.dataset),
            state => self.refuse_in(state, "give_up_split"),
        }
    }

    /// The training whose split is being recorded.
    pub(super) fn awaiting(&self) -> Option<&TrainingPlan> {
        if let TrainingStage::RecordingSplit { plan } = &self.0 { Some(plan) } else { None }
    }

    /// Recording the split to training, until `stop` is raised. Returns the job for the worker.
    pub(super) fn start_training(&mut self, stop: StopFlag) -> Result<Box<TrainingPlan>, IllegalTransition> {
        match mem::take(&mut self.0) {
            TrainingStage::RecordingSplit { plan } => {
                let images = plan.samples.iter().map(|sample| sample.hash).collect();
                self.0 = TrainingStage::Training { dataset: plan.dataset.clone(), images, stop };
                Ok(plan)
            }
            state => self.refuse_in(state, "start_training"),
        }
    }

    /// Training to training: the decision on the new model is made once more. What ended the training early does not end that.
    pub(super) fn decide_again(&self) -> Result<(), IllegalTransition> {
        if self.is_training() { Ok(()) } else { self.refuse("decide_again") }
    }

    /// Training to idle.
    pub(super) fn finish_training(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Training { .. }), TrainingStage::Idle, "finish_training")
    }

    /// Idle to retaining.
    pub(super) fn start_retention(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Idle), TrainingStage::Retaining, "start_retention")
    }

    /// Retaining to idle.
    pub(super) fn finish_retention(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Retaining), TrainingStage::Idle, "finish_retention")
    }

    /// Idle to erasing.
    pub(super) fn start_erasure(&mut self, targets: ForgetTargets) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, TrainingStage::Idle), TrainingStage::Erasing { targets }, "start_erasure")
    }

    /// Erasing to idle. Returns what was to be erased.
    pub(super) fn finish_erasure(&mut self) -> Result<ForgetTargets, IllegalTransition> {
        match mem::take(&mut self.0) {
            TrainingStage::Erasing { targets } => Ok(targets),
            state => self.refuse_in(state, "finish_erasure"),
        }
    }

    /// Any state to idle: the worker panicked. Returns what it was doing.
    pub(super) fn lose(&mut self) -> Option<LostTraining> {
        match mem::take(&mut self.0) {
            TrainingStage::Idle => None,
            TrainingStage::FindingDue => Some(LostTraining::FindDue),
            TrainingStage::Retaining => Some(LostTraining::Retention),
            TrainingStage::Erasing { targets } => Some(LostTraining::Erasure(targets)),
            TrainingStage::Preparing { dataset } | TrainingStage::Training { dataset, .. } => {
                Some(LostTraining::Training(dataset))
            }
            TrainingStage::RecordingSplit { plan } => Some(LostTraining::Training(plan.dataset)),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.0, TrainingStage::Idle)
    }

    /// Whether the split of a dataset is being decided or recorded.
    pub(super) fn is_splitting(&self) -> bool {
        matches!(self.0, TrainingStage::Preparing { .. } | TrainingStage::RecordingSplit { .. })
    }

    /// Whether a training waits for its split to be recorded.
    pub(super) fn awaits_record(&self) -> bool {
        matches!(self.0, TrainingStage::RecordingSplit { .. })
    }

    pub(super) fn is_training(&self) -> bool {
        matches!(self.0, TrainingStage::Training { .. })
    }

    /// What is trained on, and what ends that early.
    pub(super) fn training(&self) -> Option<(&DatasetName, &StopFlag)> {
        if let TrainingStage::Training { dataset, stop, .. } = &self.0 { Some((dataset, stop)) } else { None }
    }

    /// Whether one of `images` is trained on.
    pub(super) fn trains_on(&self, images: &BTreeSet<ContentHash>) -> bool {
        matches!(&self.0, TrainingStage::Training { images: of_training, .. } if !of_training.is_disjoint(images))
    }

    /// What is being erased.
    pub(super) fn erasing(&self) -> Option<&ForgetTargets> {
        if let TrainingStage::Erasing { targets } = &self.0 { Some(targets) } else { None }
    }

    /// Whether it is looked what is kept no longer, or that is removed.
    pub(super) fn is_retaining(&self) -> bool {
        matches!(self.0, TrainingStage::Retaining)
    }

    fn step(&mut self, is_legal: bool, next: TrainingStage, transition: &'static str) -> Result<(), IllegalTransition> {
        if !is_legal {
            return self.refuse(transition);
        }
        self.0 = next;
        Ok(())
    }

    fn refuse<T>(&self, transition: &'static str) -> Result<T, IllegalTransition> {
        Err(IllegalTransition { worker: "training", state: self.0.name(), transition })
    }

    fn refuse_in<T>(&mut self, state: TrainingStage, transition: &'static str) -> Result<T, IllegalTransition> {
        self.0 = state;
        self.refuse(transition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};
    use crate::workflow::{Incumbent, TrainingNetwork};

    fn dataset() -> DatasetName {
        DatasetName::new("d").unwrap()
    }

    fn plan() -> Box<TrainingPlan> {
        let settings = load(&Overrides::default()).unwrap();
        let plan = TrainingPlan::new(
            dataset(),
            Vec::new(),
            "in".into(),
            "out".into(),
            [].into_iter(),
            (Incumbent::default(), TrainingNetwork::Configured),
            &settings,
        );
        Box::new(plan)
    }

    /// A new machine in each state, by name.
    fn in_state(name: &str) -> TrainingWorkerState {
        let mut state = TrainingWorkerState::default();
        if name == "finding due" {
            state.start_finding_due().unwrap();
        } else if name == "retaining" {
            state.start_retention().unwrap();
        } else if name == "erasing" {
            state.start_erasure(ForgetTargets::default()).unwrap();
        } else if name != "idle" {
            state.start_preparing(dataset()).unwrap();
            if name != "preparing" {
                state.record_split(plan()).unwrap();
            }
            if name == "training" {
                state.start_training(StopFlag::default()).unwrap();
            }
        }
        assert_eq!(state.0.name(), name);
        state
    }

    fn apply(state: &mut TrainingWorkerState, transition: &str) -> Result<(), IllegalTransition> {
        match transition {
            "start_finding_due" => state.start_finding_due(),
            "finish_finding_due" => state.finish_finding_due(),
            "start_preparing" => state.start_preparing(dataset()),
            "finish_preparing" => state.finish_preparing(),
            "record_split" => state.record_split(plan()),
            "give_up_split" => state.give_up_split().map(|given_up| assert_eq!(given_up, dataset())),
            "start_training" => {
                state.start_training(StopFlag::default()).map(|plan| assert_eq!(plan.dataset, dataset()))
            }
            "decide_again" => state.decide_again(),
            "finish_training" => state.finish_training(),
            "start_retention" => state.start_retention(),
            "finish_retention" => state.finish_retention(),
            "start_erasure" => state.start_erasure(ForgetTargets::default()),
            "finish_erasure" => state.finish_erasure().map(drop),
            _ => unreachable!("{transition}"),
        }
    }

    /// Transition, the one state it is legal in, the state it leads to.
    const TRANSITIONS: [(&str, &str, &str); 13] = [
        ("start_finding_due", "idle", "finding due"),
        ("finish_finding_due", "finding due", "idle"),
        ("start_preparing", "idle", "preparing"),
        ("finish_preparing", "preparing", "idle"),
        ("record_split", "preparing", "recording split"),
        ("give_up_split", "recording split", "idle"),
        ("start_training", "recording split", "training"),
        ("decide_again", "training", "training"),
        ("finish_training", "training", "idle"),
        ("start_retention", "idle", "retaining"),
        ("finish_retention", "retaining", "idle"),
        ("start_erasure", "idle", "erasing"),
        ("finish_erasure", "erasing", "idle"),
    ];

    #[test]
    fn every_transition_is_legal_in_one_state_and_changes_nothing_in_others() {
        for (transition, from, to) in TRANSITIONS {
            for name in ["idle", "finding due", "preparing", "recording split", "training", "retaining", "erasing"] {
                let mut state = in_state(name);
                let outcome = apply(&mut state, transition);
                if name == from {
                    assert_eq!((outcome, state.0.name()), (Ok(()), to), "{transition} in {name}");
                } else {
                    let refused = IllegalTransition { worker: "training", state: name, transition };
                    assert_eq!((outcome, state.0.name()), (Err(refused), name), "{transition} in {name}");
                }
            }
        }
    }

    #[test]
    fn a_panic_leads_to_idle_from_everywhere_and_says_what_was_lost() {
        let lost = |name| {
            let mut state = in_state(name);
            let lost = state.lose();
            assert!(state.is_idle(), "{name}");
            lost
        };
        assert_eq!(lost("idle"), None);
        assert_eq!(lost("finding due"), Some(LostTraining::FindDue));
        assert_eq!(lost("retaining"), Some(LostTraining::Retention));
        assert_eq!(lost("erasing"), Some(LostTraining::Erasure(ForgetTargets::default())));
        for name in ["preparing", "recording split", "training"] {
            assert_eq!(lost(name), Some(LostTraining::Training(dataset())), "{name}");
        }
    }
}
