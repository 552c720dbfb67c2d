//! Retention: reports, runs and copies that exceed the configured limits go, the oldest first, and do not come back by themselves.

use std::fs;
use std::path::PathBuf;

use crate::bed::{Ran, TestBed};
use crate::pictures::Look;

fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    bed
}

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
fn lists_one_report(bed: &TestBed) {
    assert_eq!(names(bed, "reports/shapes").len(), 1);
    let table = fs::read_to_string(bed.state("reports/results.csv")).unwrap();
    let page = fs::read_to_string(bed.state("reports/index.html")).unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
    let reports = names(bed, "reports/shapes");
    assert!(table.contains(&reports[0]) && page.contains(&reports[0]), "{reports:?}\n{table}");
}

#[test]
fn reports_beyond_the_limit_go_and_their_scans_are_not_explained_again() {
    let bed = bed();
    (1..=3).for_each(|number| bed.drop_scan(Look::Disc, number));
    assert_eq!(once(&bed).json()["done"]["scans_explained"], 3);
    assert_eq!(names(&bed, "reports/shapes").len(), 3);
    assert_eq!(once(&bed).json()["done"]["scans_explained"], 3, "without a limit nothing changes");

    let bed = bed.set("retention.reports_max_number", "1");
    let ran = once(&bed);
    assert!(ran.stderr.contains("Removed as configured in [retention]"), "{}", ran.stderr);
    lists_one_report(&bed);
    let ran = once(&bed);
    assert_eq!((&ran.json()["done"]["scans_explained"], ran.stderr.contains("Removed as")), (&3.into(), false));
    lists_one_report(&bed);

    let kept = names(&bed, "reports/shapes");
    bed.drop_scan(Look::Bars, 9);
    assert_eq!(once(&bed).json()["done"]["scans_explained"], 4, "a new scan is explained");
    lists_one_report(&bed);
    assert_ne!(names(&bed, "reports/shapes"), kept, "the oldest goes");
}

#[test]
fn runs_that_nothing_needs_go_with_a_mark_and_copies_come_back_when_they_are_needed() {
    let mut bed = bed().set("promotion.policy", "always");
    for seed in ["1", "2", "3"] {
        bed = bed.set("train.seed", seed);
        once(&bed);
    }
    let runs = names(&bed, "runs/shapes");
    let table = bed.run(&["models", "list"]).ok().stdout;
    let first = table.lines().find_map(|line| line.split_whitespace().find(|word| word.starts_with("0001-"))).unwrap();
    assert_eq!((runs.len(), copies(&bed).is_empty()), (3, false));

    let bed = bed.set("retention.runs_max_number", "1").set("retention.copies_max_age", "1ms");
    assert_eq!(once(&bed).json()["done"]["trainings"], 3);
    assert_eq!(names(&bed, "runs/shapes"), runs[1..], "the best model and the one that it replaced stay");
    assert!(copies(&bed).is_empty() && bed.state("datasets/shapes/manifest.jsonl").exists());
    assert_eq!(once(&bed).json()["done"]["trainings"], 3, "nothing is missed");

    let table = bed.run(&["models", "list"]).ok().stdout;
    assert!(table.lines().any(|line| line.contains(first) && line.contains(" removed ")), "{table}");
    for command in [vec!["models", "promote", first], vec!["explain", "--model", first, "config.toml"]] {
        let ran = bed.run(&command);
        assert_eq!(ran.code, 65, "{command:?} {}", ran.stderr);
        assert!(ran.stderr.contains("were removed at ") && ran.stderr.contains("; choose another"), "{}", ran.stderr);
    }
    bed.run(&["models", "rollback", &runs[2]]).ok();

    let bed = bed.set("retention.copies_max_age", "0s").set("train.seed", "4");
    assert_eq!(once(&bed).json()["done"]["trainings"], 4);
    assert!(names(&bed, "runs/shapes").iter().any(|run| run.starts_with("0004-")), "no number is used twice");
    assert!(!copies(&bed).is_empty());
}
