//! What the scan worker is doing: a state machine with one named method for each transition.

use std::mem;

use crate::domain::ScanKey;

use super::error::IllegalTransition;

/// The state. It changes by its methods alone, and each of them is legal in one state.
#[derive(Debug, Default)]
pub(super) struct ScanWorkerState(ScanStage);

#[derive(Debug, Default)]
enum ScanStage {
    #[default]
    Idle,
    /// The worker explains a scan.
    Explaining { scan: ScanKey },
    /// The worker writes the gallery, or looks whether it has to.
    WritingGallery,
}

/// What a worker that panicked was doing.
#[derive(Debug, PartialEq)]
pub(super) enum LostScanWork {
    Scan(ScanKey),
    Gallery,
}

impl ScanWorkerState {
    /// Idle to explaining.
    pub(super) fn start_scan(&mut self, scan: ScanKey) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, ScanStage::Idle), ScanStage::Explaining { scan }, "start_scan")
    }

    /// Explaining to idle.
    pub(super) fn finish_scan(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, ScanStage::Explaining { .. }), ScanStage::Idle, "finish_scan")
    }

    /// Idle to writing the gallery.
    pub(super) fn start_gallery(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, ScanStage::Idle), ScanStage::WritingGallery, "start_gallery")
    }

    /// Writing the gallery to idle.
    pub(super) fn finish_gallery(&mut self) -> Result<(), IllegalTransition> {
        self.step(matches!(self.0, ScanStage::WritingGallery), ScanStage::Idle, "finish_gallery")
    }

    /// Any state to idle: the worker panicked. Returns what it was doing.
    pub(super) fn lose(&mut self) -> Option<LostScanWork> {
        match mem::take(&mut self.0) {
            ScanStage::Idle => None,
            ScanStage::Explaining { scan } => Some(LostScanWork::Scan(scan)),
            ScanStage::WritingGallery => Some(LostScanWork::Gallery),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.0, ScanStage::Idle)
    }

    fn name(&self) -> &'static str {
        match self.0 {
            ScanStage::Idle => "idle",
            ScanStage::Explaining { .. } => "explaining",
            ScanStage::WritingGallery => "writing gallery",
        }
    }

    fn step(&mut self, is_legal: bool, next: ScanStage, transition: &'static str) -> Result<(), IllegalTransition> {
        if !is_legal {
            return self.refuse(transition);
        }
        self.0 = next;
        Ok(())
    }

    fn refuse(&self, transition: &'static str) -> Result<(), IllegalTransition> {
        Err(IllegalTransition { worker: "scan", state: self.name(), transition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ContentHash;

    fn scan() -> ScanKey {
        (None, ContentHash::of(b"scan"))
    }

    fn in_state(name: &str) -> ScanWorkerState {
        let mut state = ScanWorkerState::default();
        match name {
            "explaining" => state.start_scan(scan()).unwrap(),
            "writing gallery" => state.start_gallery().unwrap(),
            _ => {}
        }
        assert_eq!(state.name(), name);
        state
    }

    fn apply(state: &mut ScanWorkerState, transition: &str) -> Result<(), IllegalTransition> {
        match transition {
            "start_scan" => state.start_scan(scan()),
            "finish_scan" => state.finish_scan(),
            "start_gallery" => state.start_gallery(),
            "finish_gallery" => state.finish_gallery(),
            _ => unreachable!("{transition}"),
        }
    }

    /// Transition, the one state it is legal in, the state it leads to.
    const TRANSITIONS: [(&str, &str, &str); 4] = [
        ("start_scan", "idle", "explaining"),
        ("finish_scan", "explaining", "idle"),
        ("start_gallery", "idle", "writing gallery"),
        ("finish_gallery", "writing gallery", "idle"),
    ];

    #[test]
    fn every_transition_is_legal_in_one_state_and_changes_nothing_in_others() {
        for (transition, from, to) in TRANSITIONS {
            for name in ["idle", "explaining", "writing gallery"] {
                let mut state = in_state(name);
                let outcome = apply(&mut state, transition);
                if name == from {
                    assert_eq!((outcome, state.name()), (Ok(()), to), "{transition} in {name}");
                } else {
                    let refused = IllegalTransition { worker: "scan", state: name, transition };
                    assert_eq!((outcome, state.name()), (Err(refused), name), "{transition} in {name}");
                }
            }
        }
    }

    #[test]
    fn a_panic_leads_to_idle_from_everywhere_and_says_what_was_lost() {
        assert_eq!(in_state("idle").lose(), None);
        assert_eq!(in_state("explaining").lose(), Some(LostScanWork::Scan(scan())));
        let mut state = in_state("writing gallery");
        assert_eq!((state.lose(), state.is_idle()), (Some(LostScanWork::Gallery), true));
    }
}
