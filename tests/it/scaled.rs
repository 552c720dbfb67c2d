//! JPEG decoded at a part of its size: the same for the images of a model, their copies and its scans.

use std::io::Cursor;

use image::imageops::{FilterType, resize};
use image::{DynamicImage, ImageFormat};

use crate::bed::{TestBed, tree};
use crate::pictures::{self, Look};

const SCALED: &str = "--set=images.scaled_jpeg=true";

/// A JPEG of 600x520 pixels, of which half is enough for the network.
fn jpeg(look: Look, number: u64) -> Vec<u8> {
    let large = resize(&pictures::picture(look, number), 600, 520, FilterType::Triangle);
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(large).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn bed(n: u64) -> TestBed {
    let bed = TestBed::new().set("augment.copies", "1").set("train.max_epochs", "2");
    for look in Look::ALL {
        for number in 0..n {
            bed.write(format!("shapes/{look}/{number}/scan.jpg"), jpeg(look, number));
        }
    }
    bed
}

#[test]
fn copies_of_smaller_sources_are_others_and_are_made_again_whatever_is_configured_now() {
    let bed = bed(1);
    bed.run(&["augment", "shapes", "full", "--copies=2"]).ok();
    bed.run(&["augment", "shapes", "small", "--copies=2", SCALED]).ok();
    assert_ne!(tree(&bed.path("full")), tree(&bed.path("small")));
    let ran = bed.run(&["replay", "small/manifest.jsonl", "--sources=shapes"]).ok();
    assert_eq!(ran.stdout, "4 copies match the manifest: 0 written, 4 already present.\n");
    let ran = bed.run(&["replay", "full/manifest.jsonl", "--sources=shapes", SCALED]).ok();
    assert_eq!(ran.stdout, "4 copies match the manifest: 0 written, 4 already present.\n");
}

#[test]
fn a_model_explains_scans_as_it_was_trained_whatever_is_configured_now() {
    let bed = bed(2);
    bed.write("new.jpg", jpeg(Look::ALL[0], 9));
    bed.run(&["train", "shapes", SCALED]).ok();
    let scores = |more: &[&str]| {
        let explained = bed.run(&[&["explain", "new.jpg", "--json"], more].concat()).ok().json();
        explained["scans"][0]["scores"].clone()
    };
    let scaled = scores(&[SCALED]);
    assert!(!scaled.is_null());
    assert_eq!(scaled, scores(&[]));
}
