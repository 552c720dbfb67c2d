//! `gradwatch demo`, and its pages as a reader meets them: in a real browser, wide and narrow, light and dark, with scripts
//! and without.

use std::fs;
use std::path::{Path, PathBuf};

use gradwatch::imaging::PhantomClass;
use serde_json::Value;

use crate::bed::{Ran, TestBed};
use crate::browser::Browser;

/// The demo's scans: odd numbers show patches.
fn class(number: u64) -> PhantomClass {
    if number % 2 == 1 { PhantomClass::Patchy } else { PhantomClass::Plain }
}

struct Report {
    folder: PathBuf,
    number: u64,
}

impl Report {
    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join("report.json")).unwrap()).unwrap()
    }

    /// The page itself.
    fn page(&self) -> PathBuf {
        self.folder.join("report.html")
    }
}

fn demo(bed: &TestBed) -> Ran {
    bed.run(&["demo", "radiographs"]).ok()
}

fn reports(bed: &TestBed) -> Vec<Report> {
    let entries = fs::read_dir(bed.state("reports/phantoms"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    let number = |folder: &Path| folder.file_name()?.to_str()?.strip_prefix("scan-")?.get(..2)?.parse().ok();
    let mut reports: Vec<Report> = entries.map(|folder| Report { number: number(&folder).unwrap(), folder }).collect();
    reports.sort_by_key(|report| report.number);
    reports
}

fn bed() -> TestBed {
    let bed = TestBed::new();
    let state = bed.state("");
    bed.set("storage.state_dir", state.to_str().unwrap())
}

#[test]
#[ignore = "minutes; make torture runs it"]
fn the_demo_as_shipped_distinguishes_its_classes() {
    let bed = bed();
    demo(&bed);
    classes_are_distinguished(&reports(&bed));
}

#[test]
fn the_demo_learns_its_images_and_its_pages_open() {
    let bed = bed().set("augment.copies", "1");
    let ran = demo(&bed);
    let reports = reports(&bed);
    assert!(ran.stdout.contains("48 labelled images and 8 scans"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&bed.state("reports/index.html").display().to_string()), "{}", ran.stdout);
    assert_eq!(reports.iter().map(|report| report.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    classes_are_distinguished(&reports);
    assert!(demo(&bed).stdout.contains("Nothing to do"), "the second time everything is there");
    if let Some(mut browser) = Browser::start() {
        a_report_works(&mut browser, &reports[0]);
        a_report_is_useful_without_scripts(&mut browser, &reports[1]);
        the_gallery_works(&mut browser, &bed.state("reports/index.html"));
    }
}

fn classes_are_distinguished(reports: &[Report]) {
    let right = |report: &&Report| report.json()["predicted"] == class(report.number).to_string().as_str();
    let n_right = reports.iter().filter(right).count();
    assert!(n_right >= 6, "{n_right} of 8 are right");
}

fn a_report_works(browser: &mut Browser, report: &Report) {
    browser.open(&report.page());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.requests().len(), 1, "the page and nothing else");
    let drawn =
        "Promise.all([...document.querySelectorAll('image, img')].map(i => i.decode())).then(all => all.length)";
    assert_eq!(browser.value(drawn), 10, "the scan, four maps of two classes, the legend");

    browser.value("document.getElementById('opacity').focus()");
    for (key, code, opacity) in [("End", 35, "1"), ("Home", 36, "0")] {
        browser.press(key, code);
        assert_eq!(browser.value("document.querySelector('.heat').getAttribute('opacity')"), opacity);
    }
    let shown = "[...document.querySelectorAll('.large .map')].map(m => getComputedStyle(m).display).join()";
    assert_eq!(browser.value(shown), "inline,none");
    browser.value("document.querySelector('[name=class]').focus()");
    browser.press("ArrowRight", 39);
    assert_eq!(browser.value(shown), "none,inline");

    let ground = "getComputedStyle(document.body).backgroundColor";
    browser.look(1200, "light");
    let light = browser.value(ground);
    browser.look(390, "dark");
    assert_ne!(browser.value(ground), light);
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390, "a phone need not scroll sideways");
    browser.look(1200, "light");

    // What a hostile page would do is refused, and is seen to be.
    let intrusion = "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://192.0.2.1/x.png\">')";
    browser.value(intrusion);
    let complaints = browser.complaints();
    assert!(complaints.iter().any(|complaint| complaint.contains("Content Security Policy")), "{complaints:?}");
    assert_eq!(browser.requests().len(), 1);
}

fn a_report_is_useful_without_scripts(browser: &mut Browser, report: &Report) {
    browser.scripts(false);
    browser.open(&report.page());
    assert_eq!(
        browser.value("document.getElementById('opacity').checkVisibility()"),
        false,
        "the slider would do nothing"
    );
    browser.value("document.querySelector('[name=class]').focus()");
    browser.press("ArrowRight", 39);
    let shown = "[...document.querySelectorAll('.large .map')].map(m => getComputedStyle(m).display).join()";
    assert_eq!(browser.value(shown), "none,inline");
    browser.scripts(true);
}

fn the_gallery_works(browser: &mut Browser, index: &Path) {
    browser.open(index);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let thumbs =
        "Promise.all([...document.images].map(i => (i.loading = 'eager', i.decode()))).then(all => all.length)";
    assert_eq!(browser.value(thumbs), 8);
    let outside: Vec<_> = browser.requests().into_iter().filter(|address| !address.starts_with("file://")).collect();
    assert_eq!(outside, Vec::<String>::new());
    browser.value("document.getElementById('search').focus()");
    browser.write("scan-03");
    assert_eq!(browser.value("document.querySelectorAll('.rows li:not([hidden])').length"), 1);
    assert_eq!(browser.value("document.getElementById('shown').textContent"), "1 of 8");
    let link = browser.value("decodeURI(document.querySelector('.rows li:not([hidden]) a').href)");
    assert!(link.as_str().unwrap().contains("/phantoms/scan-03-"), "{link}");
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let bed = TestBed::new();
    bed.write("mine/config.toml", "storage.state_dir = \"elsewhere\"\n");
    let ran = bed.run(&["demo", "mine"]);
    assert_eq!((ran.code, fs::read_dir(bed.path("mine")).unwrap().count()), (64, 1));
    assert!(ran.stderr.contains("`mine` is not empty"), "{}", ran.stderr);
}
