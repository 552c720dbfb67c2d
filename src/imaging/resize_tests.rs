//! Nearest, bilinear and antialiased resizing against the real Pillow and the real TensorFlow (`scripts/make-resize-goldens`).

use std::path::PathBuf;

use serde::Deserialize;

use super::{Picture, Pixels};
use crate::domain::ContentHash;

#[derive(Debug, Deserialize)]
struct Case {
    size: [u32; 2],
    to: [u32; 2],
    channels: u32,
    bits: u32,
    nearest: Option<String>,
    antialias: Option<String>,
    bilinear: String,
}

fn cases() -> Vec<Case> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/resize.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// The image that the script makes.
fn picture(case: &Case) -> Picture {
    let [width, height] = case.size;
    let sample = |at: u32| {
        let (x, y, c) = (at / case.channels % width, at / case.channels / width, at % case.channels);
        ((31 * x + 17 * y + 5 * c + x * y) % 256, y)
    };
    let samples = (0..width * height * case.channels).map(sample);
    let pixels = match case.bits {
        8 => Pixels::U8(samples.map(|(level, _)| level as u8).collect()),
        _ => Pixels::U16(samples.map(|(level, y)| (257 * level + y).min(65_535) as u16).collect()),
    };
    Picture::new(width, height, case.channels, pixels).unwrap()
}

#[test]
fn the_nearest_pixel_is_pillow_s() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.nearest.is_some()).collect();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let small = picture(&case).resized_nearest(case.to[0], case.to[1]);
        let Pixels::U8(found) = small.pixels() else { panic!("8 bits stay 8") };
        assert_eq!(Some(ContentHash::of(found).to_string()), case.nearest, "{case:?}");
    }
}

#[test]
fn antialiased_levels_are_pillow_s_to_the_last_bit() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.antialias.is_some()).collect();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let small = picture(&case).antialiased_rgb8(case.to[0], case.to[1]).data;
        // Grey is given three times.
        let found: Vec<u8> = small.into_iter().step_by(3 / case.channels as usize).collect();
        assert_eq!(Some(ContentHash::of(&found).to_string()), case.antialias, "{case:?}");
    }
}

#[test]
fn bilinear_levels_are_tensorflow_s_to_the_last_bit() {
    let cases = cases();
    assert_eq!(cases.len(), 44);
    for case in cases {
        let levels = picture(&case).bilinear_levels(case.to[0], case.to[1]);
        // Grey is given three times.
        let levels = levels.iter().step_by(3 / case.channels as usize);
        let found: Vec<u8> = levels.flat_map(|level| level.to_le_bytes()).collect();
        assert_eq!(ContentHash::of(&found).to_string(), case.bilinear, "{case:?}");
    }
}
