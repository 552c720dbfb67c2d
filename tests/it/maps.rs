//! Heat maps: methods on request, their figures, maps as numbers, images that show little, and maps against the truth.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gradwatch::imaging::{Picture, Pixels, encode_png};
use serde_json::Value;

use crate::bed::TestBed;
use crate::pictures::{self, Look};

/// Width and height of the scan inside a report's page.
fn scan_on_page(html: &str) -> (u32, u32) {
    let (_, rest) = html.split_once("id=\"scan\"").unwrap();
    let (_, data) = rest.split_once("data:image/jpeg;base64,").unwrap();
    let jpeg = STANDARD.decode(data.split_once('"').unwrap().0).unwrap();
    let scan = image::load_from_memory(&jpeg).unwrap();
    (scan.width(), scan.height())
}

/// A bed with a model.
fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    bed.run(&["train", "inbox/datasets/shapes"]).ok();
    bed
}

/// The folder and record of the only report that `explain` with these arguments writes.
fn explained(bed: &TestBed, args: &[&str]) -> (PathBuf, Value) {
    let ran = bed.run(&[&["explain", "--out", "out", "--json"], args].concat()).ok().json();
    let page = bed.path(ran["scans"][0]["report"].as_str().unwrap());
    let folder = page.parent().unwrap().to_owned();
    let record = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    (folder, record)
}

fn grey(width: u32, height: u32, level: impl Fn(u32) -> u8) -> Vec<u8> {
    let levels = (0..width * height).map(level).collect();
    encode_png(&Picture::new(width, height, 1, Pixels::U8(levels)).unwrap()).unwrap()
}

#[test]
fn a_report_names_the_figures_of_its_maps_and_has_them_as_numbers_on_request() {
    let bed = bed();
    bed.write("scan.png", pictures::png(Look::Disc, 77));
    let (folder, record) = explained(&bed, &["scan.png"]);
    assert_eq!((record["heat_map"]["method"].as_str(), folder.join("maps.npy").exists()), (Some("Grad-CAM"), false));
    let figures = &record["map_figures"];
    let residual = figures["maps"]["HiResCAM"]["completeness_residual"].as_f64().unwrap();
    assert!(residual.abs() < 1e-3, "{figures}");
    for method in ["Grad-CAM", "HiResCAM", "Grad-CAM++", "LayerCAM"] {
        let figure = &figures["maps"][method];
        assert!(figure["peak"].is_number() && figure["perturbation"].is_null(), "{method}: {figure}");
        assert!(figure["outside_centre"].as_f64().is_none_or(|share| (0.0..=1.0).contains(&share)), "{figure}");
    }

    let (folder, record) =
        explained(&bed, &["scan.png", "--method", "layer-cam", "--raw-maps", "--deletion-insertion"]);
    assert_eq!(record["heat_map"]["method"], "LayerCAM");
    let areas = &record["map_figures"]["maps"]["LayerCAM"]["perturbation"];
    for area in ["deletion_auc", "insertion_auc"] {
        assert!((0.0..=1.0).contains(&areas[area].as_f64().unwrap()), "{areas}");
    }
    let numbers = fs::read(folder.join("maps.npy")).unwrap();
    assert!(numbers.starts_with(b"\x93NUMPY\x01\x00"));
    assert_eq!(numbers.len(), 128 + 6 * 2 * 14 * 14 * 4);
    let floats = numbers[128..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    assert!(floats.clone().all(f32::is_finite) && floats.clone().any(|value| value < 0.0));

    bed.drop_scan(Look::Bars, 1);
    bed.run(&["run", "--once", "--set=report.deletion_insertion=true"]).ok();
    let record: Value = serde_json::from_slice(&fs::read(bed.reports()[0].join("report.json")).unwrap()).unwrap();
    let areas = &record["map_figures"]["maps"]["Grad-CAM"]["perturbation"];
    assert!(areas["deletion_auc"].is_number() && areas["insertion_auc"].is_number(), "{record:#}");

    explained(&bed, &["scan.png"]);
    assert!(!folder.join("maps.npy").exists(), "numbers of another report do not stay");
    let refused = bed.run(&["explain", "scan.png", "--method", "smooth-grad"]);
    assert!(refused.code != 0 && refused.stderr.contains("grad-cam-plus-plus"), "{}", refused.stderr);
}

#[test]
fn images_that_show_little_or_have_odd_sizes_are_explained_and_said_to_be_so() {
    let bed = bed().set("limits.max_side", "20000");
    for (name, bytes, said, on_page) in [
        ("black.png", grey(300, 300, |_| 0), "No image content", (300, 300)),
        ("white.png", grey(300, 300, |_| 255), "No image content", (300, 300)),
        ("one.png", grey(1, 1, |_| 77), "only 1 x 1 pixels", (1, 1)),
        ("long.png", grey(20_000, 30, |at| (at * 7 % 251) as u8), "far from square", (2048, 3)),
    ] {
        bed.write(name, bytes);
        for (method, shown) in
            [("grad-cam", "Grad-CAM"), ("HiResCAM", "HiResCAM"), ("gradcam++", "Grad-CAM++"), ("layer-cam", "LayerCAM")]
        {
            let (folder, record) = explained(&bed, &[name, "--method", method, "--raw-maps"]);
            let warnings: Vec<&str> = record["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert!(warnings.iter().any(|warning| warning.contains(said)), "{name}: {warnings:?}");
            let is_empty = record["heat_map"]["peak"].as_f64().unwrap() <= 0.0;
            assert_eq!(record["heat_map"]["method"], shown);
            assert_eq!(is_empty, warnings.iter().any(|warning| warning.contains("no region that supports")), "{name}");
            assert!(record["scores"].as_object().unwrap().values().all(Value::is_number), "{name}");
            let numbers = fs::read(folder.join("maps.npy")).unwrap();
            let mut floats = numbers[128..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            assert!(floats.all(f32::is_finite), "{name}, {method}");
            let page = fs::read_to_string(folder.join("report.html")).unwrap();
            assert_eq!(page.contains("shorter side is drawn larger than it is"), name == "long.png", "{name}");
            assert_eq!(scan_on_page(&page), on_page, "{name}");
            for file in ["heatmap.png", "overlay.png", "thumb.jpg", "report.html"] {
                assert!(fs::metadata(folder.join(file)).unwrap().len() > 0, "{name}: {file}");
            }
        }
    }
}

#[test]
fn maps_are_held_against_what_is_painted() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0");
    let state = bed.state("");
    let bed = bed.set("storage.state_dir", state.to_str().unwrap());
    bed.run(&["demo", "radiographs", "--labelled", "24", "--scans", "0"]).ok();
    let runs = bed.state("runs/phantoms").read_dir().unwrap().map(|run| run.unwrap().path().join("report.html"));
    let page = fs::read_to_string(runs.last().unwrap()).unwrap();
    assert!(
        page.contains("Heat maps compared with the known patches") && page.contains("100 other generated radiographs")
    );
    assert!(page.contains("rely on HiResCAM for this model"), "it is the better one on 100 radiographs, beyond chance");
    let found = bed.run(&["benchmark-maps", "--images", "24", "--json"]).ok().json();
    let benchmark = &found["benchmark"];
    assert_eq!(benchmark["n_images"], 24);
    let painted = benchmark["painted"].as_f64().unwrap();
    assert!((0.02..0.2).contains(&painted), "{benchmark}");
    let methods = benchmark["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 4);
    let of = |name: &str| methods.iter().find(|score| score["method"] == name).unwrap();
    // Better than by chance, and than Grad-CAM.
    assert!(of("HiResCAM")["inside"].as_f64() > of("Grad-CAM")["inside"].as_f64(), "{benchmark}");
    assert!(of("HiResCAM")["inside"].as_f64().unwrap() > 1.5 * painted, "{benchmark}");
    assert!(of("HiResCAM")["pointing"]["value"].as_f64().unwrap() > 2.0 * painted, "{benchmark}");
    let table = bed.run(&["benchmark-maps", "--images", "1"]).ok().stdout;
    assert!(table.contains("Hottest cell in a patch") && table.contains("LayerCAM"), "{table}");
}

#[test]
fn only_a_model_of_a_demo_is_held_against_the_truth() {
    let refused = bed().run(&["benchmark-maps"]);
    assert!(refused.code != 0 && refused.stderr.contains("has no class patchy"), "{}", refused.stderr);
}
