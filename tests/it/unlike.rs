//! Scans that are unlike what the model learned from: warned of, refused, or not looked for.

use std::fs;
use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use serde_json::Value;

use crate::bed::TestBed;
use crate::pictures::Look;

/// A fine chequerboard in black and white: nothing that is among bars and discs.
fn chequered() -> Vec<u8> {
    let image = GrayImage::from_fn(96, 96, |x, y| Luma([if (x / 3 + y / 3) % 2 == 0 { 0 } else { 255 }]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Scans that the service refuses are failures that the log, the list, the status and the exit code say; a report is not written.
fn the_service_refuses_it_as_well(bed: &TestBed) {
    bed.write("inbox/scans/shapes/unlike.png", chequered());
    refused(bed, "unlike.png", "is unlike the images that model");
    // So is one of which nobody can say what it is like.
    let features = bed.state("runs/shapes").read_dir().unwrap().map(|run| run.unwrap().path());
    features.for_each(|run| fs::remove_file(run.join("training_features.safetensors")).unwrap());
    bed.drop_scan(Look::Bars, 2);
    refused(bed, "scan-bars-2.png", "it is not known whether it is like the images that model");
}

#[track_caller]
fn refused(bed: &TestBed, scan: &str, why: &str) {
    let n_reports = bed.reports().len();
    let ran = bed.run(&["run", "--once", "--json", "--set=report.ood=refuse"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    let is_said = |text: &str| text.contains(scan) && text.contains(why);
    assert!(ran.stderr.lines().any(is_said), "{}", ran.stderr);
    let listed = |failures: &Value| failures.as_array().unwrap().iter().any(|failure| is_said(&failure.to_string()));
    assert!(listed(&ran.json()["failures"]), "{}", ran.stdout);
    assert!(listed(&bed.status()["failures"]), "{:#}", bed.status());
    assert_eq!(bed.reports().len(), n_reports);
}

#[test]
fn a_scan_that_is_unlike_the_training_images_is_flagged_refused_or_neither_as_configured() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0");
    bed.drop_dataset(16);
    bed.drop_scan(Look::Disc, 1);
    bed.run(&["run", "--once"]).ok();
    let scan = bed.write("unlike.png", chequered()).display().to_string();

    let explain = |options: &[&str]| bed.run(&[&["explain", &scan, "--json"], options].concat());
    let flagged = explain(&[]).ok().json();
    let distance = &flagged["scans"][0]["training_distance"];
    assert!(distance["distance"].as_f64() > distance["limit"].as_f64(), "{flagged:#}");
    assert!(
        flagged["scans"][0]["warnings"][0].as_str().unwrap().starts_with("Unlike the training images: "),
        "{flagged:#}"
    );

    let ordinary = bed.inbox("scans/shapes/scan-disc-1.png").display().to_string();
    let ordinary = bed.run(&["explain", &ordinary, "--json", "--set=report.ood=refuse"]).ok().json();
    let distance = &ordinary["scans"][0]["training_distance"];
    assert!(distance["distance"].as_f64() <= distance["limit"].as_f64(), "{ordinary:#}");

    let refused = explain(&["--set=report.ood=refuse"]);
    assert_eq!(refused.code, 65, "{}", refused.stderr);
    assert!(refused.stdout.contains("`unlike.png` is unlike the images that model"), "{}", refused.stdout);

    the_service_refuses_it_as_well(&bed);

    let unasked = explain(&["--set=report.ood=off"]).ok().json();
    assert!(unasked["scans"][0]["training_distance"].is_null(), "{unasked:#}");
}
