//! Retention: reports and copies that exceed the configured limits go, and do not come back by themselves.

use std::fs;
use std::path::PathBuf;

use crate::bed::{Ran, TestBed};
use crate::pictures::Look;

fn once(bed: &TestBed) -> Ran {
    bed.run(&["run", "--once", "--json"]).ok()
}

/// Names in a folder of the state folder, sorted.
fn names(bed: &TestBed, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(bed.state(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn copies(bed: &TestBed) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(bed.state("datasets/shapes/augmented")).into_iter().map(Result::unwrap);
    files.filter(|file| file.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[track_caller]
fn has_one_report_and_no_copies(bed: &TestBed) {
    assert_eq!(names(bed, "reports/shapes").len(), 1);
    assert!(copies(bed).is_empty() && bed.state("datasets/shapes/manifest.jsonl").exists());
    let table = fs::read_to_string(bed.state("reports/results.csv")).unwrap();
    let page = fs::read_to_string(bed.state("reports/index.html")).unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    let reports = names(bed, "reports/shapes");
    assert!(table.contains(&reports[0]) && page.contains(&reports[0]), "{reports:?}\n{table}");
}

#[test]
fn what_exceeds_the_limits_goes_and_is_made_again_by_nobody() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    (1..=3).for_each(|number| bed.drop_scan(Look::Disc, number));
    assert_eq!(once(&bed).json()["done"]["scans_explained"], 3);
    assert_eq!((names(&bed, "reports/shapes").len(), copies(&bed).len()), (3, 6), "without a limit everything stays");

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
}
