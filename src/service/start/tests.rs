//! A worker that panics loses its job, and nothing else: the run goes on to its end and lists what is not done.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::{Overrides, load};
use crate::content::FileFailure;
use crate::domain::{ContentHash, Counter, Silent, Stopped};
use crate::imaging::{Picture, Pixels, encode_png};
use crate::ingest::UnfinishedFile;
use crate::service::control::{Answer, ForgetAct, Question, Request};
use crate::service::training_worker::TrainingTask;
use crate::workflow::{FailedWork, Fault, ForgetName, ForgetRequest, Prepared, Readiness, TrainingPlan, Work};

/// An inbox with `n` images, of two classes by turns.
fn inbox(n: u8) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for number in 1..=n {
        let class = ["a", "b"][usize::from(number % 2)];
        let path = dir.path().join(format!("inbox/datasets/d/{class}/{number}.png"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let pixels = (0..64).map(|at: u8| at.wrapping_mul(number).wrapping_add(number)).collect();
        fs::write(path, encode_png(&Picture::new(8, 8, 1, Pixels::U8(pixels)).unwrap()).unwrap()).unwrap();
    }
    dir
}

/// `run --once` in `dir`, after `spoil` changed the workers.
fn run_in(dir: &TempDir, spoil: impl FnOnce(&mut Parts, &Sender<Event>)) -> Summary {
    let paths = [("watch.inbox", "inbox"), ("storage.state_dir", "state")];
    let set = paths.map(|(key, path)| format!("{key}={}", dir.path().join(path).display()));
    let set = set.into_iter().chain(["watch.settle=1ms".to_owned(), "watch.settle_unclosed=1ms".to_owned()]).collect();
    let settings = load(&Overrides { set, ..Overrides::default() }).unwrap();
    let (events, heard) = unbounded();
    let (settings, stop) = (Arc::new(settings), StopFlag::default());
    let registry = Registry::open(&Workspace::new(&settings.state_dir), settings.clock).unwrap();
    let mut parts = parts(registry, settings, Mode::Once, &stop, Arc::new(Silent), &events).unwrap();
    spoil(&mut parts, &events);
    finish(parts, Status::starting("inbox"), &heard).unwrap()
}

/// The same on eight images, whose records are more than are written at once.
fn run_once(spoil: impl FnOnce(&mut Workers, &Sender<Event>)) -> (Summary, TempDir) {
    let dir = inbox(8);
    (run_in(&dir, |parts, events| spoil(&mut parts.workers, events)), dir)
}

/// Replaces the training worker by one that works as `work` does, which may ask the real one.
fn spoil_training(
    parts: &mut Parts,
    events: &Sender<Event>,
    mut work: impl FnMut(&TrainingWorker, TrainingTask) -> Event + Send + 'static,
) {
    let real = TrainingWorker {
        settings: Arc::clone(&parts.settings),
        workspace: parts.workspace.clone(),
        engines: parts.engines.clone(),
        stop: parts.stop.clone(),
        progress: parts.progress.clone(),
        events: events.clone(),
    };
    let work = move |task| work(&real, task);
    parts.workers.training = Worker::spawn(WorkerRole::Training, events.clone(), work).unwrap();
}

/// What a training that was stopped hands back.
fn stopped(plan: Box<TrainingPlan>) -> Event {
    Event::Trained(plan.dataset, Box::new(Err(Stopped.into())))
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

/// A dataset that cannot be trained on.
fn held_up() -> Prepared {
    Prepared { warnings: Vec::new(), readiness: Readiness::HeldUp("it is a test".to_owned()), unread: Vec::new() }
}

#[test]
fn a_panic_while_it_looks_what_is_due_does_not_keep_it_from_going_on() {
    let (summary, dir) = run_once(|workers, events| {
        workers.training = Worker::spawn(WorkerRole::Training, events.clone(), |task| match task {
            TrainingTask::Prepare(dataset, _) => Event::Prepared(dataset, held_up()),
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
            TrainingTask::Prepare(dataset, _) => Event::Prepared(dataset, held_up()),
            _ => Event::Due(Vec::new()),
        })
        .unwrap();
        workers.scans = Worker::spawn(WorkerRole::Scans, events.clone(), |_| panic!("on purpose")).unwrap();
    });
    let reports = dir.path().join("state/reports");
    assert_eq!(failed(&summary), [(Work::Gallery, reports.to_str().unwrap(), Fault::Program)]);
}

#[test]
fn a_training_starts_when_the_sides_of_many_images_are_recorded() {
    let dir = inbox(40);
    let journal = dir.path().join("state/journal.ndjson");
    let (starts, started) = unbounded();
    let summary = run_in(&dir, |parts, events| {
        spoil_training(parts, events, move |worker, task| match task {
            TrainingTask::Train(plan, _) => {
                starts.send((plan.samples.len(), fs::read_to_string(&journal).unwrap())).unwrap();
                worker.stop.raise();
                stopped(plan)
            }
            task => worker.work(task),
        });
    });
    let (samples, journal) = started.try_recv().unwrap();
    let recorded = |side: &str| journal.matches(&format!("\"split\":\"{side}\"")).count();
    assert_eq!((samples, recorded("train") + recorded("validation")), (40, 40));
    assert_eq!((started.len(), summary.stopped, summary.failures.len()), (0, true, 0));
}

#[test]
fn a_command_that_waits_for_an_erasure_learns_from_a_service_that_stops_that_it_is_recorded() {
    let dir = inbox(8);
    let name = ForgetName {
        text: "an image".to_owned(),
        inbox_path: None,
        content: Some(ContentHash::of(b"image")),
        instance: None,
    };
    let request = ForgetRequest { names: vec![name], groups_only: false, dataset: None };
    let (asked, answered) = Request::example(Question::Forget { request, act: ForgetAct::Erase });
    let summary = run_in(&dir, |parts, events| {
        let (asking, mut asked) = (events.clone(), Some(asked));
        spoil_training(parts, events, move |worker, task| match task {
            TrainingTask::Train(plan, stop) => {
                asking.send(Event::Asked(asked.take().unwrap())).unwrap();
                while !stop.is_raised() {
                    std::thread::yield_now();
                }
                worker.stop.raise();
                stopped(plan)
            }
            task => worker.work(task),
        });
    });
    assert!(summary.stopped);
    let answer = answered.try_recv().unwrap();
    assert!(matches!(answer, Answer::Erased { is_done: false, .. }), "{answer:?}");
}

#[test]
fn a_training_that_a_stop_keeps_from_starting_is_due_at_the_next_start() {
    for n in [8, 40] {
        let dir = inbox(n);
        let summary = run_in(&dir, |parts, events| {
            spoil_training(parts, events, |worker, task| match task {
                TrainingTask::Prepare(..) => {
                    let prepared = worker.work(task);
                    worker.stop.raise();
                    prepared
                }
                TrainingTask::FindDue(_) => worker.work(task),
                _ => panic!("trained after the stop"),
            });
        });
        assert_eq!((summary.stopped, summary.failures.len(), summary.done[Counter::Trainings]), (true, 0, 0));
        let (starts, started) = unbounded();
        run_in(&dir, |parts, events| {
            spoil_training(parts, events, move |worker, task| match task {
                TrainingTask::Train(plan, _) => {
                    starts.send(plan.samples.len()).unwrap();
                    worker.stop.raise();
                    stopped(plan)
                }
                task => worker.work(task),
            });
        });
        assert_eq!(started.try_iter().collect::<Vec<_>>(), [usize::from(n)]);
    }
}

/// The number of the image that a disk refuses in the tests below.
const REFUSED: &str = "datasets/d/b/1.png";

/// Replaces the intake worker by one to which the disk refuses one image so many times; and the training worker by one that
/// tells how many images each training would have.
fn refusing(parts: &mut Parts, events: &Sender<Event>, mut n_left: u32, prepared: Sender<usize>) {
    let (intake, stop) = (Intake::new(&parts.settings, &parts.workspace, parts.key.clone()), parts.stop.clone());
    let work = move |IntakeJob { arrivals, ledger, .. }: IntakeJob| {
        let (refused, read): (Vec<_>, Vec<_>) =
            arrivals.into_iter().partition(|arrival| n_left > 0 && arrival.path() == REFUSED);
        let mut outcome = intake.take(&ledger, read, None, &stop);
        n_left -= refused.len() as u32;
        outcome.unfinished.extend(refused.iter().map(|arrival| UnfinishedFile {
            path: arrival.path().to_owned(),
            failure: FileFailure::unreadable(arrival.path(), &io::Error::from_raw_os_error(5)),
        }));
        Event::Read(outcome)
    };
    parts.workers.intake = Worker::spawn(WorkerRole::Intake, events.clone(), work).unwrap();
    spoil_training(parts, events, move |_, task| match task {
        TrainingTask::Prepare(dataset, job) => {
            prepared.send(job.ledger.samples.size()).unwrap();
            Event::Prepared(dataset, held_up())
        }
        _ => Event::Due(Vec::new()),
    });
}

#[test]
fn a_run_reads_an_image_again_that_a_disk_refused_and_trains_once_with_all() {
    let (dir, (prepared, trainings)) = (inbox(8), unbounded());
    let summary = run_in(&dir, |parts, events| refusing(parts, events, 1, prepared));
    assert_eq!(trainings.iter().collect::<Vec<_>>(), [8]);
    assert_eq!((failed(&summary), summary.done[Counter::Samples]), (vec![], 8));
}

#[test]
fn a_run_trains_nothing_without_an_image_that_a_disk_refuses_at_every_try() {
    let (dir, (prepared, trainings)) = (inbox(8), unbounded());
    let summary = run_in(&dir, |parts, events| refusing(parts, events, 99, prepared));
    assert_eq!((trainings.iter().count(), summary.done[Counter::Samples]), (0, 7));
    let why = "the file cannot be read: Input/output error (os error 5)";
    let fix = "check its disk or network share, and copy it again";
    assert_eq!(summary.waiting, [format!("the training of dataset `d` waits for `{REFUSED}`: {why}; {fix}")]);
    assert_eq!(failed(&summary), [(Work::Intake, dir.path().join("inbox").to_str().unwrap(), Fault::Io)]);
    let told = [&summary.failures[0].why, &summary.failures[0].remedy];
    assert_eq!(told, [&format!("`{REFUSED}` (unreadable): {why}"), fix]);
    assert_eq!(fs::read_dir(dir.path().join("state/quarantine")).map_or(0, Iterator::count), 0, "it is no bad image");
}

#[test]
fn a_run_trains_nothing_on_a_dataset_whose_mount_is_away() {
    let (dir, (prepared, trainings)) = (inbox(8), unbounded());
    run_in(&dir, |parts, events| refusing(parts, events, 0, prepared.clone()));
    fs::rename(dir.path().join("inbox/datasets/d/a"), dir.path().join("disk")).unwrap();
    fs::create_dir(dir.path().join("inbox/datasets/d/a")).unwrap();
    fs::write(dir.path().join("state/mounts.json"), r#"["datasets/d/a"]"#).unwrap();
    let new = dir.path().join("inbox/datasets/d/b/new.png");
    fs::write(new, encode_png(&Picture::new(8, 8, 1, Pixels::U8((100..164).collect())).unwrap()).unwrap()).unwrap();
    let summary = run_in(&dir, |parts, events| refusing(parts, events, 0, prepared));
    assert_eq!(trainings.iter().collect::<Vec<_>>(), [8], "only the first");
    let folder = dir.path().join("inbox/datasets/d/a").display().to_string();
    let waits = format!("the training of dataset `d` waits for the mounted folder `{folder}`; mount it again");
    assert_eq!(summary.waiting, [waits]);
    assert_eq!(summary.done[Counter::Samples], 1, "and nothing is gone");
    let [FailedWork { why, fault: Fault::Io, .. }] = &summary.failures[..] else { panic!("{:?}", summary.failures) };
    assert!(why.starts_with(&format!("`{folder}` was a mounted folder and is now empty or missing")), "{why}");
}
