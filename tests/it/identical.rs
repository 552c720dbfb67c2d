//! Two undisturbed runs under `SOURCE_DATE_EPOCH`: the same bytes in every record, page and picture.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use gradwatch::domain::ContentHash;

use crate::bed::{TestBed, finish, tree};
use crate::pictures::{self, Look};

const EPOCH: &str = "1767225600";
const MOMENT: &str = "2026-01-01T00:00:00Z";

/// What says how the program is doing, and the index behind the records, whose pages have a layout of their own.
const LIVE: [&str; 5] = ["registry", "status.json", "gradwatch.prom", "lock", "locks"];

/// Everything that is written once and for all.
fn records(state: &Path) -> BTreeMap<PathBuf, ContentHash> {
    let live = |path: &Path| LIVE.iter().any(|name| path.starts_with(name));
    tree(state).into_iter().filter(|(path, _)| !live(path)).collect()
}

fn run_once(bed: &TestBed) {
    let mut command = bed.command(&["run", "--once"]);
    command.env("SOURCE_DATE_EPOCH", EPOCH);
    finish(command).ok();
}

/// Two datasets, scans, and a file that cannot be used; and what comes later, in a folder beside the inbox.
fn drop_everything(bed: &TestBed) {
    bed.drop_dataset(4);
    for look in Look::ALL {
        for number in 100..103 {
            bed.write(format!("inbox/datasets/others/{look}/{number}.png"), pictures::png(look, number));
        }
        bed.drop_scan(look, 1);
        bed.write(format!("later/datasets/shapes/{look}/later.png"), pictures::png(look, 77));
        bed.write(format!("later/scans/shapes/later-{look}.png"), pictures::png(look, 78));
    }
    bed.write("inbox/datasets/shapes/disc/broken.png", "no image");
}

/// Moves what comes later from `from` to `to`. A file that is moved keeps its time and its inode, which are recorded.
fn carry(from: &Path, to: &Path) {
    for look in Look::ALL {
        for file in [format!("datasets/shapes/{look}/later.png"), format!("scans/shapes/later-{look}.png")] {
            fs::rename(from.join(&file), to.join(&file)).unwrap();
        }
    }
}

/// Runs twice, new images and scans coming between the runs, and leaves the inbox as it was.
fn grow(bed: &TestBed) -> BTreeMap<PathBuf, ContentHash> {
    run_once(bed);
    carry(&bed.path("later"), &bed.inbox(""));
    run_once(bed);
    carry(&bed.inbox(""), &bed.path("later"));
    records(&bed.state(""))
}

/// Puts the state folder aside, so that the next run begins anew at the same place.
fn put_aside(bed: &TestBed) -> PathBuf {
    let aside = bed.path("aside");
    fs::rename(bed.state(""), &aside).unwrap();
    fs::create_dir(bed.state("")).unwrap();
    symlink(fs::read_link(aside.join("weights")).unwrap(), bed.state("weights")).unwrap();
    // The one thing that is random.
    fs::copy(aside.join("site.key"), bed.state("site.key")).unwrap();
    aside
}

#[test]
fn the_same_work_at_one_fixed_time_writes_the_same_bytes() {
    let bed = TestBed::new().set("compute.threads", "2").set("augment.contact_sheet", "true");
    let bed = bed.set("train.max_epochs", "2").set("augment.copies", "2");
    drop_everything(&bed);
    let one = grow(&bed);
    let first = put_aside(&bed);
    assert_eq!(one, grow(&bed));
    carries_one_time(&first, &one);
    stands_anywhere(&bed, &first, &one);
}

/// Every record has the fixed time, and no duration.
fn carries_one_time(state: &Path, files: &BTreeMap<PathBuf, ContentHash>) {
    let all = |name: &'static str| files.keys().filter(move |path| path.ends_with(name)).map(|path| state.join(path));
    let json = |path: PathBuf| -> serde_json::Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let models: Vec<_> = all("model.json").map(json).collect();
    assert_eq!(models.len(), 3);
    assert!(models.iter().all(|model| model["created"] == MOMENT && model.get("train_seconds").is_none()));
    let reports: Vec<_> = all("report.json").map(json).collect();
    assert_eq!(reports.len(), 4);
    assert!(reports.iter().all(|report| report["created"] == MOMENT));
    let journal = fs::read_to_string(state.join("journal.ndjson")).unwrap();
    assert_eq!(journal.matches(&format!("\"at\":\"{MOMENT}\"")).count(), 3);
}

/// No record names the place where it was made, so that the same is written elsewhere.
fn stands_anywhere(bed: &TestBed, state: &Path, files: &BTreeMap<PathBuf, ContentHash>) {
    let place = bed.path("").to_str().unwrap().trim_end_matches('/').to_owned();
    for file in files.keys() {
        let bytes = fs::read(state.join(file)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(&place), "{}", file.display());
    }
}
