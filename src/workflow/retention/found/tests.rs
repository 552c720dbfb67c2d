//! What is found, recorded and removed of a state folder.

use std::time::Duration;

use super::super::remove_exceeding;
use super::*;
use crate::config::{self, Overrides};
use crate::disk::{self, TrainingLock};
use crate::domain::{ContentHash, ImageFacts, StopFlag};

const DAY: Duration = Duration::from_secs(86_400);

fn dataset() -> DatasetName {
    DatasetName::new("d").unwrap()
}

/// Ten bytes.
fn write(path: &Path) {
    disk::create_dir(path.parent().unwrap()).unwrap();
    disk::write_atomic(path, b"0123456789").unwrap();
}

struct Scene {
    dir: tempfile::TempDir,
    ledger: Ledger,
}

impl Scene {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), ledger: Ledger::default() }
    }

    fn workspace(&self) -> Workspace {
        Workspace::new(self.dir.path().join("state"))
    }

    fn settings(&self, limits: &[&str]) -> Settings {
        let state = format!("storage.state_dir={}", self.workspace().root().display());
        let set = limits.iter().map(ToString::to_string).chain([state]).collect();
        config::load(&Overrides { set, ..Overrides::default() }).unwrap()
    }

    /// A scene with these runs.
    fn with_runs(ids: &[&str]) -> Self {
        let mut scene = Self::new();
        for id in ids {
            let model = ModelRecord::example("d", id);
            write(&scene.workspace().run(&model.dataset, &model.run_id).join("model.json"));
            scene.ledger.apply(&LedgerEvent::Run(Box::new(model)));
        }
        scene
    }

    fn has_run(&self, id: &str) -> bool {
        self.workspace().run(&dataset(), &RunId::new(id).unwrap()).exists()
    }

    fn report(&mut self, name: &str) -> ScanKey {
        write(&self.workspace().reports().join(format!("d/{name}/report.html")));
        let image = ImageFacts::example();
        let hash = ContentHash::of(name.as_bytes());
        let state = ScanState::Explained { model: RunId::new("0001-a").unwrap(), report: format!("d/{name}") };
        let path = format!("scans/{name}.png");
        self.ledger.apply(&LedgerEvent::Scan(Scan {
            dataset: None,
            hash,
            path,
            state,
            image,
            perceptual_hash: None,
            dicom: None,
        }));
        (None, hash)
    }

    /// As of this time after now.
    fn find(&self, limits: &[&str], later: Duration) -> Exceeding {
        let now = modified(self.dir.path()).unwrap();
        find_exceeding(&self.ledger, &self.settings(limits), now + later).unwrap()
    }

    fn record(&mut self, found: &mut Exceeding) {
        let events = found.record(&self.ledger, Clock::System);
        for event in &events {
            self.ledger.apply(event);
        }
    }
}

#[test]
fn runs_are_recorded_as_removed_then_go_and_those_that_were_cut_off_are_found_again() {
    let mut scene = Scene::with_runs(&["0001-a", "0002-b", "0003-c"]);
    let limits = ["retention.runs_max_number=2"];
    let mut found = scene.find(&limits, Duration::ZERO);
    scene.record(&mut found);
    let removed = |scene: &Scene| scene.ledger.runs_of(&dataset()).filter(|run| run.removed.is_some()).count();
    assert_eq!((found.runs.len(), removed(&scene)), (1, 1));

    let stopped = StopFlag::default();
    stopped.raise();
    assert!(remove_exceeding(&found, &scene.workspace(), &stopped).is_empty() && scene.has_run("0001-a"));
    let mut found = scene.find(&limits, Duration::ZERO);
    scene.record(&mut found);
    let training = TrainingLock::take(&scene.workspace(), &dataset()).unwrap();
    assert!(remove_exceeding(&found, &scene.workspace(), &StopFlag::default()).is_empty(), "somebody trains");
    drop(training);
    let outcome = remove_exceeding(&found, &scene.workspace(), &StopFlag::default());
    assert_eq!((outcome.runs, outcome.bytes, outcome.failed), (1, 10, None));
    assert!(!scene.has_run("0001-a") && scene.has_run("0002-b") && scene.has_run("0003-c"));
    assert!(scene.find(&limits, Duration::ZERO).is_empty());
}

#[test]
fn a_run_that_has_become_the_best_one_meanwhile_stays() {
    let mut scene = Scene::with_runs(&["0001-a", "0002-b"]);
    let mut found = scene.find(&["retention.runs_max_number=1"], Duration::ZERO);
    assert_eq!(found.runs.len(), 1);
    scene.ledger.best.insert(dataset(), RunId::new("0001-a").unwrap());
    scene.record(&mut found);
    assert!(found.is_empty());
}

#[test]
fn reports_go_with_a_mark_on_their_scans_and_only_then() {
    let mut scene = Scene::new();
    let keys = ["a-1", "b-2"].map(|name| scene.report(name));
    assert!(scene.find(&["retention.reports_max_age=2d"], DAY).is_empty());
    let mut found = scene.find(&["retention.reports_max_age=1h"], DAY);
    scene.record(&mut found);
    let outcome = remove_exceeding(&found, &scene.workspace(), &StopFlag::default());
    assert_eq!((outcome.reports, outcome.bytes, outcome.failed), (2, 20, None));
    for key in keys {
        assert!(matches!(scene.ledger.scans.get(&key).unwrap().state, ScanState::Removed { .. }));
    }
    assert!(!scene.workspace().reports().join("d").exists());
}

#[test]
fn copies_go_as_a_whole_and_everything_beside_them_stays() {
    let scene = Scene::new();
    let workspace = scene.workspace();
    let outside = workspace.expansion_of(&dataset(), Path::new("/elsewhere"));
    for folder in [workspace.expansion(&dataset()), outside] {
        for name in ["manifest.jsonl", "contact-sheet.html", "augmented/a/notes.txt"] {
            write(&folder.join(name));
        }
        // Only its name makes it a copy here; it is not removed, as it is not tagged as one.
        write(&folder.join("augmented/a/x-0123abcd-c01.png"));
    }
    let found = scene.find(&["retention.copies_max_number=1"], DAY);
    assert_eq!(found.copies.len(), 1);
    let found = scene.find(&["retention.copies_max_age=1h"], DAY);
    assert_eq!(found.copies.iter().map(|item| (item.number, item.bytes)).collect::<Vec<_>>(), [(1, 10), (1, 10)]);
    let outcome = remove_exceeding(&found, &workspace, &StopFlag::default());
    assert_eq!(outcome.failed, None);
    assert!(workspace.expansion(&dataset()).join("manifest.jsonl").exists());
    assert!(workspace.expansion(&dataset()).join("augmented/a/notes.txt").exists());
}
