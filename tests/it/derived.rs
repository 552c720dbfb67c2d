//! What follows from what was recorded and was lost or damaged since: the next run makes it again, as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gradwatch::domain::ContentHash;
use serde_json::Value;

use crate::bed::{Ran, TestBed, finish, tree};
use crate::pictures::Look;

fn run_once(bed: &TestBed) -> Ran {
    let mut command = bed.command(&["run", "--once", "--json"]);
    command.env("SOURCE_DATE_EPOCH", "1767225600");
    finish(command).ok()
}

/// A model of `shapes` and a report of two scans.
fn finished(bed: TestBed) -> TestBed {
    let bed = bed.set("augment.copies", "1").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    for look in Look::ALL {
        bed.drop_scan(look, 1);
    }
    run_once(&bed);
    bed
}

/// What people and scripts read.
fn derived(bed: &TestBed) -> BTreeMap<PathBuf, ContentHash> {
    let all = tree(&bed.state(""));
    // Which records the gallery was made from, by their times, is only for itself.
    let is_read = |path: &Path| ["runs", "reports", "datasets"].iter().any(|folder| path.starts_with(folder));
    all.into_iter().filter(|(path, _)| is_read(path) && !path.ends_with(".gallery.json")).collect()
}

/// The folder in `folder`, when it holds one.
fn only(folder: PathBuf) -> PathBuf {
    let mut folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.next().unwrap()
}

#[track_caller]
fn heals(bed: &TestBed, before: &BTreeMap<PathBuf, ContentHash>, what: &str) -> Value {
    assert_ne!(derived(bed), *before, "{what} changes nothing");
    let done = run_once(bed).json()["done"].clone();
    let after = derived(bed);
    let differs = |path: &&PathBuf| after.get(*path) != before.get(*path);
    let different: Vec<_> = before.keys().chain(after.keys()).filter(differs).collect();
    assert!(different.is_empty(), "{what}: {different:?}");
    done
}

#[test]
fn gallery_table_and_reports_come_back() {
    let bed = finished(TestBed::new().sharing_features());
    let before = derived(&bed);
    for name in ["index.html", "results.csv"] {
        let path = bed.state("reports").join(name);
        fs::remove_file(&path).unwrap();
        heals(&bed, &before, "a deletion");
        fs::write(&path, "damaged").unwrap();
        heals(&bed, &before, "damage");
    }
    let report = only(bed.state("reports/shapes"));
    fs::remove_dir_all(&report).unwrap();
    assert_eq!(heals(&bed, &before, "a lost report")["scans_explained"], 1);
    fs::write(report.join("report.json"), "{").unwrap();
    fs::write(report.join("overlay.png"), "").unwrap();
    assert_eq!(heals(&bed, &before, "a torn report")["scans_explained"], 1);
    assert_eq!(run_once(&bed).json()["done"]["scans_explained"], 0);
}

#[test]
fn the_files_of_a_run_and_its_contact_sheet_come_back_without_another_model() {
    let bed = finished(TestBed::new().sharing_features().set("augment.contact_sheet", "true"));
    let before = derived(&bed);
    let run = only(bed.state("runs/shapes"));
    for name in ["report.html", "history.csv", "head.safetensors", "model.json"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    fs::remove_dir_all(run.join("train")).unwrap();
    assert_eq!(heals(&bed, &before, "a run without files")["trainings"], 0);
    fs::remove_file(bed.state("datasets/shapes/contact-sheet.html")).unwrap();
    fs::remove_file(bed.state("datasets/shapes/contact-sheet-disc.png")).unwrap();
    assert_eq!(heals(&bed, &before, "a lost sheet")["trainings"], 0);
    let ran = run_once(&bed);
    assert!(!ran.stderr.contains("made again"), "nothing is missing: {}", ran.stderr);
}

#[test]
fn damaged_copies_and_features_are_made_again_and_the_model_is_what_it_would_be() {
    let bed = finished(TestBed::new());
    let head = |bed: &TestBed| {
        let runs = tree(&bed.state("runs/shapes"));
        let heads = runs.into_iter().filter(|(path, _)| path.ends_with("head.safetensors"));
        heads.map(|(path, hash)| (path.parent().unwrap().to_owned(), hash)).collect::<BTreeMap<_, _>>()
    };
    let copies = tree(&bed.state("datasets/shapes/augmented"));
    let copy = bed.state("datasets/shapes/augmented").join(copies.keys().next().unwrap());
    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&copy, bytes).unwrap();
    let features: Vec<PathBuf> = tree(&bed.state("features")).into_keys().collect();
    // A copy whose features are cached is not read.
    for file in &features {
        fs::write(bed.state("features").join(file), "torn").unwrap();
    }
    let undisturbed = finished(TestBed::new().sharing_features());
    let [bed, undisturbed] = [bed, undisturbed].map(|bed| bed.set("train.seed", "7"));
    let ran = run_once(&bed);
    assert!(ran.stderr.contains("Augmented images are made again"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Damaged cached features computed again"), "{}", ran.stderr);
    run_once(&undisturbed);
    assert_eq!(head(&bed), head(&undisturbed));
    assert_eq!(tree(&bed.state("datasets/shapes/augmented")), copies);
}

#[test]
fn temporaries_of_killed_programs_are_swept_and_those_of_living_ones_stay() {
    let bed = TestBed::new();
    let folders =
        ["", "runs/d/0001-a", "reports/d/scan", "datasets/d/augmented/c", "features/f/00", "quarantine/d", "locks"];
    let left: Vec<PathBuf> = folders
        .map(|folder| bed.write(Path::new("state").join(folder).join(format!(".gradwatch-tmp-{}-0", u32::MAX)), "torn"))
        .into();
    // This process lives, and is older than the file.
    let living = bed.write(format!("state/runs/.gradwatch-tmp-{}-0", std::process::id()), "half");
    run_once(&bed);
    let still: Vec<_> = left.iter().filter(|path| path.exists()).collect();
    assert!(still.is_empty() && living.exists(), "{still:?}");
}
