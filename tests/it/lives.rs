//! The service outlives what passes: it says what it waits for, and goes on by itself.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bed::TestBed;
use crate::pictures::{self, Look};
use crate::service::Service;

/// From the end of a fault to the end of the waiting.
const BACK: Duration = Duration::from_secs(30);

fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2")
}

/// Waits until the status is `state` for a reason that names `cause`.
#[track_caller]
fn waits_for(service: &mut Service, state: &str, cause: &str) -> Value {
    service.wait_for(&format!("the state `{state}` for {cause}"), |service| {
        let status = service.status()?;
        (status["state"] == state && status["waits_for"].as_str()?.contains(cause)).then_some(status)
    })
}

/// Waits until it works as if nothing had been; then a scan is taken in, and the service stops in order.
#[track_caller]
fn goes_on(bed: &TestBed, mut service: Service, ended: Instant) {
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    assert!(ended.elapsed() < BACK, "{:?}", ended.elapsed());
    let status = service.status().unwrap();
    assert!(status["waits_for"].is_null() && status["failures"].as_array().unwrap().is_empty(), "{status:#}");
    bed.drop_scan(Look::Bars, 7);
    service.wait_for("the scan", |service| (service.status()?["queues"]["scans"] == 1).then_some(()));
    let end = service.stop();
    assert_eq!(end.code, Some(0), "{}", end.log.join("\n"));
    let n_told = end.log.iter().filter(|line| line.contains("Service waits")).count();
    assert_eq!(n_told, 1, "{}", end.log.join("\n"));
}

#[test]
fn a_service_waits_for_an_inbox_that_is_not_there_at_its_start() {
    let bed = bed();
    fs::remove_dir(bed.inbox("")).unwrap();
    let mut service = bed.start();
    let status = waits_for(&mut service, "blocked", "does not exist");
    assert!(status["last_error"].as_str().unwrap().contains("does not exist"), "{status:#}");
    service.ready();
    assert_eq!(bed.status()["state"], "blocked", "whoever asks is not told that it is dead");
    fs::create_dir(bed.inbox("")).unwrap();
    goes_on(&bed, service, Instant::now());
}

#[test]
fn a_stop_ends_the_waiting_at_once() {
    let bed = bed();
    fs::remove_dir(bed.inbox("")).unwrap();
    let mut service = bed.start();
    waits_for(&mut service, "blocked", "does not exist");
    let end = service.stop();
    assert_eq!(end.code, Some(0), "{}", end.log.join("\n"));
    assert!(end.took < Duration::from_secs(5), "{:?}", end.took);
    assert_eq!(bed.status()["state"], "stopped");
}

#[test]
fn a_service_waits_for_what_stands_in_the_way_of_its_files() {
    for place in ["journal.ndjson", "control.sock"] {
        let bed = bed();
        fs::create_dir_all(bed.state(Path::new(place).join("a folder"))).unwrap();
        let mut service = bed.start();
        waits_for(&mut service, "waiting", place);
        service.ready();
        fs::remove_dir_all(bed.state(place)).unwrap();
        goes_on(&bed, service, Instant::now());
    }
}

#[test]
fn a_service_waits_for_a_state_folder_that_cannot_be_made() {
    let bed = bed().set("storage.state_dir", "elsewhere/state");
    let in_the_way = bed.write("elsewhere", "a file");
    let mut service = bed.start();
    service.ready();
    service.wait_for("a word on it", |service| {
        service.log.iter().any(|line| line.contains("Service waits") && line.contains("elsewhere")).then_some(())
    });
    fs::remove_file(in_the_way).unwrap();
    service.wait_for("a life", |service| service.log.iter().any(|line| line.contains("Service resumed")).then_some(()));
    assert_eq!(service.stop().code, Some(0));
}

#[test]
fn a_registry_that_cannot_grow_is_waited_for_and_nothing_is_counted_twice() {
    let bed = bed();
    let drop_image = |n| bed.write(format!("inbox/datasets/shapes/bars/{n}.png"), pictures::png(Look::Bars, n));
    (0..30).for_each(|n| drop(drop_image(n)));
    let mut service = Service::start_on_a_disk_that_may_fill(&bed);
    let one_class = "at least two classes";
    waits_for(&mut service, "waiting", one_class);
    // The journal takes a few more lines, sled's larger file none.
    let bytes = |file: &str| fs::metadata(bed.state(file)).unwrap().len();
    let limit = bytes("journal.ndjson") + 2048;
    assert!(limit < bytes("registry/db"));
    service.limit_files(Some(limit));
    drop_image(30);
    waits_for(&mut service, "waiting", "the registry in");
    service.limit_files(None);
    let ended = Instant::now();
    waits_for(&mut service, "waiting", one_class);
    assert!(ended.elapsed() < BACK, "{:?}", ended.elapsed());
    assert_eq!(service.status().unwrap()["counters"]["samples"], 31);
    let end = service.stop();
    assert_eq!(end.code, Some(0));
    assert!(!end.log.iter().any(|line| line.contains("panicked") || line.contains("report")), "{}", end.log.join("\n"));
}
