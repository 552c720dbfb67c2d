//! The identity that models without `versions` in their record carry, so that the upgrade to named fields repeats none of
//! their trainings. It hashes how Rust prints the settings for debugging; its test says what to do when that changes.

use serde_json::json;

use super::super::augmentation_record::augmentation_record;
use crate::config::{ImageSettings, Settings};
use crate::domain::{ContentHash, Sample, Split};

/// Identity of the training of `samples` with `settings`, as it was computed before the fields had names.
pub(in crate::workflow) fn job_hash(samples: &[Sample], settings: &Settings) -> ContentHash {
    let shape = json!({
        "augment": augmentation_record(settings),
        "backbone": format!("{:?}", settings.backbone),
        "images": images(settings.images),
        "train": format!("{:?}", settings.train),
    });
    ContentHash::of_parts([data_hash(samples).as_bytes().as_slice(), shape.to_string().as_bytes()])
}

/// As it was printed before JPEG could be decoded smaller and DICOM was read; a training that uses either is none of theirs.
fn images(settings: ImageSettings) -> String {
    match settings {
        ImageSettings { background, scaled_jpeg: false, dicom_frame: 1 } => {
            format!("ImageSettings {{ background: {background} }}")
        }
        other => format!("{other:?}"),
    }
}

fn data_hash(samples: &[Sample]) -> ContentHash {
    let learned = samples.iter().filter(|sample| sample.split != Some(Split::Excluded));
    let line =
        |s: &Sample| format!("{} {} {}", s.hash, s.split.map_or_else(String::new, |split| split.to_string()), s.class);
    let mut lines: Vec<String> = learned.map(line).collect();
    lines.sort_unstable();
    ContentHash::of_parts(lines.iter().map(String::as_bytes))
}
