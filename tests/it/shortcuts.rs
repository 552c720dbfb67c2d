//! The shortcut audit of a training: it warns of what gives classes away beside the pictures' content, and of nothing else.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{GrayImage, ImageFormat, Luma};
use serde_json::Value;

use crate::bed::TestBed;

const CLASSES: [&str; 2] = ["disc", "square"];
const SHAPES: &str = "inbox/datasets/shapes";
const N_OF_CLASS: u32 = 12;

/// 96 x 96 pixels with a bright disc or square in the middle; around it the same noise for both.
pub fn shape(class: &str, number: u32) -> GrayImage {
    let noise = |x: u32, y: u32| (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729) ^ number.wrapping_mul(1_299_709)) % 31;
    let (x0, y0) = (40 + number % 5 * 4, 40 + number / 5 % 4 * 4);
    GrayImage::from_fn(96, 96, |x, y| {
        let (dx, dy) = (x.abs_diff(x0), y.abs_diff(y0));
        let bright = if class == "disc" { dx * dx + dy * dy < 300 } else { dx.max(dy) < 26 };
        Luma([if bright { 180 } else { 40 } + noise(x, y) as u8])
    })
}

/// A bed with the dataset `shapes` in its inbox, the classes in these formats; half of it is measured on.
fn bed(formats: [ImageFormat; 2]) -> TestBed {
    let bed = TestBed::new()
        .sharing_features()
        .set("augment.copies", "1")
        .set("split.validation", "0.5")
        .set("train.max_epochs", "3");
    for (class, format) in CLASSES.into_iter().zip(formats) {
        for number in 0..N_OF_CLASS {
            let mut bytes = Cursor::new(Vec::new());
            // Named alike: it is the content that has a format.
            let number_of_its_own = 2 * number + u32::from(class == "disc");
            shape(class, number_of_its_own).write_to(&mut bytes, format).unwrap();
            bed.write(format!("{SHAPES}/{class}/{number}.png"), bytes.into_inner());
        }
    }
    bed
}

fn run_folder(bed: &TestBed) -> PathBuf {
    fs::read_dir(bed.state("runs/shapes")).unwrap().next().unwrap().unwrap().path()
}

fn record(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("model.json")).unwrap()).unwrap()
}

#[test]
fn classes_of_different_formats_are_warned_of_everywhere() {
    let bed = bed([ImageFormat::Jpeg, ImageFormat::Png]);
    let trained = bed.run(&["train", SHAPES]).ok();
    let warning = "a baseline trained only on file metadata (first rule: format jpeg) classifies";
    assert!(trained.stdout.contains("Possible shortcut: the model classifies"), "{}", trained.stdout);
    assert!(trained.stdout.contains(warning) && trained.stderr.contains(warning), "{}", trained.stderr);
    assert!(trained.stderr.contains("WARN"), "{}", trained.stderr);

    let run = run_folder(&bed);
    let audit = &record(&run)["shortcuts"];
    assert_eq!(
        (&audit["metadata"]["right"], &audit["metadata"]["comes_close"]),
        (&audit["n"], &true.into()),
        "{audit:#}"
    );
    assert!(audit["n"].as_u64().unwrap() >= 12 && audit["border"]["accuracy"]["value"].is_f64(), "{audit:#}");
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("accuracy may therefore not reflect the image content"), "the page says it, too");
    let shown = bed.run(&["models", "show", run.file_name().unwrap().to_str().unwrap()]).ok().stdout;
    assert!(shown.contains(warning) && shown.contains("metadata baseline 100.0 %"), "{shown}");

    bed.run(&["run", "--once"]).ok();
    let page = fs::read_to_string(bed.state("reports/shapes/dataset.html")).unwrap();
    let best = format!("best model {}: the model classifies", run.file_name().unwrap().to_str().unwrap());
    assert!(page.contains(&best) && page.contains(warning), "the dataset's page, too");

    let held_out = bed.run(&["train", SHAPES, "--folds", "2", "--json"]).ok();
    let audit = &held_out.json()["shortcuts"];
    assert_eq!((&audit["metadata"]["right"], &audit["n"]), (&24.into(), &24.into()), "{audit:#}");
    assert!(held_out.stderr.contains(warning), "{}", held_out.stderr);
}

#[test]
fn classes_that_differ_in_content_alone_are_not_warned_of() {
    let bed = bed([ImageFormat::Png; 2]);
    let ran = bed.run(&["run", "--once"]).ok();
    assert!(!ran.stderr.contains("shortcut"), "{}", ran.stderr);
    let run = run_folder(&bed);
    let audit = &record(&run)["shortcuts"];
    assert_eq!(audit["metadata"]["right"], audit["majority"]["right"], "{audit:#}");
    assert_eq!(audit["border"]["comes_close"], false, "{audit:#}");
    assert_eq!(audit["first_questions"], serde_json::json!([]));
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("No baseline comes close to the model"), "{page}");
}
