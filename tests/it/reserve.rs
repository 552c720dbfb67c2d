//! The room on the disk that work leaves free.

use serde_json::Value;

use crate::bed::{Ran, TestBed};
use crate::pictures::Look;

fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2")
}

/// More than any disk has.
fn full(bed: TestBed) -> TestBed {
    bed.set("storage.reserve_gib", "1000000").set("storage.reserve_percent", "100")
}

#[track_caller]
fn waits_for_room(ran: &Ran, what: &str) {
    assert_eq!(ran.code, 74, "{}\n{}", ran.stdout, ran.stderr);
    let failures = ran.json()["failures"].as_array().unwrap().clone();
    assert!(failures.iter().any(|failure| failure["what"] == what), "{failures:#?}");
    for failure in failures {
        let (why, remedy) = (failure["why"].as_str().unwrap(), failure["remedy"].as_str().unwrap());
        assert!(why.contains("free, and") && why.contains("storage.reserve_gib"), "{why}");
        assert_eq!(remedy, "free some space, or lower the reserve");
    }
}

#[test]
fn work_that_would_leave_less_is_not_begun_and_is_done_when_there_is_room() {
    let bed = full(bed());
    bed.drop_dataset(4);
    let ran = bed.run(&["run", "--once", "--json"]);
    waits_for_room(&ran, "training");
    assert_eq!((&ran.json()["done"]["trainings"], &ran.json()["done"]["samples"]), (&Value::from(0), &Value::from(8)));
    assert!(!bed.state("datasets").exists(), "no copy was written");

    let roomy = bed.set("storage.reserve_percent", "0");
    assert_eq!(roomy.run(&["run", "--once", "--json"]).ok().json()["done"]["trainings"], 1);

    roomy.drop_scan(Look::Disc, 1);
    let bed = roomy.set("storage.reserve_percent", "100");
    waits_for_room(&bed.run(&["run", "--once", "--json"]), "scan");
    assert_eq!(bed.reports(), Vec::<std::path::PathBuf>::new(), "no report was written");
    let roomy = bed.set("storage.reserve_gib", "0");
    assert_eq!(roomy.run(&["run", "--once", "--json"]).ok().json()["done"]["scans_explained"], 1);
}

#[test]
fn augmenting_into_a_folder_leaves_the_reserve_as_well() {
    let bed = full(bed());
    bed.drop_dataset(1);
    let ran = bed.run(&["augment", "inbox/datasets/shapes", "copies"]);
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.contains("storage.reserve_gib"), "{}", ran.stderr);
}
