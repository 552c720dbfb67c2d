//! The second opinion: the nearest training images on a scan's report, and how they leave it.

use std::fs;
use std::path::PathBuf;

use gradwatch::domain::ContentHash;
use serde_json::Value;
use walkdir::WalkDir;

use crate::bed::TestBed;
use crate::pictures::Look;

/// A bed in which a scan was explained, with the features of other beds.
fn explained() -> TestBed {
    explained_in(TestBed::new().sharing_features())
}

fn explained_in(bed: TestBed) -> TestBed {
    let bed = bed.set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    bed.drop_scan(Look::Disc, 77);
    bed.run(&["run", "--once"]).ok();
    bed
}

/// Page and record of each report.
fn reports(bed: &TestBed) -> Vec<(String, Value)> {
    let read = |folder: PathBuf| {
        let page = fs::read_to_string(folder.join("report.html")).unwrap();
        (page, serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap())
    };
    bed.reports().into_iter().map(read).collect()
}

fn neighbours(record: &Value) -> Vec<String> {
    let all = record["neighbours"].as_array().into_iter().flatten();
    all.map(|neighbour| neighbour["image"].as_str().unwrap().to_owned()).collect()
}

/// The image in the inbox with this content.
fn image(bed: &TestBed, hash: &str) -> PathBuf {
    let files = WalkDir::new(bed.inbox("datasets")).into_iter().map(|entry| entry.unwrap().into_path());
    let mut files = files.filter(|path| path.is_file());
    files.find(|path| ContentHash::of(&fs::read(path).unwrap()).to_string() == hash).unwrap()
}

#[test]
fn a_report_shows_the_nearest_training_images_and_their_labels() {
    let bed = explained();
    let (page, record) = reports(&bed).remove(0);
    let shown = neighbours(&record);
    assert_eq!((shown.len(), page.matches("data:image/jpeg").count()), (5, 6), "five beside the scan");
    for (hash, neighbour) in shown.iter().zip(record["neighbours"].as_array().unwrap()) {
        let class = image(&bed, hash).parent().unwrap().file_name().unwrap().to_owned();
        assert_eq!(neighbour["class"].as_str(), class.to_str());
        assert!(page.contains(&format!("data-image=\"{hash}\"")));
    }
    let distances: Vec<f64> =
        record["neighbours"].as_array().unwrap().iter().map(|it| it["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted() && distances[0] > 0.0, "{distances:?}");

    // A report outside the state folder is out of an erasure's reach.
    let scan = bed.inbox("scans/shapes").read_dir().unwrap().next().unwrap().unwrap().path();
    let ran = bed.run(&["explain", "--out", "out", "--json", scan.to_str().unwrap()]).ok().json();
    let page = fs::read_to_string(bed.path(ran["scans"][0]["report"].as_str().unwrap())).unwrap();
    assert!(page.contains("Most similar training images") && page.matches("data:image/jpeg").count() == 1, "{page}");
    let bed = bed.set("report.neighbours", "0");
    let ran = bed.run(&["explain", "--out", "none", "--json", scan.to_str().unwrap()]).ok().json();
    let page = fs::read_to_string(bed.path(ran["scans"][0]["report"].as_str().unwrap())).unwrap();
    assert!(!page.contains("Most similar training images"));
}

#[test]
fn a_training_image_that_is_removed_is_no_neighbour_of_the_next_scan() {
    let bed = explained();
    let gone = neighbours(&reports(&bed)[0].1).remove(0);
    fs::remove_file(image(&bed, &gone)).unwrap();
    bed.drop_scan(Look::Disc, 78);
    bed.run(&["run", "--once"]).ok();
    let all = reports(&bed);
    let (_, new) = all.iter().find(|(_, record)| record["scan"].as_str().unwrap().contains("78")).unwrap();
    assert!(neighbours(new).len() == 5 && !neighbours(new).contains(&gone), "{new}");
}

#[test]
fn an_erased_training_image_leaves_the_reports_that_showed_it() {
    // What is erased is its own.
    let bed = explained_in(TestBed::new());
    let (before, record) = reports(&bed).remove(0);
    let shown = neighbours(&record);
    let file = image(&bed, &shown[0]);
    fs::remove_dir_all(bed.inbox("scans")).unwrap();
    bed.run(&["forget", file.to_str().unwrap(), "--yes"]).ok();
    assert_eq!(reports_that_name(&bed, &shown[0]), Vec::<PathBuf>::new());
    // The scan is gone from the inbox, and its report stays.
    let (page, left) = reports(&bed).remove(0);
    assert!(page.contains("removed on request") && !page.contains(&shown[1]) && before.contains(&shown[1]));
    assert_eq!((neighbours(&left), &left["scores"]), (Vec::new(), &record["scores"]));
    assert_eq!((page.matches("data:image/jpeg").count(), before.matches("data:image/jpeg").count()), (1, 6));
}

fn reports_that_name(bed: &TestBed, hash: &str) -> Vec<PathBuf> {
    let files = WalkDir::new(bed.state("reports")).into_iter().map(|entry| entry.unwrap().into_path());
    let names = |path: &PathBuf| fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(hash));
    files.filter(|path| path.is_file() && names(path)).collect()
}
