//! A worker that panics loses its job, and nothing else: the run goes on to its end and lists what is not done.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::{Overrides, load};
use crate::domain::{Counter, Silent};
use crate::imaging::{Picture, Pixels, encode_png};
use crate::service::training_worker::TrainingTask;
use crate::workflow::Prepared;
use crate::workflow::{Fault, Work};

/// `run --once` on eight images of two classes, whose records are more than are written at once, after `spoil` changed the workers.
fn run_once(spoil: impl FnOnce(&mut Workers, &Sender<Event>)) -> (Summary, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    for (number, name) in ["a/1", "a/2", "a/3", "a/4", "b/5", "b/6", "b/7", "b/8"].iter().enumerate() {
        let path = dir.path().join(format!("inbox/datasets/d/{name}.png"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let pixels = (0..64).map(|at: u8| at.wrapping_mul(number as u8 + 1)).collect();
        fs::write(path, encode_png(&Picture::new(8, 8, 1, Pixels::U8(pixels)).unwrap()).unwrap()).unwrap();
    }
    let paths = [("watch.inbox", "inbox"), ("storage.state_dir", "state")];
    let set = paths.map(|(key, path)| format!("{key}={}", dir.path().join(path).display()));
    let settings = load(&Overrides { set: set.into(), ..Overrides::default() }).unwrap();
    let (events, heard) = unbounded();
    let mut parts = parts(Arc::new(settings), Mode::Once, &StopFlag::default(), Arc::new(Silent), &events).unwrap();
    spoil(&mut parts.workers, &events);
    (run_with(parts, Mode::Once, events, &heard).unwrap(), dir)
}

fn failed(summary: &Summary) -> Vec<(Work, &str, Fault)> {
    summary.failures.iter().map(|failed| (failed.what, failed.place.as_str(), failed.fault)).collect()
}

#[test]
fn a_panic_of_the_intake_worker_is_told_with_the_inbox() {
    let (summary, dir) = run_once(|workers, events| {
        workers.intake = Worker::spawn(WorkerRole::Intake, events.clone(), |_| panic!("on purpose")).unwrap();
    });
    let inbox = dir.path().join("inbox");
    assert_eq!(failed(&summary), [(Work::Intake, inbox.to_str().unwrap(), Fault::Program)]);
    assert!(summary.failures[0].why.contains("internal error in gw-intake"), "{:?}", summary.failures);
    assert_eq!(summary.done[Counter::Samples], 0);
}

#[test]
fn a_panic_of_the_learning_worker_loses_its_training_and_keeps_what_came_in() {
    let (summary, _dir) = run_once(|workers, events| {
        workers.training = Worker::spawn(WorkerRole::Training, events.clone(), |task| match task {
            TrainingTask::FindDue(_) => Event::Due(Vec::new()),
            _ => panic!("on purpose"),
        })
        .unwrap();
    });
    assert_eq!(failed(&summary), [(Work::Training, "d", Fault::Program)]);
    assert_eq!((summary.done[Counter::Samples], summary.done[Counter::Trainings]), (8, 0));
}

#[test]
fn a_panic_while_it_looks_what_is_due_does_not_keep_it_from_going_on() {
    let (summary, dir) = run_once(|workers, events| {
        workers.training = Worker::spawn(WorkerRole::Training, events.clone(), |task| match task {
            TrainingTask::Prepare(dataset, _) => Event::Prepared(dataset, Prepared::HeldUp("it is a test".to_owned())),
            _ => panic!("on purpose"),
        })
        .unwrap();
    });
    let inbox = dir.path().join("inbox");
    assert_eq!(failed(&summary), [(Work::Training, inbox.to_str().unwrap(), Fault::Program)]);
    assert_eq!(summary.waiting, ["it is a test"]);
}

#[test]
fn a_panic_of_the_serving_worker_is_told_with_the_gallery() {
    let (summary, dir) = run_once(|workers, events| {
        workers.training = Worker::spawn(WorkerRole::Training, events.clone(), |task| match task {
            TrainingTask::Prepare(dataset, _) => Event::Prepared(dataset, Prepared::HeldUp("it is a test".to_owned())),
            _ => Event::Due(Vec::new()),
        })
        .unwrap();
        workers.scans = Worker::spawn(WorkerRole::Scans, events.clone(), |_| panic!("on purpose")).unwrap();
    });
    let reports = dir.path().join("state/reports");
    assert_eq!(failed(&summary), [(Work::Gallery, reports.to_str().unwrap(), Fault::Program)]);
}
