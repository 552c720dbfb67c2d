//! `gradwatch augment`: a folder of classes and its copies on disk.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::bed::{Ran, TestBed, tree};
use crate::pictures::{self, Look};

/// A bed with `n` pictures of each look in `src/<look>/`.
fn bed(n: u64) -> TestBed {
    let bed = TestBed::new();
    for look in Look::ALL {
        for number in 0..n {
            bed.write(format!("src/{look}/{number}/scan.png"), pictures::png(look, number));
        }
    }
    bed
}

fn augment(bed: &TestBed, dst: &str, more: &[&str]) -> Ran {
    bed.run(&[&["augment", "src", dst], more].concat()).ok()
}

#[test]
fn copies_are_made_once_and_are_the_same_for_any_number_of_threads() {
    let bed = bed(3);
    let ran = augment(&bed, "dst", &["--copies=3", "--preset=natural", "--threads=1"]);
    assert_eq!(ran.stdout, "18 copies of 6 images in dst: 18 made now, 0 kept.\n");
    let ran = augment(&bed, "dst", &["--copies=3", "--preset=natural"]);
    assert_eq!(ran.stdout, "18 copies of 6 images in dst: 0 made now, 18 kept.\n");
    augment(&bed, "again", &["--copies=3", "--preset=natural", "--threads=8"]);
    let (first, again) = (tree(&bed.path("dst")), tree(&bed.path("again")));
    assert_eq!((first.len(), &first), (19, &again));
    augment(&bed, "other", &["--copies=3", "--preset=natural", "--seed=2"]);
    assert_ne!(first, tree(&bed.path("other")));
}

#[test]
fn a_killed_run_is_completed() {
    let bed = bed(8);
    let mut child = bed.command(&["augment", "src", "dst", "--copies=6"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Begin: augment of 96 images")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bed.path("dst/manifest.jsonl").exists(), "it was killed before the end");
    augment(&bed, "dst", &["--copies=6"]);
    augment(&bed, "undisturbed", &["--copies=6"]);
    assert_eq!(tree(&bed.path("dst")), tree(&bed.path("undisturbed")));
}

#[test]
fn a_bad_file_is_told_and_the_others_go_on() {
    let bed = bed(1);
    bed.write("src/bars/notes.txt", "not a picture");
    let whole = pictures::png(Look::Bars, 7);
    bed.write("src/bars/cut.png", &whole[..whole.len() / 2]);
    let ran = augment(&bed, "dst", &["--copies=2"]);
    assert_eq!(ran.stdout, "4 copies of 2 images in dst: 4 made now, 0 kept, 2 images failed.\n");
    for told in ["`bars/notes.txt` (not-an-image): ", "`bars/cut.png` (truncated): "] {
        assert!(ran.stderr.lines().any(|line| line.starts_with(&format!("gradwatch: {told}"))), "{}", ran.stderr);
    }
}

#[test]
fn a_destination_of_another_dataset_is_refused_untouched() {
    let bed = bed(1);
    augment(&bed, "dst", &[]);
    let before = tree(&bed.path("dst"));
    bed.write("other/disc/x.png", pictures::png(Look::Disc, 99));
    let ran = bed.run(&["augment", "other", "dst"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
    assert!(ran.stderr.contains("8 copies of another dataset"), "{}", ran.stderr);
    assert_eq!(tree(&bed.path("dst")), before);
}
