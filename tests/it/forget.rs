//! Erasure: after `gradwatch forget` no file of the state folder has the image, or its name.

use std::fs;
use std::path::PathBuf;

use walkdir::WalkDir;

use crate::bed::TestBed;
use crate::pictures::{self, Look};

/// In the names of all files that are to be forgotten, and nowhere else.
const NAME: &str = "Mustermann";

/// A bed with a trained dataset, in which a patient has two images, a scan, and a file that is cut off.
fn learned() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    let bed = bed.set("augment.contact_sheet", "true").set("split.group_pattern", "^([A-Z][a-z]+ Mustermann)-");
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
    bed
}

/// Files of the state folder with `text` in their paths or bytes.
fn naming(bed: &TestBed, text: &[u8]) -> Vec<PathBuf> {
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
fn has_nothing_of_it(bed: &TestBed) {
    assert_eq!(naming(bed, NAME.as_bytes()), Vec::<PathBuf>::new());
    assert_eq!(naming(bed, b".gradwatch-tmp-"), Vec::<PathBuf>::new());
    for number in [70_001, 70_002, 70_003, 70_004] {
        let look = if number > 70_002 { Look::Disc } else { Look::Bars };
        let png = pictures::png(look, number);
        assert_eq!(naming(bed, &png[png.len() / 2..][..40]), Vec::<PathBuf>::new());
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
    let planned = bed.run(&["forget", "Zoe Mustermann", "--dry-run", "--json"]).ok().json();
    assert_eq!((planned["images"].as_array().unwrap().len(), &planned["copies"]), (2, &2.into()), "{planned}");
    assert_eq!(bed.run(&["forget", "Zoe Mustermann"]).code, 64, "nobody confirmed");
    assert_eq!(naming(&bed, NAME.as_bytes()), before);

    let ran = bed.run(&["forget", "Zoe Mustermann", "--yes"]).ok();
    assert!(
        ran.stdout.contains("Removed: 2 copies") && ran.stdout.contains("still lies in the inbox"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("learned from them") && !ran.stderr.contains(NAME), "{}\n{}", ran.stdout, ran.stderr);
    let mut service = bed.start();
    service.wait_for_count("trainings", 2);
    service.wait_for("idle", |service| (service.status()?["state"] == "idle").then_some(()));
    let scan = "inbox/scans/shapes/Zoe Mustermann-scan.png";
    fs::remove_file(bed.path(scan)).unwrap();
    let ran = bed.run(&["forget", scan, "datasets/shapes/disc/Zoe Mustermann-cut.png", "--yes"]).ok();
    assert!(ran.stdout.contains("1 reports"), "{}", ran.stdout);
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

    let ran = bed.run(&["forget", "--list"]).ok();
    assert_eq!(ran.stdout.lines().count(), 4, "{}", ran.stdout);
    let back = "inbox/datasets/shapes/bars/Zoe Mustermann-70001.png";
    bed.run(&["forget", "--undo", back]).ok();
    assert_eq!(bed.run(&["forget", "--list"]).ok().stdout.lines().count(), 3, "it is read as a new one");
    assert!(bed.run(&["forget", "nothing known"]).code == 66 && bed.run(&["forget", "--undo", back]).code == 66);
}
