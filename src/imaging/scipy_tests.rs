//! Sampling and blur against results of the real SciPy, which `scripts/make-keras-goldens` wrote.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Affine, BorderRule, DecodeOptions, Picture, Pixels, Sampling, decode};
use crate::domain::{Fill, Interpolation};

fn golden(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keras");
    fs::read(folder.join(name)).unwrap()
}

fn picture(name: &str) -> Picture {
    decode(
        &golden(name),
        &DecodeOptions { max_side: 10_000, max_pixels: 1_000_000, background: 0, least_side: None, frame: 1 },
    )
    .unwrap()
}

fn levels(picture: &Picture) -> &[u8] {
    let Pixels::U8(data) = picture.pixels() else { panic!("the goldens have 8 bits") };
    data
}

fn sampling(case: &Value) -> Sampling {
    let (fill, rule) = match case["mode"].as_str().unwrap() {
        "nearest" => (Fill::Nearest, BorderRule::SciPy),
        "reflect" => (Fill::Reflect, BorderRule::SciPy),
        "constant" => (Fill::Constant, BorderRule::SciPy),
        "wrap" => (Fill::Wrap, BorderRule::SciPy),
        "grid-constant" => (Fill::Constant, BorderRule::Grid),
        "grid-wrap" => (Fill::Wrap, BorderRule::Grid),
        other => panic!("{other}"),
    };
    let interpolation = match case["order"].as_u64().unwrap() {
        0 => Interpolation::Nearest,
        1 => Interpolation::Bilinear,
        _ => Interpolation::Bicubic,
    };
    Sampling { interpolation, fill, value: case["cval"].as_u64().unwrap() as u8, rule }
}

/// SciPy counts (row, column).
fn map(case: &Value) -> Affine {
    let number = |value: &Value| value.as_f64().unwrap();
    let [rr, rc, cr, cc] = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| number(&case["matrix"][i][j]));
    Affine([cc, cr, number(&case["offset"][1]), rc, rr, number(&case["offset"][0])])
}

fn check(shape: &str, operation: &str, n_cases: usize, ours: impl Fn(&Picture, &Value) -> Picture) {
    let (source, results) = (picture(&format!("source-{shape}.png")), picture(&format!("scipy-{shape}.png")));
    let cases: Vec<Value> = serde_json::from_slice(&golden(&format!("scipy-{shape}.json"))).unwrap();
    let n_samples = levels(&source).len();
    let all = cases.iter().zip(levels(&results).chunks_exact(n_samples));
    let mut n_checked = 0;
    for (case, expected) in all.filter(|(case, _)| case["operation"] == operation) {
        let found = ours(&source, case);
        let n_off = levels(&found).iter().zip(expected).filter(|(a, b)| a.abs_diff(**b) > 1).count();
        assert!(n_off * 1000 <= n_samples, "{shape}: {n_off} of {n_samples} pixels are off in {case}");
        n_checked += 1;
    }
    assert_eq!(n_checked, n_cases);
}

#[test]
fn a_picture_is_sampled_as_scipy_does_it_by_every_mode_and_order() {
    for shape in ["square", "wide"] {
        check(shape, "affine_transform", 18, |source, case| source.warped(&map(case), None, sampling(case)));
    }
}

#[test]
fn a_picture_is_blurred_as_scipy_does_it() {
    for shape in ["square", "wide"] {
        check(shape, "gaussian_filter", 2, |source, case| source.blurred(case["sigma"].as_f64().unwrap()));
    }
}
