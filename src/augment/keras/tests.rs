//! Held against what the real Keras made of two small images (`scripts/make-keras-goldens`).

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::domain::{Fill, Interpolation};
use crate::imaging::{DecodeOptions, Pixels, decode};

fn golden(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keras").join(name)).unwrap()
}

fn picture(name: &str) -> Picture {
    decode(
        &golden(name),
        &DecodeOptions { max_side: 10_000, max_pixels: 1_000_000, background: 0, least_side: None, frame: 1 },
    )
    .unwrap()
}

fn levels(picture: &Picture) -> Vec<u8> {
    let Pixels::U8(data) = picture.pixels() else { panic!("the goldens have 8 bits") };
    data.clone()
}

/// Keras' own words as a draw.
fn draw(case: &Value, semantics: Semantics) -> SampledParams {
    let transform = &case["transform"];
    let number = |name: &str| transform[name].as_f64();
    let flipped = |name: &str| transform[name].as_bool().unwrap();
    SampledParams {
        semantics,
        rotation: number("theta").unwrap(),
        shift: [number("ty").unwrap(), number("tx").unwrap()],
        shear: number("shear").unwrap(),
        zoom: [number("zx").unwrap(), number("zy").unwrap()],
        flip: [flipped("flip_horizontal"), flipped("flip_vertical")],
        channel_shift: number("channel_shift_intensity").unwrap_or(0.0),
        brightness: number("brightness").unwrap_or(1.0),
        interpolation: match case["interpolation_order"].as_u64().unwrap() {
            0 => Interpolation::Nearest,
            1 => Interpolation::Bilinear,
            _ => Interpolation::Bicubic,
        },
        fill: serde_json::from_value::<Fill>(case["fill_mode"].clone()).unwrap(),
        fill_value: case["cval"].as_u64().unwrap() as u8,
        ..SampledParams::NOTHING
    }
}

fn check(name: &str, semantics: Semantics) {
    for shape in ["square", "wide"] {
        let source = picture(&format!("source-{shape}.png"));
        let results = levels(&picture(&format!("{name}-{shape}.png")));
        let cases: Vec<Value> = serde_json::from_slice(&golden(&format!("{name}-{shape}.json"))).unwrap();
        let n_samples = levels(&source).len();
        assert_eq!((cases.len(), results.len()), (33, 33 * n_samples));
        for (case, expected) in cases.iter().zip(results.chunks_exact(n_samples)) {
            let found = levels(&transformed(&source, &draw(case, semantics), None));
            let n_off = found.iter().zip(expected).filter(|(a, b)| a.abs_diff(**b) > 1).count();
            assert!(n_off * 1000 <= n_samples, "{name} {shape}: {n_off} of {n_samples} pixels are off in {case}");
        }
    }
}

#[test]
fn copies_are_those_of_keras_preprocessing_1_1() {
    check("keras-1.1", Semantics::Keras11);
}

#[test]
fn copies_are_those_of_keras_2_9_and_later() {
    check("keras-2.9", Semantics::Keras29);
}
