//! Labels that are corrected, lists and folders that do not say what they were meant to: learned anew, or said aloud.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use gradwatch::imaging::{Phantom, PhantomClass, encode_jpeg, encode_png};
use serde_json::{Value, json};

use crate::bed::{Ran, TestBed};
use crate::pictures::{self, Look};

fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    bed.drop_dataset(6);
    bed
}

fn once(bed: &TestBed) -> Ran {
    bed.run(&["run", "--once", "--json"])
}

fn trainings(bed: &TestBed) -> u64 {
    once(bed).ok();
    bed.status()["counters"]["trainings"].as_u64().unwrap()
}

fn rename(bed: &TestBed, from: &str, to: &str) {
    let to = bed.inbox("datasets/shapes").join(to);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(bed.inbox("datasets/shapes").join(from), to).unwrap();
}

/// The warnings on the dataset, which summary, status and the newest model have alike.
#[track_caller]
fn warnings(bed: &TestBed, summary: &Value) -> Vec<String> {
    let listed = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let warnings = listed(&summary["warnings"]["shapes"]);
    assert_eq!(listed(&bed.status()["datasets"]["shapes"]["warnings"]), warnings);
    let models = bed.run(&["models", "list", "--json"]).ok().json();
    assert_eq!(listed(&models.as_array().unwrap().last().unwrap()["data_warnings"]), warnings);
    warnings
}

#[test]
fn labels_that_go_and_come_back_are_learned_each_time() {
    let bed = bed();
    assert_eq!(trainings(&bed), 1);
    rename(&bed, "bars/bars-0.png", "disc/corrected.png");
    assert_eq!(trainings(&bed), 2, "a label was corrected");
    rename(&bed, "disc/corrected.png", "bars/bars-0.png");
    let best = bed.status()["datasets"]["shapes"]["best"]["run_id"].as_str().unwrap().to_owned();
    // Where the second model was not promoted, the best one has learned just this.
    assert_eq!(trainings(&bed), if best.starts_with("0002") { 3 } else { 2 }, "and the correction taken back");
    rename(&bed, "bars/bars-1.png", "train/bars/bars-1.png");
    let before = trainings(&bed);
    rename(&bed, "train/bars/bars-1.png", "test/bars/bars-1.png");
    assert_eq!(trainings(&bed), before + 1, "an image is tested on that was learned from");
    rename(&bed, "test/bars/bars-1.png", "val/bars/bars-1.png");
    assert_eq!(trainings(&bed), before + 2, "and measured on");
}

#[test]
fn reports_of_a_class_that_was_renamed_are_marked() {
    let bed = bed();
    bed.drop_scan(Look::Disc, 900);
    bed.drop_scan(Look::Bars, 901);
    once(&bed).ok();
    let rows = |bed: &TestBed| -> Vec<(String, bool)> {
        let mut table = csv::Reader::from_path(bed.state("reports/results.csv")).unwrap();
        let rows: Vec<std::collections::BTreeMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
        rows.iter().map(|row| (row["predicted"].clone(), row["class_removed"] == "true")).collect()
    };
    assert!(rows(&bed).iter().all(|(_, removed)| !removed));
    rename(&bed, "disc", "ring");
    let ran = once(&bed).ok();
    for (predicted, removed) in rows(&bed) {
        assert_eq!(removed, predicted == "disc", "{predicted}");
    }
    let n_obsolete = rows(&bed).iter().filter(|(_, removed)| *removed).count();
    assert!(n_obsolete > 0, "the model of this test recognises a disc");
    assert_eq!(bed.status()["queues"]["obsolete_reports"], n_obsolete);
    assert!(ran.stderr.contains("Reports show a class that their dataset no longer has"), "{}", ran.stderr);
    let gallery = || fs::read_to_string(bed.state("reports/index.html")).unwrap();
    assert_eq!(gallery().matches(">class removed<").count(), n_obsolete);
    once(&bed).ok();
    assert_eq!(bed.status()["queues"]["obsolete_reports"], n_obsolete, "another process knows it too");

    // What could not be marked is marked by a later run.
    fs::rename(bed.inbox("datasets/shapes"), bed.inbox("datasets/renamed")).unwrap();
    fs::remove_file(bed.state("reports/results.csv")).unwrap();
    fs::create_dir_all(bed.state("reports/results.csv/in the way")).unwrap();
    assert_eq!(once(&bed).code, 74);
    fs::remove_dir_all(bed.state("reports/results.csv")).unwrap();
    once(&bed).ok();
    assert!(rows(&bed).iter().all(|(_, removed)| *removed), "the dataset is no more: {:?}", rows(&bed));
    assert_eq!(gallery().matches(">class removed<").count(), 2);
}

#[test]
fn a_list_or_pattern_that_names_no_image_stops_the_training_until_it_does() {
    let bed = bed();
    let list = "inbox/datasets/shapes/groups.csv";
    bed.write(list, "file,group\n/elsewhere/a.png,1\n/elsewhere/b.png,2\n");
    let summary = once(&bed).ok().json();
    let waiting = summary["waiting"][0].as_str().unwrap();
    assert!(
        waiting.starts_with("none of the 2 lines of groups.csv of dataset `shapes` names an image of it"),
        "{waiting}"
    );
    assert_eq!(bed.status()["counters"]["trainings"], 0);
    let refused = bed.run(&["train", "inbox/datasets/shapes", "--set", "watch.inbox=other"]);
    assert_eq!(refused.code, 65, "{}", refused.stderr);
    assert!(refused.stderr.contains("none of the 2 lines of groups.csv"), "{}", refused.stderr);

    // As a program on another system writes it; a line too many, and images that it does not know.
    let line = |number: u64| format!("C:\\data\\shapes\\bars\\bars-{number}.dcm,patient {number}\n");
    let lines: String = (0..5).map(line).collect();
    bed.write(list, format!("\u{feff}file,group\n{lines}gone.png,patient 9\n"));
    let summary = once(&bed).ok().json();
    let found = warnings(&bed, &summary);
    assert!(found[0].starts_with("1 of 6 lines of groups.csv name no image of this dataset (`gone.png`)"), "{found:?}");
    assert!(found[1].starts_with("7 of 12 images have no group, and each is its own (`bars/bars-5.png`"), "{found:?}");
    assert_eq!(found.len(), 2);
    let page = bed.status()["datasets"]["shapes"]["best"]["run_id"].as_str().unwrap().to_owned();
    let page = fs::read_to_string(bed.state("runs/shapes").join(page).join("report.html")).unwrap();
    assert!(page.contains("1 of 6 lines of groups.csv name no image"));

    fs::remove_file(bed.path(list)).unwrap();
    let own = bed.set("dataset.shapes.split.group_pattern", "'^patient (\\d+)'");
    let summary = once(&own).ok().json();
    let waiting = summary["waiting"][0].as_str().unwrap();
    assert!(waiting.starts_with("split.group_pattern of dataset `shapes` matches no name of its images"), "{waiting}");
    assert_eq!(once(&own).ok().json()["waiting"], summary["waiting"], "as long as it holds");
}

#[test]
fn a_pattern_for_all_datasets_that_fits_none_of_the_names_is_warned_of() {
    let bed = bed().set("split.group_pattern", "'^patient (\\d+)'");
    let summary = once(&bed).ok().json();
    let found = warnings(&bed, &summary);
    assert!(found.len() == 1 && found[0].starts_with("split.group_pattern matches no name"), "{found:?}");
    let again = once(&bed).ok();
    assert!(!again.stderr.contains("Dataset needs attention"), "it is logged once: {}", again.stderr);
    assert_eq!(again.json()["warnings"]["shapes"], json!(found), "and holds");
    let other =
        bed.run(&["run", "--once", "--json", "--set=dataset.shapes.split.group_pattern='^(nobody)'"]).ok().json();
    assert!(other["waiting"][0].as_str().unwrap().contains("matches no name of its images"), "{other}");
    let fits =
        bed.run(&["run", "--once", "--json", "--set=dataset.shapes.split.group_pattern='^(\\w+-\\d)'"]).ok().json();
    assert_eq!(fits["warnings"], json!({}), "no longer than it holds");
}

#[test]
fn what_is_not_taken_in_is_said_by_run_once_and_status() {
    let bed = bed();
    fs::rename(bed.inbox("datasets/shapes/bars/bars-5.png"), bed.path("outside.png")).unwrap();
    symlink(bed.path("outside.png"), bed.inbox("datasets/shapes/bars/link.png")).unwrap();
    symlink(bed.inbox("datasets/shapes/disc"), bed.inbox("datasets/shapes/third")).unwrap();
    let odd = bed.inbox("datasets/shapes").join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("a.png"), pictures::png(Look::Disc, 70)).unwrap();
    let ran = once(&bed).ok();
    let skipped: Vec<String> = serde_json::from_value(ran.json()["skipped"].clone()).unwrap();
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    assert!(skipped[0].starts_with("2 links in "), "{skipped:?}");
    assert!(
        skipped[0].contains("datasets/shapes/bars/link.png") && skipped[0].contains("datasets/shapes/third"),
        "{skipped:?}"
    );
    assert!(skipped[1].starts_with("1 name that is not UTF-8 in "), "{skipped:?}");
    assert_eq!(ran.json()["best"][0]["dataset"], "shapes", "what there is is trained on all the same");
    assert_eq!(bed.status()["skipped"].as_array().unwrap().len(), 2);
    assert!(bed.run(&["status"]).ok().stdout.contains("  skipped    2 links in "));
    assert!(bed.run(&["run", "--once"]).ok().stdout.contains("Skipped: 2 links in "), "every time");
}

#[test]
fn one_image_under_two_labels_is_used_under_none_wherever_it_is_trained() {
    let bed = bed();
    let image = Phantom { class: PhantomClass::Plain, seed: 5 }.image().picture;
    bed.write("inbox/datasets/shapes/bars/radiograph.png", encode_png(&image).unwrap());
    bed.write("inbox/datasets/shapes/disc/again.jpg", encode_jpeg(&image.resized(300, 300), 80).unwrap());
    let summary = once(&bed).ok().json();
    assert_eq!(summary["done"]["quarantined"], 2);
    let classes = bed.status()["datasets"]["shapes"]["classes"].clone();
    let n = |class: &str| classes[class]["train"].as_u64().unwrap() + classes[class]["validation"].as_u64().unwrap();
    assert_eq!((n("bars"), n("disc")), (6, 6));
    let reasons = fs::read_dir(bed.state("quarantine")).unwrap().map(|entry| entry.unwrap().path());
    let reasons: Vec<String> = reasons.map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("the same image is in the class `disc`")), "{reasons:?}");

    let copy = bed.path("copy");
    fs::rename(bed.inbox("datasets/shapes"), &copy).unwrap();
    let ran = bed.run(&["train", copy.to_str().unwrap(), "--dataset", "other", "--json"]).ok();
    assert_eq!(ran.stderr.matches("Left out, as the same image is in another class").count(), 2, "{}", ran.stderr);
    let counts = &ran.json()["counts"];
    let n = |class: &str| counts[class]["train"].as_u64().unwrap() + counts[class]["validation"].as_u64().unwrap();
    assert_eq!((n("bars"), n("disc")), (6, 6));
}

#[test]
fn folder_names_and_sides_that_were_meant_otherwise_are_named() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    let put = |folder: &str, look: Look, numbers: std::ops::Range<u64>| {
        numbers.for_each(|n| {
            drop(bed.write(format!("inbox/datasets/shapes/{folder}/{look}-{n}.png"), pictures::png(look, n)));
        });
    };
    put("Training/bars", Look::Bars, 0..5);
    put("Training/disc", Look::Disc, 0..4);
    put("Training/Disc ", Look::Disc, 10..12);
    put("Testing/disc", Look::Disc, 20..23);
    let summary = once(&bed).ok().json();
    let status = bed.status();
    assert_eq!(status["datasets"]["shapes"]["classes"]["disc"]["test"], 3);
    let found = warnings(&bed, &summary);
    assert!(
        found[0].starts_with("the classes `Disc ` and `disc` differ only in case, blanks or Unicode form"),
        "{found:?}"
    );
    assert!(found[1].starts_with("the test images have none of class `Disc ` and `bars`"), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    let run = status["datasets"]["shapes"]["best"]["run_id"].as_str().unwrap();
    let model: Value =
        serde_json::from_slice(&fs::read(bed.state("runs/shapes").join(run).join("model.json")).unwrap()).unwrap();
    let page = fs::read_to_string(bed.state("runs/shapes").join(run).join("report.html")).unwrap();
    assert!(page.contains("the test images have none of class"), "{model}");
}
