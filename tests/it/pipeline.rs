//! From dropped pictures to reports: `gradwatch run --once` on a fresh inbox, again, after changes, after a kill.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use image::ImageFormat;
use serde_json::Value;

use crate::bed::{Ran, TestBed, copy, tree};
use crate::pictures::{self, Look};

const COPIES: u64 = 2;

/// Eight pictures a class and one scan of each look: enough to learn them, few enough to be quick.
fn filled() -> TestBed {
    let bed = TestBed::new().set("augment.copies", &COPIES.to_string());
    bed.drop_dataset(8);
    for look in Look::ALL {
        bed.drop_scan(look, 1);
    }
    bed
}

/// What a first run in [`filled`] left, and what it said: made once for all tests of this process, which only look at it.
struct FirstRun {
    ran: Ran,
    state: PathBuf,
    inbox: PathBuf,
}

fn first_run() -> &'static FirstRun {
    static MADE: OnceLock<FirstRun> = OnceLock::new();
    MADE.get_or_init(|| {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pipeline");
        let _ = fs::remove_dir_all(&kept);
        fs::create_dir_all(&kept).unwrap();
        let bed = filled();
        let ran = bed.run(&["run", "--once"]).ok();
        let [state, inbox] = ["state", "inbox"].map(|folder| {
            copy(&bed.path(folder), &kept.join(folder));
            kept.join(folder)
        });
        FirstRun { ran, state, inbox }
    })
}

/// A bed in which that run took place.
fn after_the_first_run() -> TestBed {
    let bed = filled();
    for (folder, kept) in [("state", &first_run().state), ("inbox", &first_run().inbox)] {
        fs::remove_dir_all(bed.path(folder)).unwrap();
        copy(kept, &bed.path(folder));
    }
    bed
}

/// As [`filled`], before its first run, with the features of all its pictures.
fn with_features() -> TestBed {
    let bed = filled();
    copy(&first_run().state.join("features"), &bed.state("features"));
    bed
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn counters(bed: &TestBed) -> BTreeMap<String, u64> {
    serde_json::from_value(bed.status()["counters"].clone()).unwrap()
}

fn folders(path: PathBuf) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn manifest(bed: &TestBed) -> Vec<Value> {
    let text = fs::read_to_string(bed.state("datasets/shapes/manifest.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn dropped_pictures_become_copies_a_model_and_reports() {
    let bed = after_the_first_run();
    let ran = &first_run().ran;
    assert!(ran.stderr.contains("built-in"), "the built-in backbone is named: {}", ran.stderr);

    let counters = counters(&bed);
    let n_train = manifest(&bed).len() as u64 / COPIES;
    assert_eq!(counters["samples"], 16);
    assert!((10..=14).contains(&n_train), "{n_train} of 16 are learned from");
    assert_eq!(counters["copies_written"], n_train * COPIES);
    assert_eq!(counters["images_forwarded"], 16 + n_train * COPIES + 2, "originals, copies, scans: each once");
    assert_eq!((counters["trainings"], counters["scans_explained"], counters["quarantined"]), (1, 2, 0));

    for line in manifest(&bed) {
        assert_eq!(line["split"], "train");
        let path = bed.state("datasets/shapes").join(line["copy"].as_str().unwrap());
        let copy = image::open(&path).unwrap();
        assert_eq!((copy.width(), copy.height(), copy.color()), (224, 224, image::ColorType::L8), "{}", path.display());
    }

    let run = folders(bed.state("runs/shapes")).remove(0);
    let model = json(&run.join("model.json"));
    assert_eq!(model["run_id"].as_str(), run.file_name().unwrap().to_str());
    assert_eq!((&model["dataset"], &model["classes"]), (&"shapes".into(), &serde_json::json!(["bars", "disc"])));
    assert!(model["backbone"].as_str().unwrap().contains("built-in"));
    assert!(model["val_accuracy"].as_f64().unwrap() > 0.7, "two plainly different looks are distinguished: {model:#}");
    assert!(run.join("head.safetensors").is_file());
    let history = fs::read_to_string(run.join("history.csv")).unwrap();
    assert!(history.starts_with("epoch,loss,accuracy,val_loss,val_accuracy"), "{history}");
    assert_eq!(history.lines().count() as u64, 1 + model["epochs_run"].as_u64().unwrap());

    let reports = folders(bed.state("reports/shapes"));
    assert_eq!(reports.len(), 2);
    for (folder, look) in reports.iter().zip(Look::ALL) {
        let report = json(&folder.join("report.json"));
        assert_eq!(report["predicted"], look.to_string(), "{report:#}");
        assert_eq!(report["model"], model["run_id"]);
        assert_eq!(report["scores"].as_object().unwrap().len(), 2);
        for picture in ["overlay.png", "heatmap.png"] {
            let picture = image::open(folder.join(picture)).unwrap();
            assert_eq!((picture.width(), picture.height()), (96, 96), "the scan's own size");
        }
        let page = fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(page.contains("Research use only") && !page.contains("http://") && !page.contains("https://"));
    }
    let gallery = fs::read_to_string(bed.state("reports/index.html")).unwrap();
    assert!(gallery.contains("scan-bars-1") && gallery.contains("scan-disc-1"));
    assert_eq!(fs::read_to_string(bed.state("reports/results.csv")).unwrap().lines().count(), 3);
}

#[test]
fn a_second_run_does_nothing_and_one_more_picture_costs_only_itself() {
    let bed = with_features();
    bed.run(&["run", "--once"]).ok();
    let (before, counted) = (made(&bed), counters(&bed));

    let again = bed.run(&["run", "--once"]).ok();
    assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    assert_eq!((made(&bed), counters(&bed)), (before.clone(), counted.clone()));

    bed.write("inbox/datasets/shapes/disc/late.png", pictures::png(Look::Disc, 77));
    let more = bed.run(&["run", "--once"]).ok();
    assert!(more.stdout.contains("1 labelled image"), "{}", more.stdout);
    let after = counters(&bed);
    let copies = after["copies_written"] - counted["copies_written"];
    assert!(copies == COPIES || copies == 0, "copies of the new picture alone, if it is learned from: {copies}");
    assert_eq!(after["images_forwarded"] - counted["images_forwarded"], 1 + copies);
    assert_eq!(after["samples"] - counted["samples"], 1);
    assert_eq!(after["trainings"] - counted["trainings"], 1);
    assert_eq!(after["scans_explained"], counted["scans_explained"]);
    let kept = made(&bed);
    let lost: Vec<_> = before.keys().filter(|path| kept.get(*path) != before.get(*path)).collect();
    assert!(
        lost.iter().all(|path| ["manifest.jsonl", "reports/shapes/dataset.html", "reports/shapes/features.html"]
            .iter()
            .any(|may| path.ends_with(may))),
        "{lost:?}"
    );
}

/// Everything made of the pictures, by path and content.
fn made(bed: &TestBed) -> BTreeMap<PathBuf, gradwatch::domain::ContentHash> {
    ["datasets", "runs", "features", "reports/shapes"]
        .iter()
        .flat_map(|part| tree(&bed.state(part)).into_iter().map(move |(path, hash)| (Path::new(part).join(path), hash)))
        .collect()
}

#[test]
fn a_lost_registry_is_made_again_from_the_files() {
    let bed = after_the_first_run();
    let models = bed.run(&["models", "list", "--json"]).ok().json();
    let counted = counters(&bed);
    fs::remove_dir_all(bed.state("registry")).unwrap();

    let again = bed.run(&["run", "--once"]).ok();
    assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    assert_eq!(bed.run(&["models", "list", "--json"]).ok().json(), models);
    assert_eq!(counters(&bed), counted);
}

#[test]
fn a_killed_run_is_completed_as_if_it_had_not_been() {
    let killed = filled();
    let mut service = killed.start();
    service.wait_for("the first copies", |_| {
        fs::read_dir(killed.state("datasets/shapes/augmented/bars")).ok()?.next().map(drop)
    });
    service.kill();
    killed.run(&["run", "--once"]).ok();

    let (killed, whole) = (killed.state(""), &first_run().state);
    assert_eq!(tree(&killed.join("datasets")), tree(&whole.join("datasets")));
    let head = |state: &Path| json(&folders(state.join("runs/shapes")).remove(0).join("model.json"))["head"].clone();
    assert_eq!(head(&killed), head(whole), "the same model, to the bit");
}

#[test]
fn every_format_is_read_and_what_cannot_be_used_is_quarantined_with_a_reason() {
    let bed = with_features();
    let formats = [ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP];
    for (number, format) in (100..).zip(formats) {
        // Named .png on purpose: the content decides.
        bed.write(format!("inbox/datasets/shapes/bars/{number}.png"), pictures::encoded(Look::Bars, number, format));
    }
    let whole = pictures::png(Look::Disc, 200);
    bed.write("inbox/datasets/shapes/disc/cut.png", &whole[..whole.len() / 2]);
    bed.write("inbox/datasets/shapes/disc/letter.png", "Dear colleague");
    bed.write("inbox/datasets/shapes/stray.png", &whole);
    let bed = bed.set("limits.max_side", "200");
    bed.write("inbox/scans/shapes/wide.png", wide_png());

    let ran = bed.run(&["run", "--once"]).ok();
    let counters = counters(&bed);
    assert_eq!((counters["samples"], counters["quarantined"]), (20, 4), "{}", ran.stderr);
    assert_eq!((counters["trainings"], counters["scans_explained"]), (1, 2), "the others go on");
    let reasons: Vec<String> = fs::read_dir(bed.state("quarantine"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for (file, word) in [("cut.png", "truncated"), ("letter.png", "image"), ("stray.png", "class"), ("wide.png", "200")]
    {
        let is_named = reasons.iter().any(|reason| reason.contains(file) && reason.contains(word));
        assert!(is_named, "{file}: {word} not in {reasons:#?}");
        assert!(ran.stderr.contains(file), "one log line for {file}: {}", ran.stderr);
    }

    // Repaired, it is added, and its reason is removed.
    bed.write("inbox/datasets/shapes/disc/cut.png", &whole);
    bed.run(&["run", "--once"]).ok();
    assert_eq!(fs::read_dir(bed.state("quarantine")).unwrap().count(), 3);
}

fn wide_png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(300, 100).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn scans_wait_for_a_first_model_and_one_class_is_not_enough() {
    let bed = TestBed::new().sharing_features();
    bed.write("inbox/datasets/shapes/bars/1.png", pictures::png(Look::Bars, 1));
    bed.write("inbox/scans/early.png", pictures::png(Look::Bars, 2));
    let ran = bed.run(&["run", "--once"]).ok();
    assert!(ran.stdout.contains("needs at least two classes"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 scan(s) for a first model"), "{}", ran.stdout);
    bed.drop_dataset(4);
    bed.run(&["run", "--once"]).ok();
    assert_eq!(counters(&bed)["scans_explained"], 1);
}
