//! Reports of scans of any size, depth, content and name: each is whole, or the scan was refused with a reason.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Cursor;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gradwatch::stats::Generator;
use image::{DynamicImage, ImageBuffer, ImageFormat};
use serde_json::Value;

use crate::bed::TestBed;
use crate::browser::Browser;

/// Names that would be something else in a page, a shell or a terminal.
const NAMES: [&str; 10] = [
    "<script>alert(1)<",
    "\"onload=alert(1) x=\"",
    "'); DROP TABLE scans;--",
    "=HYPERLINK(0)",
    "a\u{202e}gnp",
    "\u{1b}[31mred",
    "line\nbreak",
    "&amp;%20+#?",
    "-rf",
    "\u{2028}\u{1f9ec}e\u{301}",
];

#[test]
fn twenty_odd_scans_have_whole_reports_or_a_reason() {
    odd_scans(20, 1);
}

/// `make fuzz-reports`
#[test]
#[ignore = "long: run `make fuzz-reports`"]
fn many_odd_scans_have_whole_reports_or_a_reason() {
    let number = |key: &str, default: u64| std::env::var(key).map_or(default, |text| text.parse().unwrap());
    odd_scans(number("GRADWATCH_FUZZ_SCANS", 300) as usize, number("GRADWATCH_FUZZ_SEED", 2));
}

fn odd_scans(n: usize, seed: u64) {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    bed.run(&["train", "inbox/datasets/shapes"]).ok();
    let mut random = Generator::new(seed, "odd scans");
    for number in 0..n {
        bed.write(Path::new("odd").join(name(number, &mut random)), bytes(&mut random));
    }
    let ran = bed.run(&["explain", "odd", "--out", "out", "--json"]);
    assert!([0, 65].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
    let ran: Value = serde_json::from_str(&ran.stdout).unwrap();
    let scans = ran["scans"].as_array().unwrap();
    assert_eq!(scans.len(), n);
    let explained: Vec<PathBuf> = scans.iter().filter_map(|scan| whole(&bed, scan)).collect();
    assert!(explained.len() > n / 2, "{} of {n} explained", explained.len());
    if let Some(mut browser) = Browser::start() {
        for page in &explained {
            opens(&mut browser, page);
        }
        opens(&mut browser, &bed.path("out/index.html"));
    }
}

fn name(number: usize, random: &mut Generator) -> PathBuf {
    let name = NAMES[random.below(NAMES.len())];
    OsStr::from_bytes(format!("{name}-{number}.png").as_bytes()).into()
}

/// An image of any kind; one of eight is damaged.
fn bytes(random: &mut Generator) -> Vec<u8> {
    let mut bytes = encoded(random);
    match random.below(16) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        _ => {}
    }
    bytes
}

/// Grey or colour with or without transparency, of 8 or 16 bits: noise, one level, a pattern, or single bright pixels.
fn encoded(random: &mut Generator) -> Vec<u8> {
    let side = |random: &mut Generator| [1, 2, 13, 224, 225, 640, 1500, 6000][random.below(8)];
    let (width, height, channels, content) = (side(random), side(random), 1 + random.below(4), random.below(4));
    // The long ones are narrow.
    let height = if width * height > 2_500_000 { 13 } else { height };
    let (level, is_deep) = (random.below(65_536), random.below(2) == 0);
    let mut sample = |at: usize| match content {
        0 => level,
        1 => random.below(65_536),
        2 => at * 40 % 65_536,
        _ => usize::from(at.is_multiple_of(997)) * 65_535,
    } as u16;
    let deep: Vec<u16> = (0..width as usize * height as usize * channels).map(&mut sample).collect();
    let bytes = || deep.iter().map(|sample| (sample >> 8) as u8).collect::<Vec<u8>>();
    let picture = match (channels, is_deep) {
        (1, true) => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageLuma16),
        (1, false) => ImageBuffer::from_raw(width, height, bytes()).map(DynamicImage::ImageLuma8),
        (2, true) => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageLumaA16),
        (2, false) => ImageBuffer::from_raw(width, height, bytes()).map(DynamicImage::ImageLumaA8),
        (3, true) => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageRgb16),
        (3, false) => ImageBuffer::from_raw(width, height, bytes()).map(DynamicImage::ImageRgb8),
        (_, true) => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageRgba16),
        (_, false) => ImageBuffer::from_raw(width, height, bytes()).map(DynamicImage::ImageRgba8),
    };
    let is_jpeg = !is_deep && channels % 2 == 1 && level.is_multiple_of(3);
    let mut file = Cursor::new(Vec::new());
    picture.unwrap().write_to(&mut file, if is_jpeg { ImageFormat::Jpeg } else { ImageFormat::Png }).unwrap();
    file.into_inner()
}

/// The page of an explained scan, whose files are all there; `None` for one that was refused with a reason.
fn whole(bed: &TestBed, scan: &Value) -> Option<PathBuf> {
    let Some(page) = scan["report"].as_str() else {
        assert!(scan["error"].as_str().is_some_and(|reason| reason.len() > 10), "{scan}");
        return None;
    };
    let page = bed.path(page);
    for file in ["heatmap.png", "overlay.png", "thumb.jpg"] {
        assert!(fs::metadata(page.with_file_name(file)).unwrap().len() > 0, "{scan}: {file}");
    }
    let record: Value = serde_json::from_slice(&fs::read(page.with_file_name("report.json")).unwrap()).unwrap();
    let scores: BTreeMap<String, f64> = serde_json::from_value(record["scores"].clone()).unwrap();
    assert!(scores.values().all(|score| (0.0..=1.0).contains(score)), "{record}");
    let html = fs::read_to_string(&page).unwrap();
    let (_, maps) = html.split_once("<script id=\"maps\" type=\"application/json\">").unwrap();
    let maps: Value = serde_json::from_str(maps.split_once("</script>").unwrap().0).unwrap();
    for class in maps["classes"].as_array().unwrap() {
        for map in class["maps"].as_object().unwrap().values() {
            let values: Vec<f64> = serde_json::from_value(map["values"].clone()).unwrap();
            assert_eq!(values.len() as u64, map["side"].as_u64().unwrap().pow(2), "{scan}");
        }
    }
    assert!(!html.contains("<script>alert"), "{scan}");
    Some(page)
}

/// The views whose canvas has no size, or no pixel that is painted.
const BARE: &str = "[...document.querySelectorAll('.painted')].filter(c => !c.clientWidth || !c.clientHeight || \
    !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(level => level > 0)).length";

/// Painted once the scan is decoded; the gallery has no views.
const READY: &str = "new Promise(done => { const views = document.querySelector('.views'); \
    const wait = () => views?.hidden ? requestAnimationFrame(wait) : requestAnimationFrame(() => requestAnimationFrame(done)); wait(); })";

/// A script that ran would show an alert, which nobody closes: the browser would then not answer in time.
fn opens(browser: &mut Browser, page: &Path) {
    browser.open(page);
    browser.value(READY);
    let bare = browser.value(BARE);
    assert_eq!(bare, 0, "{}: nothing is painted", page.display());
    assert_eq!(browser.complaints(), Vec::<String>::new(), "{}", page.display());
    let outside: Vec<_> = browser.requests().into_iter().filter(|address| !address.starts_with("file:")).collect();
    assert_eq!(outside, Vec::<String>::new());
}
