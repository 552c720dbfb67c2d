//! Erasure: after `gradwatch forget` no file of the state folder has the image, or its name.

use std::fs;
use std::path::{Path, PathBuf};

use gradwatch::disk::{TrainingLock, Workspace};
use gradwatch::domain::{ContentHash, DatasetName};
use walkdir::WalkDir;

use crate::bed::TestBed;
use crate::pictures::{self, Look};
use crate::service::Service;

/// In the names of all files that are to be forgotten, and nowhere else.
pub const NAME: &str = "Mustermann";

/// A bed with a trained dataset, in which a patient has two images, a scan, and a file that is cut off.
pub fn learned() -> TestBed {
    let bed = empty().sharing_features();
    bed.drop_dataset(4);
    for (number, class) in [(70_001, "bars"), (70_002, "bars")] {
        bed.write(
            format!("inbox/datasets/shapes/{class}/Zoe Mustermann-{number}.png"),
            pictures::png(Look::Bars, number),
        );
    }
    bed.write("inbox/scans/shapes/Zoe Mustermann-scan.png", pictures::png(Look::Disc, 70_003));
    let cut = pictures::png(Look::Disc, 70_004);
    bed.write("inbox/datasets/shapes/disc/Zoe Mustermann-cut.png", &cut[..cut.len() / 2]);
    bed.run(&["run", "--once"]).ok();
    own_features(&bed);
    bed
}

/// The bed has the features of its images and copies for itself: what it erases is its own, and is seen in its folder.
fn own_features(bed: &TestBed) {
    let link = bed.state("features");
    let shared = fs::canonicalize(&link).unwrap();
    fs::remove_file(&link).unwrap();
    let manifests = WalkDir::new(bed.state("datasets")).into_iter().map(Result::unwrap);
    let manifests = manifests.filter(|entry| entry.file_name() == "manifest.jsonl").map(walkdir::DirEntry::into_path);
    let known = manifests.chain([bed.state("journal.ndjson")]).map(|path| fs::read_to_string(path).unwrap());
    let known: String = known.collect();
    for from in files(&shared).into_iter().filter(|path| known.contains(stem(path))) {
        let to = link.join(from.strip_prefix(&shared).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    entries.map(walkdir::DirEntry::into_path).collect()
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// How many files of features the bed has of the contents that `text` names.
fn n_features(bed: &TestBed, text: &str) -> usize {
    files(&bed.state("features")).iter().filter(|path| text.contains(stem(path))).count()
}

/// The lines of the copies' manifest that are of a patient's images.
fn copies_of_the_patient(bed: &TestBed) -> String {
    let manifest = fs::read_to_string(bed.state("datasets/shapes/manifest.jsonl")).unwrap();
    manifest.lines().filter(|line| line.contains(NAME)).collect()
}

/// A bed without anything, with the settings of [`learned`].
pub fn empty() -> TestBed {
    let bed = TestBed::new().set("augment.copies", "1").set("train.max_epochs", "2");
    bed.set("augment.contact_sheet", "true").set("split.group_pattern", "^([A-Z][a-z]+ Mustermann)-")
}

/// Files of the state folder with `text` in their paths or bytes.
pub fn naming(bed: &TestBed, text: &[u8]) -> Vec<PathBuf> {
    let root = bed.state("");
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    let entries = WalkDir::new(&root).into_iter().map(Result::unwrap).map(walkdir::DirEntry::into_path);
    let named = |path: &PathBuf| {
        let below = path.strip_prefix(&root).unwrap().to_str().unwrap();
        has(below.as_bytes()) || path.is_file() && has(&fs::read(path).unwrap())
    };
    entries.filter(named).collect()
}

#[track_caller]
pub fn has_nothing_of_it(bed: &TestBed) {
    assert_eq!(naming(bed, NAME.as_bytes()), Vec::<PathBuf>::new());
    assert_eq!(naming(bed, b".gradwatch-tmp-"), Vec::<PathBuf>::new());
    for number in [70_001, 70_002, 70_003, 70_004, 70_005] {
        let look = if [70_003, 70_004].contains(&number) { Look::Disc } else { Look::Bars };
        let png = pictures::png(look, number);
        assert_eq!(naming(bed, &png[png.len() / 2..][..40]), Vec::<PathBuf>::new());
        let is_shared = bed.state("features").is_symlink();
        assert!(is_shared || n_features(bed, &ContentHash::of(&png).to_string()) == 0, "{number}");
    }
}

#[test]
fn a_patient_is_forgotten_with_all_that_was_made_of_the_images_and_the_next_model_is_trained_without_them() {
    let bed = learned();
    let before = naming(&bed, NAME.as_bytes());
    for part in ["journal.ndjson", "registry/db", "manifest.jsonl", "results.csv", "quarantine/", "contact-sheet.html"]
    {
        assert!(before.iter().any(|path| path.to_str().unwrap().contains(part)), "{part}: {before:#?}");
    }
    let files = crate::bed::tree(&bed.path("inbox"));
    let copies = copies_of_the_patient(&bed);
    assert_eq!(n_features(&bed, &copies), 4, "two images, each with a copy: {copies}");
    let planned = bed.run(&["forget", "Zoe Mustermann", "--dry-run", "--json"]).ok().json();
    assert_eq!((planned["images"].as_array().unwrap().len(), &planned["copies"]), (2, &2.into()), "{planned}");
    assert_eq!(bed.run(&["forget", "Zoe Mustermann"]).code, 64, "nobody confirmed");
    assert_eq!(naming(&bed, NAME.as_bytes()), before);

    let ran = bed.run(&["forget", "Zoe Mustermann", "--yes"]).ok();
    assert!(
        ran.stdout.contains("Removed: 2 copies, 4 cached features") && ran.stdout.contains("still lies in the inbox"),
        "{}",
        ran.stdout
    );
    assert_eq!(n_features(&bed, &copies), 0);
    assert!(ran.stdout.contains("learned from them") && !ran.stderr.contains(NAME), "{}\n{}", ran.stdout, ran.stderr);
    let mut service = bed.start();
    service.wait_for_count("trainings", 2);
    service.wait_for("idle", |service| (service.status()?["state"] == "idle").then_some(()));
    let scan = "inbox/scans/shapes/Zoe Mustermann-scan.png";
    fs::remove_file(bed.path(scan)).unwrap();
    let ran = bed.run(&["forget", scan, "datasets/shapes/disc/Zoe Mustermann-cut.png", "--yes"]).ok();
    assert!(ran.stdout.contains(" 1 report, "), "{}", ran.stdout);
    assert_eq!(bed.run(&["forget", "nothing known", "--yes"]).code, 66, "as without a service");
    let attempts = || fs::read_to_string(bed.state("attempts.ndjson")).unwrap_or_default();
    service.wait_for("a log of attempts that names nobody", |_| (!attempts().contains(NAME)).then_some(()));
    let log = service.stop().log.join("\n");
    assert!(
        log.contains("Forgotten images not taken in") && log.contains("learned from images that were forgotten since")
    );
    has_nothing_of_it(&bed);
    let mut left = crate::bed::tree(&bed.path("inbox"));
    left.extend(files.clone().into_iter().filter(|(path, _)| path.ends_with("Zoe Mustermann-scan.png")));
    assert_eq!(left, files, "no user's file is changed");

    let models = bed.run(&["models", "list", "--json"]).ok().json();
    let models: Vec<_> =
        models.as_array().unwrap().iter().map(|model| (&model["run_id"], &model["forgotten_images"])).collect();
    assert!(matches!(models[..], [(_, of_first), (_, of_second)] if *of_first == 2 && *of_second == 0), "{models:?}");
    let first = models[0].0.as_str().unwrap();
    let warning = "The model learned from 2 images that `gradwatch forget` erased since";
    assert!(bed.run(&["models", "show", first]).ok().stdout.contains(warning));
    assert!(bed.run(&["models", "promote", first]).ok().stdout.contains(&format!("Warning: {warning}")));

    let ran = bed.run(&["forget", "--list"]).ok();
    assert_eq!(ran.stdout.lines().count(), 4, "{}", ran.stdout);
    let back = "inbox/datasets/shapes/bars/Zoe Mustermann-70001.png";
    bed.run(&["forget", "--undo", back]).ok();
    assert_eq!(bed.run(&["forget", "--list"]).ok().stdout.lines().count(), 3, "it is read as a new one");
    assert!(bed.run(&["forget", "nothing known"]).code == 66 && bed.run(&["forget", "--undo", back]).code == 66);
}

#[test]
fn an_image_whose_file_went_before_is_forgotten_by_its_path_its_group_or_its_name_in_the_inbox() {
    let bed = learned();
    let first = "datasets/shapes/bars/Zoe Mustermann-70001.png";
    for path in [first, "datasets/shapes/bars/Zoe Mustermann-70002.png", "scans/shapes/Zoe Mustermann-scan.png"] {
        fs::remove_file(bed.inbox(path)).unwrap();
    }
    bed.run(&["run", "--once"]).ok();
    assert!(!naming(&bed, NAME.as_bytes()).is_empty(), "the names are there");
    let planned = bed.run(&["forget", "Zoe Mustermann", "--dry-run", "--json"]).ok().json();
    assert_eq!(planned["images"].as_array().unwrap().len(), 2, "{planned}");
    let cut = "datasets/shapes/disc/Zoe Mustermann-cut.png";
    bed.run(&["forget", first, cut, "scans/shapes/Zoe Mustermann-scan.png", "--yes"]).ok();
    bed.run(&["forget", "--group", "Zoe Mustermann", "--yes"]).ok();
    has_nothing_of_it(&bed);
    assert_eq!(bed.run(&["forget", first, "--yes"]).code, 66, "its name is not known any more");
}

#[test]
fn an_erasure_of_an_image_that_nothing_records_is_not_lost_while_another_program_trains() {
    let bed = learned();
    let image = ContentHash::of(&pictures::png(Look::Bars, 70_009)).to_string();
    let entry = bed.state("features").join("vgg16").join(&image[..2]).join(format!("{image}.f16"));
    fs::create_dir_all(entry.parent().unwrap()).unwrap();
    fs::write(&entry, b"of an image that was tried elsewhere").unwrap();
    let held = TrainingLock::take(&Workspace::new(bed.state("")), &DatasetName::new("shapes").unwrap()).unwrap();
    let ran = bed.run(&["forget", &image, "--yes"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (75, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("it is recorded, and done by the next start"), "{}", ran.stderr);
    assert!(bed.run(&["forget", "--list"]).ok().stdout.contains(" (not erased yet: "));
    assert!(entry.exists());
    drop(held);
    bed.run(&["run", "--once"]).ok();
    assert!(!entry.exists());
}

/// A dataset of which one image is a patient's; its path.
fn with_a_patient(bed: &TestBed) -> &'static str {
    bed.drop_dataset(4);
    // An image that no other bed counts the features of: they are erased from the folder that all share.
    let image = "inbox/datasets/shapes/bars/Zoe Mustermann-70005.png";
    bed.write(image, pictures::png(Look::Bars, 70_005));
    image
}

fn trains(service: &Service) -> Option<()> {
    let phase = &service.status()?["phase"];
    (phase["name"] == "epochs" && phase["done"].as_u64() > Some(0)).then_some(())
}

fn n_logged(service: &Service, text: &str) -> usize {
    service.log.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn a_training_is_stopped_for_an_erasure_and_begins_again_without_the_image() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "100000");
    let bed = bed.set("train.early_stopping.patience", "100000");
    let image = with_a_patient(&bed);
    let mut service = bed.start();
    service.wait_for("epochs", trains);
    let ran = bed.run(&["forget", image, "--yes"]).ok();
    assert!(ran.stdout.contains("Removed: ") && ran.stdout.contains(" of 1 image."), "{}", ran.stdout);
    service.wait_for("another training", |service| (n_logged(service, "Training started") == 2).then_some(()));
    service.wait_for("epochs", trains);
    assert!(service.log.iter().any(|line| line.contains("Training started") && line.contains("images=8")));
    assert_eq!((n_logged(&service, "Training stopped"), service.status().unwrap()["erasure"].is_null()), (1, true));
    assert_eq!(service.stop().code, Some(0));
    let status = bed.run(&["status"]).stdout;
    assert!(
        status.contains("The service is not running") && status.contains("no model yet; a training is due"),
        "{status}"
    );
    has_nothing_of_it(&bed);
}

#[test]
fn a_training_with_the_image_is_stopped_although_another_program_trains_and_begins_again_without_it() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "100000");
    let bed = bed.set("train.early_stopping.patience", "100000");
    let image = with_a_patient(&bed);
    bed.write("inbox/datasets/other/bars/1.png", pictures::png(Look::Bars, 70_011));
    let held = TrainingLock::take(&Workspace::new(bed.state("")), &DatasetName::new("other").unwrap()).unwrap();
    let mut service = bed.start();
    service.wait_for("epochs", trains);
    let ran = bed.run(&["forget", image, "--yes"]);
    assert!(ran.code == 75 && ran.stderr.contains("it is recorded"), "{}", ran.stderr);
    service.wait_for("another training", |service| (n_logged(service, "Training started") == 2).then_some(()));
    assert!(service.log.iter().any(|line| line.contains("Training started") && line.contains("images=8")));
    service.wait_for("epochs", trains);
    drop(held);
    service.wait_for("the erasure", |service| (n_logged(service, "Images forgotten") == 1).then_some(()));
    assert_eq!(service.stop().code, Some(0));
    has_nothing_of_it(&bed);
}

#[test]
fn an_erasure_that_another_program_holds_up_is_in_the_status_and_is_done_after_a_kill() {
    let bed = learned();
    let held = TrainingLock::take(&Workspace::new(bed.state("")), &DatasetName::new("shapes").unwrap()).unwrap();
    let mut service = bed.start();
    service.wait_for("idle", |service| (service.status()?["state"] == "idle").then_some(()));
    let cut = "datasets/shapes/disc/Zoe Mustermann-cut.png";
    let ran = bed.run(&["forget", "Zoe Mustermann", "scans/shapes/Zoe Mustermann-scan.png", cut, "--yes"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(ran.stderr.lines().count() == 1 && ran.stderr.contains("it is recorded"), "{}", ran.stderr);
    let status = bed.status();
    let is_named = status["erasure"]["images"].as_array().unwrap().len() == 4;
    assert!(is_named && status["erasure"]["waits_for"].as_str().unwrap().contains("another attempt"), "{status}");
    let page = bed.run(&["status"]).ok().stdout;
    assert!(
        page.contains("  erasure    4 forgotten images (") && page.contains("waiting for another attempt"),
        "{page}"
    );
    service.kill();
    drop(held);

    let mut service = bed.start();
    service.wait_for("the erasure", |service| (n_logged(service, "Images forgotten") == 1).then_some(()));
    service.wait_for_count("trainings", 2);
    assert_eq!(service.stop().code, Some(0));
    has_nothing_of_it(&bed);
}
