//! The gallery of many reports in a real browser: search, filters, order and pages act on all of them, also on those that stand on
//! other pages, and no name runs anything.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::bed::TestBed;
use crate::browser::Browser;
use crate::pictures::{Look, png};

const N: usize = 1_700;
const HOSTILE: [&str; 4] = [
    "</script><script>document.title='run'</script>.png",
    "\"><img src=x onerror=\"document.title='run'\">.png",
    "line\u{2028}separator\u{2029}'.png",
    "=cmd|' /C calc'!A0.png",
];

/// Reports of an earlier time, one a second; the newest have names that would like to run.
fn reports(bed: &TestBed) {
    let thumb = bed.path("thumb.jpg");
    fs::write(&thumb, png(Look::Disc, 1)).unwrap();
    for number in 0..N {
        let folder = bed.state(format!("reports/set-{}/scan-{number}", number % 2));
        fs::create_dir_all(&folder).unwrap();
        fs::hard_link(&thumb, folder.join("thumb.jpg")).unwrap();
        fs::write(folder.join("report.html"), "a report").unwrap();
        fs::write(folder.join("report.json"), record(number).to_string()).unwrap();
    }
}

fn record(number: usize) -> Value {
    let hostile = N.checked_sub(number + 1).and_then(|at| HOSTILE.get(at));
    let name = hostile.map_or_else(|| format!("scan {number:04}.png"), |name| (*name).to_owned());
    let predicted = ["disc", "bars", "rings"][number % 3];
    let score = (1 + number) as f64 / (2 * N) as f64 + 0.5;
    let warnings = if number.is_multiple_of(17) { vec!["Beware of <b>this</b>."] } else { Vec::new() };
    let status = if number.is_multiple_of(50) { "ambiguous" } else { "clear" };
    let measured = json!({"hits": 9, "n": 10, "interval": {"low": 0.6, "high": 0.98}});
    json!({
        "schema": "gradwatch.report/1", "scan": name, "model": "0003-21474831", "predicted": predicted,
        "scores": {predicted: score}, "logits": {predicted: 1.0}, "status": status, "warnings": warnings,
        "dataset": format!("set-{}", number % 2), "classes": ["bars", "disc", "rings"], "hash": format!("{number:064x}"),
        "image": {"width": 96, "height": 96, "format": "png", "colour": "grey8"},
        "quality": {"measured_on": "validation", "accuracy": measured, "classes": {}},
        "heat_map": {"method": "Grad-CAM", "layer": "block5_conv3", "grid": 14, "class": predicted, "peak": 0.5},
        "created": format!("2026-01-01T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60),
        "program": "gradwatch 0.1.0",
    })
}

#[test]
fn every_control_acts_on_all_reports_whatever_page_they_stand_on() {
    let bed = TestBed::new();
    reports(&bed);
    bed.run(&["run", "--once"]).ok();
    let index = bed.state("reports/index.html");
    let table = fs::read_to_string(bed.state("reports/results.csv")).unwrap();
    assert!(table.contains("\n'=cmd|' /C calc'!A0.png,"), "{}", table.lines().nth(4).unwrap_or_default());
    let Some(mut browser) = Browser::start() else { return };
    search_reaches_the_oldest(&mut browser, &index);
    filters_and_order_reach_all(&mut browser);
    pages_and_back(&mut browser);
    assert_eq!(browser.value("document.title"), "Scan reports", "no name ran");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // The rows are alike, and for 700 of them axe-core takes a minute on a busy machine.
    browser.value("document.querySelectorAll('.rows > li:nth-child(n + 101)').forEach(row => row.remove())");
    browser.has_no_barriers();
    let beside = format!("file://{}/", index.parent().unwrap().display());
    let elsewhere: Vec<_> = browser.requests().into_iter().filter(|address| !address.starts_with(&beside)).collect();
    assert_eq!(elsewhere, Vec::<String>::new());
    a_narrow_dark_page_fits(&mut browser, &index);
    what_cannot_be_read_is_said(&mut browser, &index);
    it_is_whole_without_scripts(&mut browser, &index);
}

/// Waits until the gallery says how many reports were found.
#[track_caller]
pub fn says(browser: &mut Browser, shown: &str) {
    let is_said = format!("document.getElementById('shown').textContent === {}", json!(shown));
    let wait = format!(
        "new Promise(done => {{ let n = 0; const look = () => {is_said} || n++ > 2000
        ? done(document.getElementById('shown').textContent) : setTimeout(look, 5); look(); }})"
    );
    assert_eq!(browser.value(&wait), shown);
}

fn set(browser: &mut Browser, id: &str, value: &str) {
    browser.value(&format!(
        "(e => {{ if (e.type === 'checkbox') e.checked = {value} === '1'; else e.value = {value};
            e.dispatchEvent(new Event('input')); }})(document.getElementById('{id}'))",
        value = json!(value).to_string().replace('"', "'")
    ));
}

fn first_name(browser: &mut Browser) -> Value {
    browser.value("document.querySelector('.rows .name').textContent")
}

fn n_rows(browser: &mut Browser) -> Value {
    browser.value("document.querySelectorAll('.rows > li').length")
}

fn search_reaches_the_oldest(browser: &mut Browser, index: &Path) {
    browser.open(index);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!((n_rows(browser), first_name(browser)), (json!(700), json!(HOSTILE[0])));
    browser.value("document.getElementById('search').focus()");
    browser.write("SCAN 0007 set-1");
    says(browser, "1 of 1,700");
    let link = "document.querySelector('.rows a').href.endsWith('/set-1/scan-7/report.html')";
    assert_eq!(browser.value(link), true);
    assert_eq!(browser.value("location.hash"), "#search=SCAN+0007+set-1");
    set(browser, "search", "no such scan");
    says(browser, "0 of 1,700");
    set(browser, "search", "");
    says(browser, "");
    assert_eq!(n_rows(browser), 700, "as it was opened");
}

fn filters_and_order_reach_all(browser: &mut Browser) {
    for (id, value, n) in
        [("class", "bars", 567), ("dataset", "set-1", 850), ("status", "ambiguous", 34), ("warned", "1", 100)]
    {
        set(browser, id, value);
        says(browser, &format!("{n} of 1,700"));
        set(browser, id, "");
        says(browser, "");
    }
    set(browser, "warned", "1");
    says(browser, "100 of 1,700");
    let chip = "document.querySelector('.rows .chip.warned').title";
    assert_eq!(browser.value(chip), "Beware of <b>this</b>.");
    set(browser, "status", "ambiguous");
    says(browser, "2 of 1,700");
    set(browser, "warned", "");
    set(browser, "status", "");
    set(browser, "search", "scan");
    set(browser, "order", "name");
    says(browser, "1,696 of 1,700");
    assert_eq!(first_name(browser), "scan 0000.png");
    set(browser, "search", "");
    set(browser, "order", "score");
    says(browser, "1,700 of 1,700");
    assert_eq!(first_name(browser), HOSTILE[0]);
}

fn pages_and_back(browser: &mut Browser) {
    let place = "document.getElementById('place').textContent";
    let turned = |browser: &mut Browser, to: &str| {
        let wait = format!(
            "new Promise(done => {{ let n = 0; const look = () => {place} === '{to}' || n++ > 2000
            ? done({place}) : setTimeout(look, 5); look(); }})"
        );
        assert_eq!(browser.value(&wait), to);
    };
    turned(browser, "Page 1 of 17");
    assert_eq!(browser.value("document.getElementById('previous').disabled"), true);
    browser.value("document.getElementById('next').click()");
    turned(browser, "Page 2 of 17");
    assert_eq!((n_rows(browser), first_name(browser)), (json!(100), json!("scan 1599.png")));
    browser.value("history.back()");
    turned(browser, "Page 1 of 17");
    let first = first_name(browser);
    browser.value("document.getElementById('next').click()");
    turned(browser, "Page 2 of 17");
    browser.value("document.getElementById('previous').click()");
    turned(browser, "Page 1 of 17");
    assert_eq!((n_rows(browser), first_name(browser)), (json!(100), first));
    set(browser, "order", "");
    says(browser, "");
}

fn a_narrow_dark_page_fits(browser: &mut Browser, index: &Path) {
    browser.look(390, "dark");
    browser.open(index);
    set(browser, "class", "rings");
    says(browser, "566 of 1,700");
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390, "a phone need not scroll sideways");
    browser.has_no_barriers();
    browser.look(1280, "light");
}

fn what_cannot_be_read_is_said(browser: &mut Browser, index: &Path) {
    fs::remove_file(index.with_file_name("older-0001.js")).unwrap();
    browser.open(index);
    set(browser, "order", "name");
    says(browser, "1,200 of 1,200");
    let note = "document.getElementById('unread').textContent";
    assert_eq!(browser.value(note), "Not searched, because their data cannot be read: older-0001.html.");
    assert_eq!(browser.value("document.querySelector('#unread a').href.endsWith('/older-0001.html')"), true);
}

fn it_is_whole_without_scripts(browser: &mut Browser, index: &Path) {
    browser.scripts(false);
    let pages = ["index.html", "older-0002.html", "older-0001.html"].map(|page| index.with_file_name(page));
    let mut n = 0;
    for page in &pages {
        browser.open(page);
        n += n_rows(browser).as_u64().unwrap();
        assert_eq!(browser.value("[...document.querySelectorAll('.tools')].every(t => !t.checkVisibility())"), true);
    }
    assert_eq!(n, N as u64);
    for (link, newest) in [
        ("older-0002", "scan 0999.png"),
        ("index", HOSTILE[0]),
        ("older-0002", "scan 0999.png"),
        ("older-0001", "scan 0499.png"),
    ] {
        browser.follow(&format!(".pages a[href='{link}.html']"));
        assert_eq!(first_name(browser), newest, "{link}");
    }
    browser.scripts(true);
}

#[test]
fn the_map_of_the_features_leads_to_reports_and_is_led_to() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0");
    bed.drop_dataset(16);
    bed.drop_scan(Look::Disc, 1);
    bed.drop_scan(Look::Bars, 2);
    bed.run(&["run", "--once"]).ok();
    let page = bed.state("reports/shapes/features.html");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let html = read(&page);
    assert_eq!(html.matches("class=\"scan\"").count(), 2);
    assert!(html.contains("first principal component") && html.contains("scan-disc-1.png: "));
    assert_eq!(html.matches("class=\"learned\"").count(), 2, "one for each class");
    for report in bed.reports() {
        let record: Value = serde_json::from_str(&read(&report.join("report.json"))).unwrap();
        assert_eq!(record["feature_position"].as_array().map(Vec::len), Some(2), "{record:#}");
    }
    assert!(read(&bed.state("reports/index.html")).contains("href=\"shapes/features.html\""));
    assert!(read(&bed.state("reports/shapes/dataset.html")).contains("href=\"features.html\""));
    for link in html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(link.starts_with('#') || page.parent().unwrap().join(link).is_file(), "{link}");
    }
    if let Some(mut browser) = Browser::start() {
        browser.look(390, "dark");
        browser.open(&page);
        assert_eq!(browser.complaints(), Vec::<String>::new());
        browser.has_no_barriers();
        assert_eq!(browser.requests().len(), 1, "the page and nothing else");
        assert_eq!(browser.value("document.documentElement.scrollWidth"), 390, "a phone need not scroll sideways");
        let apart = "new Set([...document.querySelectorAll('.scan')].map(s => s.getAttribute('stroke'))).size";
        assert_eq!(browser.value(apart), 2, "each has the colour of its class");
        let scan = browser.value("document.querySelector('.scan title').textContent.split(':')[0]");
        browser.follow(".scan");
        let title = browser.value("document.title");
        assert!(title.as_str().unwrap().starts_with(scan.as_str().unwrap()), "{scan} leads to {title}");
    }
    let has_no_map = || !page.exists() && !read(&bed.state("reports/shapes/dataset.html")).contains("features.html");
    // An image of it is erased: what the model knows of its training images goes, and so does the map.
    bed.run(&["forget", "datasets/shapes/disc/disc-0.png", "--yes"]).ok();
    assert!(has_no_map());
    bed.run(&["run", "--once"]).ok();
    assert!(!has_no_map(), "of the next model");
    let best = bed.run(&["models", "list", "--json"]).ok().json();
    let best = best.as_array().unwrap().iter().find(|model| model["best"] == true).unwrap()["run_id"].clone();
    let run = bed.state("runs/shapes").join(best.as_str().unwrap());
    fs::write(run.join("training_features.safetensors"), "damaged").unwrap();
    bed.run(&["forget", "scans/shapes/scan-disc-1.png", "--yes"]).ok();
    assert!(has_no_map(), "a damaged file makes no map");
}

/// Opening and first searching of the galleries that `cargo bench --bench gallery -- FOLDER N...` left in `$GRADWATCH_GALLERIES`.
#[test]
#[ignore = "measures: `make soak` runs it"]
fn how_long_large_galleries_take_to_open() {
    let galleries =
        std::env::var("GRADWATCH_GALLERIES").expect("GRADWATCH_GALLERIES names the folder of the galleries");
    let mut browser = Browser::start().expect("Chromium opens them");
    for folder in fs::read_dir(galleries).unwrap().map(|entry| entry.unwrap().path()) {
        let mut open = || {
            let start = Instant::now();
            browser.open(&folder.join("index.html"));
            assert!(browser.value("document.querySelectorAll('.rows li').length").as_u64() > Some(0));
            start.elapsed().as_secs_f64()
        };
        let opened = [open(), open(), open()];
        let start = Instant::now();
        browser.value("document.getElementById('search').focus()");
        browser.write("patient 000001");
        let found = "new Promise(done => { const look = () => document.querySelectorAll('.rows li').length === 1
            ? done(1) : setTimeout(look, 5); look(); })";
        assert_eq!(browser.value(found), 1);
        println!("{}: opened in {opened:.2?} s, first search {:.2} s", folder.display(), start.elapsed().as_secs_f64());
    }
}
