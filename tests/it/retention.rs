//! Retention: reports and copies that exceed the configured limits go, and do not come back by themselves.

use std::fs;
use std::path::PathBuf;

use crate::bed::{Ran, TestBed};
use crate::pictures::Look;
use crate::service::Service;

fn once(bed: &TestBed) -> Ran {
    bed.run(&["run", "--once", "--json"]).ok()
}

fn copies(bed: &TestBed) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(bed.state("datasets/shapes/augmented")).into_iter().map(Result::unwrap);
    files.filter(|file| file.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[track_caller]
fn has_one_report_and_no_copies(bed: &TestBed) {
    assert_eq!(bed.reports().len(), 1);
    assert!(copies(bed).is_empty() && bed.state("datasets/shapes/manifest.jsonl").exists());
    let table = fs::read_to_string(bed.state("reports/results.csv")).unwrap();
    let page = fs::read_to_string(bed.state("reports/index.html")).unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    let report = bed.reports()[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert!(table.contains(&report) && page.contains(&report), "{report}\n{table}");
}

#[test]
fn what_exceeds_the_limits_goes_and_is_made_again_by_nobody() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    (1..=3).for_each(|number| bed.drop_scan(Look::Disc, number));
    assert_eq!(once(&bed).json()["done"]["scans_explained"], 3);
    assert_eq!((bed.reports().len(), copies(&bed).len()), (3, 6), "without a limit everything stays");

    let bed = bed.set("retention.reports_max_number", "1").set("retention.copies_max_age", "1ms");
    let ran = once(&bed);
    let line = "Removed as configured in [retention] reports=2 runs=0 copies=6 bytes=";
    assert!(ran.stderr.contains(line), "{}", ran.stderr);
    has_one_report_and_no_copies(&bed);

    let ran = once(&bed);
    let done = ran.json()["done"].clone();
    assert_eq!((&done["scans_explained"], &done["trainings"]), (&0.into(), &0.into()), "{done}");
    assert!(!ran.stderr.contains("Removed as"), "{}", ran.stderr);
    has_one_report_and_no_copies(&bed);

    // Before the hour is over, because a disk that refuses something may be full.
    let mut service = Service::start(&bed);
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    (4..=6).for_each(|number| bed.drop_scan(Look::Disc, number));
    service.wait_for("three more reports", |_| (bed.reports().len() == 4).then_some(()));
    let page = bed.state("reports/index.html");
    service.wait_for("the page of all", |_| fs::read_to_string(&page).ok()?.contains("6.png").then_some(()));
    fs::remove_file(&page).unwrap();
    fs::create_dir_all(page.join("in the way")).unwrap();
    service.wait_for("room", |_| (bed.reports().len() == 1).then_some(()));
    fs::remove_dir_all(&page).unwrap();
    service.wait_for("the page", |_| page.is_file().then_some(()));
    service.stop();
    has_one_report_and_no_copies(&bed);
}
