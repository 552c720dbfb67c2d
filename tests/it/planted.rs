//! A marker planted in one class: the audit names it, and the heat map shows it.

use std::fs;

use image::{GrayImage, ImageFormat, Luma};
use serde_json::Value;

use crate::bed::TestBed;

const SIDE: u32 = 224;
/// Of the marker, and its distance from the upper and the left edge.
const MARKER: (u32, u32) = (24, 4);
/// Pixels of a cell of the maps, and cells a row.
const CELL: usize = 16;
const GRID: usize = 14;

/// Like a chest radiograph: two dark lungs of varying size and place on grey, and noise; the marker is an L in a frame.
fn radiograph(number: u32, is_marked: bool) -> GrayImage {
    let draw =
        |salt: u32, n: u32| (number.wrapping_mul(2_654_435_761) ^ salt.wrapping_mul(40_503)) >> 7 & 0xffff | n << 16;
    let vary = |salt: u32, n: u32| (draw(salt, 0) % n) as f32;
    let (top, width, height) = (104.0 + vary(1, 17), 34.0 + vary(2, 11), 66.0 + vary(3, 17));
    let lungs = [64.0 + vary(4, 13), 150.0 + vary(5, 13)];
    GrayImage::from_fn(SIDE, SIDE, |x, y| {
        let is_lung = lungs.iter().any(|left| {
            let (dx, dy) = ((x as f32 - left) / width, (y as f32 - top) / height);
            dx * dx + dy * dy < 1.0
        });
        let noise = (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729) ^ number.wrapping_mul(1_299_709)) % 23;
        let level = if is_lung { 60 } else { 130 } + noise;
        Luma([if is_marked && is_marker(x, y) { 250 } else { level as u8 }])
    })
}

fn is_marker(x: u32, y: u32) -> bool {
    let (side, from_edge) = MARKER;
    let (Some(x), Some(y)) = (x.checked_sub(from_edge), y.checked_sub(from_edge)) else { return false };
    let is_frame = x.min(y) < 4 || x.max(y) >= side - 4;
    let is_letter = (8..12).contains(&x) || (14..18).contains(&y);
    x < side && y < side && (is_frame || is_letter)
}

fn write(bed: &TestBed, path: &str, number: u32, is_marked: bool) {
    let mut bytes = std::io::Cursor::new(Vec::new());
    radiograph(number, is_marked).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bed.write(path, bytes.into_inner());
}

/// Row and column of the greatest cell of a map in `maps.npy`, by the number of the map and of the class.
fn peak(file: &std::path::Path, map: usize, class: usize) -> (usize, usize) {
    let numbers = fs::read(file).unwrap();
    let cells: Vec<f32> = numbers[128..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let map = &cells[(map * 2 + class) * GRID * GRID..][..GRID * GRID];
    let at = (0..map.len()).max_by(|a, b| map[*a].total_cmp(&map[*b])).unwrap();
    (at / GRID, at % GRID)
}

#[test]
fn a_marker_in_one_class_is_found_by_the_audit_and_by_the_maps() {
    let bed = TestBed::new()
        .sharing_features()
        .set("augment.copies", "0")
        .set("split.validation", "0.5")
        .set("train.max_epochs", "8");
    for number in 0..24 {
        let (class, is_marked) = if number % 2 == 0 { ("marked", true) } else { ("plain", false) };
        write(&bed, &format!("inbox/datasets/chest/{class}/{number}.png"), number, is_marked);
    }
    let trained = bed.run(&["train", "inbox/datasets/chest", "--json"]).ok();
    let model = trained.json();
    let audit = &model["shortcuts"];
    let named = (&audit["border"]["comes_close"], &audit["metadata"]["comes_close"]);
    assert_eq!(named, (&true.into(), &false.into()), "{audit:#}");
    assert!(trained.stderr.contains("a baseline trained only on the image border classifies"), "{}", trained.stderr);
    assert_eq!(model["val_accuracy"], 1.0, "nothing else tells the classes apart, and this does");
    for (method, correlation) in model["map_check"]["correlation"].as_object().unwrap() {
        assert!(correlation.as_f64().unwrap().abs() < 0.5, "{method}: {correlation}");
    }
    let page = fs::read_to_string(bed.state(format!("runs/chest/{}/report.html", model["run_id"].as_str().unwrap())));
    assert!(page.unwrap().contains("heads with random weights have a rank correlation of"));

    write(&bed, "held-back.png", 100, true);
    let ran = bed.run(&["explain", "held-back.png", "--out", "out", "--raw-maps", "--json"]).ok().json();
    let page = bed.path(ran["scans"][0]["report"].as_str().unwrap());
    let folder = page.parent().unwrap();
    let record: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!(record["predicted"], "marked", "{record:#}");
    let (side, from_edge) = MARKER;
    let last_cell = (side + from_edge - 1) as usize / CELL;
    let (row, column) = peak(&folder.join("maps.npy"), 1, 0);
    // The network sees a little further than the cell.
    assert!(row <= last_cell + 1 && column <= last_cell + 1, "HiResCAM is greatest at row {row}, column {column}");
    let outside = record["map_figures"]["maps"]["HiResCAM"]["outside_centre"].as_f64().unwrap();
    assert!(outside > 0.5, "most heat is at the edge: {outside}");
}
