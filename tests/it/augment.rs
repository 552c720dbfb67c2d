//! `gradwatch augment`: a folder of classes and its copies on disk.

use std::fs;
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

/// Sheets are off in the beds: most tests do not look at them.
const WITH_SHEET: &str = "--set=augment.contact_sheet=true";

/// Relative names of all files.
fn names(bed: &TestBed, folder: &str) -> Vec<String> {
    tree(&bed.path(folder)).into_keys().map(|path| path.into_os_string().into_string().unwrap()).collect()
}

fn augment(bed: &TestBed, dst: &str, more: &[&str]) -> Ran {
    bed.run(&[&["augment", "src", dst], more].concat()).ok()
}

#[test]
fn copies_are_made_once_and_are_the_same_for_any_number_of_threads() {
    let bed = bed(3);
    let ran = augment(&bed, "dst", &["--copies=3", "--preset=natural", "--threads=1"]);
    assert_eq!(ran.stdout, "18 copies of 6 images in dst: 18 written, 0 kept.\n");
    let ran = augment(&bed, "dst", &["--copies=3", "--preset=natural"]);
    assert_eq!(ran.stdout, "18 copies of 6 images in dst: 0 written, 18 kept.\n");
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
    assert!(lines.any(|line| line.contains("Phase started phase=\"augment\" total=96 unit=\"images\"")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bed.path("dst/manifest.jsonl").exists(), "it was killed before the end");
    augment(&bed, "dst", &["--copies=6"]);
    augment(&bed, "undisturbed", &["--copies=6"]);
    assert_eq!(tree(&bed.path("dst")), tree(&bed.path("undisturbed")));
}

#[test]
fn a_bad_file_is_reported_and_the_others_go_on() {
    let bed = bed(1);
    bed.write("src/bars/notes.txt", "not a picture");
    let whole = pictures::png(Look::Bars, 7);
    bed.write("src/bars/cut.png", &whole[..whole.len() / 2]);
    let ran = augment(&bed, "dst", &["--copies=2"]);
    assert_eq!(ran.stdout, "4 copies of 2 images in dst: 4 written, 0 kept, 2 images failed.\n");
    for shown in ["`bars/notes.txt` (not-an-image): ", "`bars/cut.png` (truncated): "] {
        assert!(ran.stderr.lines().any(|line| line.starts_with(&format!("gradwatch: {shown}"))), "{}", ran.stderr);
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

#[test]
fn a_destination_that_another_program_writes_into_is_left_to_it() {
    let bed = bed(2);
    fs::create_dir(bed.path("dst")).unwrap();
    let other = fs::File::open(bed.path("dst")).unwrap();
    other.try_lock().unwrap();
    let refused = bed.run(&["augment", "src", "dst"]);
    assert_eq!(refused.code, 75, "{}", refused.stderr);
    assert!(refused.stderr.contains("another gradwatch is writing into"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(bed.path("dst")).unwrap().count(), 0);
    drop(other);
    augment(&bed, "dst", &[]);
}

#[test]
fn copies_come_again_from_their_manifest() {
    let bed = bed(2);
    augment(&bed, "dst", &["--copies=2", "--format=jpeg", "--preset=natural"]);
    let before = tree(&bed.path("dst"));
    let lost: Vec<_> = before.keys().filter(|name| name.extension().is_some_and(|e| e == "jpg")).take(3).collect();
    for name in lost {
        std::fs::remove_file(bed.path("dst").join(name)).unwrap();
    }
    let ran = bed.run(&["replay", "dst/manifest.jsonl", "--sources=src"]).ok();
    assert_eq!(ran.stdout, "8 copies match the manifest: 3 written, 5 already present.\n");
    assert_eq!(tree(&bed.path("dst")), before);
    let ran = bed.run(&["replay", "dst/manifest.jsonl", "--sources=src", "--line=9"]);
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("has 8 lines, so there is no line 9"), "{}", ran.stderr);
}

#[test]
fn sheets_lie_outside_the_class_folders_and_show_every_class() {
    let bed = bed(2);
    let ran = bed.run(&["augment", "src", "dst", "--copies=2", WITH_SHEET]).ok();
    assert!(ran.stdout.ends_with("Contact sheet: dst/contact-sheet.html\n"), "{}", ran.stdout);
    let names: Vec<_> = names(&bed, "dst").into_iter().filter(|name| !name.contains('/')).collect();
    assert_eq!(names, ["contact-sheet-bars.png", "contact-sheet-disc.png", "contact-sheet.html", "manifest.jsonl"]);
    let page = std::fs::read_to_string(bed.path("dst/contact-sheet.html")).unwrap();
    assert_eq!(page.matches("<img").count(), 12, "two originals a class, two copies each");
    let ran = bed.run(&["preview", "src/bars/0/scan.png", "--copies=3", "--out=look"]).ok();
    let page = std::fs::read_to_string(bed.path(ran.stdout.trim())).unwrap();
    assert_eq!(page.matches("<img").count(), 4);
}

#[test]
fn an_unsafe_recipe_is_refused_unless_it_is_allowed_by_name_and_then_says_so() {
    let bed = bed(1);
    let unsafe_flip = ["--preset=chest-xray", "--set=augment.recipe.horizontal_flip=0.5"];
    let ran = bed.run(&[&["augment", "src", "dst"], &unsafe_flip[..]].concat());
    assert_eq!(ran.code, 78, "{}", ran.stderr);
    assert!(ran.stderr.contains("allow = [\"horizontal_flip\"]"), "{}", ran.stderr);
    let allowed = ["--set=augment.recipe.allow=[\"horizontal_flip\"]", WITH_SHEET];
    bed.run(&[&["augment", "src", "dst"], &unsafe_flip[..], &allowed].concat()).ok();
    let manifest = std::fs::read_to_string(bed.path("dst/manifest.jsonl")).unwrap();
    assert!(manifest.lines().all(|line| line.contains("\"allowed\":[\"horizontal_flip\"]")), "{manifest}");
    assert!(
        std::fs::read_to_string(bed.path("dst/contact-sheet.html")).unwrap().contains("Exceeds the preset's limits")
    );
}

#[test]
fn classes_come_out_equal() {
    let bed = bed(2);
    bed.write("src/bars/more/scan.png", pictures::png(Look::Bars, 50));
    let ran = augment(&bed, "dst", &["--target-per-class=7"]);
    assert_eq!(ran.stdout, "14 copies of 5 images in dst: 14 written, 0 kept.\n");
    let n = |class: &str| names(&bed, "dst").iter().filter(|name| name.starts_with(class)).count();
    assert_eq!((n("bars/"), n("disc/")), (7, 7));
}

#[test]
fn a_destination_behind_a_link_into_the_dataset_is_refused() {
    let bed = bed(1);
    std::os::unix::fs::symlink(bed.path("src"), bed.path("link")).unwrap();
    let ran = bed.run(&["augment", "src", "link/out"]);
    assert_eq!(ran.code, 64, "{}", ran.stderr);
    assert!(!bed.path("src/out").exists());
}

#[test]
fn what_is_wrong_with_the_images_is_reported_and_costs_no_copy() {
    let bed = bed(2);
    augment(&bed, "dst", &["--copies=2"]);
    std::fs::remove_file(bed.path("src/bars/0/scan.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", bed.path("src/bars/0/scan.png")).unwrap();
    bed.write("src/loose.png", pictures::png(Look::Bars, 70));
    bed.write("src/disc/crossed.png", std::fs::read(bed.path("src/bars/1/scan.png")).unwrap());
    let ran = augment(&bed, "dst", &["--copies=2"]);
    assert_eq!(ran.stdout, "8 copies of 4 images in dst: 2 written, 6 kept.\n");
    assert_eq!(names(&bed, "dst").len(), 11, "copies of what is skipped stay");
    for shown in [
        "`bars/0/scan.png`; links are not followed",
        "the same image in two classes",
        "1 images are in no class folder",
    ] {
        assert!(ran.stderr.contains(shown), "{shown}: {}", ran.stderr);
    }
}
