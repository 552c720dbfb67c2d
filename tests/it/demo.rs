//! `gradwatch demo`, and its pages as a reader meets them: in a real browser, wide and narrow, light and dark, with scripts
//! and without.

use std::fs;
use std::path::{Path, PathBuf};

use gradwatch::imaging::PhantomClass;
use serde_json::Value;

use crate::bed::{Ran, TestBed};
use crate::browser::Browser;
use crate::gallery::says;
use crate::scan_page;

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
        scan_page::it_works(&mut browser, &reports[0].page());
        scan_page::it_is_useful_without_scripts(&mut browser, &reports[1].page());
        the_gallery_works(&mut browser, &bed.state("reports/index.html"));
        the_page_of_the_run_opens(&mut browser, &bed);
    }
}

fn classes_are_distinguished(reports: &[Report]) {
    let right = |report: &&Report| report.json()["predicted"] == class(report.number).to_string().as_str();
    let n_right = reports.iter().filter(right).count();
    assert!(n_right >= 6, "{n_right} of 8 are right");
}

fn the_gallery_works(browser: &mut Browser, index: &Path) {
    browser.open(index);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.has_no_barriers();
    let thumbs =
        "Promise.all([...document.images].map(i => (i.loading = 'eager', i.decode()))).then(all => all.length)";
    assert_eq!(browser.value(thumbs), 8);
    let outside: Vec<_> = browser.requests().into_iter().filter(|address| !address.starts_with("file://")).collect();
    assert_eq!(outside, Vec::<String>::new());
    browser.value("document.getElementById('search').focus()");
    browser.write("scan-03");
    says(browser, "1 of 8");
    assert_eq!(browser.value("document.querySelectorAll('.rows li').length"), 1);
    let link = browser.value("decodeURI(document.querySelector('.rows li a').href)");
    assert!(link.as_str().unwrap().contains("/phantoms/scan-03-"), "{link}");
}

fn the_page_of_the_run_opens(browser: &mut Browser, bed: &TestBed) {
    let mut runs = bed.state("runs/phantoms").read_dir().unwrap().map(|run| run.unwrap().path());
    let page = runs.next().unwrap().join("report.html");
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        browser.look(width, scheme);
        browser.open(&page);
        let heading =
            "[...document.querySelectorAll('h2')].some(h => h.textContent.includes('compared with the known patches'))";
        assert_eq!(browser.value(heading), true);
        assert_eq!(browser.complaints(), Vec::<String>::new());
        browser.has_no_barriers();
        let beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.value(beyond), 0, "nobody scrolls sideways at {width} pixels");
    }
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let bed = TestBed::new();
    bed.write("mine/config.toml", "storage.state_dir = \"elsewhere\"\n");
    let ran = bed.run(&["demo", "mine"]);
    assert_eq!((ran.code, fs::read_dir(bed.path("mine")).unwrap().count()), (64, 1));
    assert!(ran.stderr.contains("`mine` is not empty"), "{}", ran.stderr);
}
