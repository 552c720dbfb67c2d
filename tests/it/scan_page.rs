//! The page of a scan as its reader meets it: every control, by mouse and by keys, wide and narrow, light, dark and printed.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::browser::Browser;

/// The page of a scan of two classes, whose report lies beside it.
pub fn it_works(browser: &mut Browser, page: &Path) {
    browser.look(1280, "light");
    browser.open(page);
    browser.value(READY);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.requests().len(), 1, "the page and nothing else");
    let broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length";
    assert_eq!(browser.value(broken), 0);

    the_map_is_that_of_the_overlay(browser, page);
    every_choice_shows(browser);
    it_zooms_and_moves(browser);
    it_fits_screens_and_paper(browser);
    nothing_comes_in(browser);
}

/// What has to be done on the first look.
pub fn it_is_useful_without_scripts(browser: &mut Browser, page: &Path) {
    browser.scripts(false);
    browser.open(page);
    let visible = |what: &str| format!("document.querySelector('{what}').checkVisibility()");
    for (what, is_visible) in [("#scan", true), (".unpainted a", true), (".controls", false), (".views", false)] {
        assert_eq!(browser.value(&visible(what)), is_visible, "{what}");
    }
    browser.scripts(true);
}

/// Painted once the scan is decoded and the canvas has its size.
const READY: &str = "new Promise(done => { const wait = () => document.querySelector('.views').hidden || \
    document.querySelector('.painted').width < 200 ? requestAnimationFrame(wait) : requestAnimationFrame(done); wait(); })";

/// What the first or second view shows, as the address of a PNG.
fn painted(browser: &mut Browser, view: usize) -> String {
    let address = browser.value(&format!("document.querySelectorAll('.painted')[{view}].toDataURL()"));
    address.as_str().unwrap().to_owned()
}

fn the_map_is_that_of_the_overlay(browser: &mut Browser, page: &Path) {
    let address = painted(browser, 0);
    let png = STANDARD.decode(address.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
    let (on_page, file) = (small(&png), small(&fs::read(page.with_file_name("overlay.png")).unwrap()));
    let differences = on_page.iter().zip(&file).map(|(a, b)| f64::from(a.abs_diff(*b)));
    let mean = differences.sum::<f64>() / file.len() as f64;
    assert!(on_page.len() == file.len() && mean < 3.0, "the page's map is {mean} levels from overlay.png");
}

fn small(png: &[u8]) -> Vec<u8> {
    let picture = image::load_from_memory(png).unwrap().to_rgb8();
    image::imageops::resize(&picture, 64, 64, image::imageops::FilterType::Triangle).into_raw()
}

/// Chooses by an event as the browser makes it.
fn set(browser: &mut Browser, element: &str, property: &str, value: &str) {
    browser.value(&format!(
        "(() => {{ const it = document.querySelector('{element}'); it.{property} = {value}; \
         for (const kind of ['input', 'change']) it.dispatchEvent(new Event(kind, {{ bubbles: true }})); }})()"
    ));
}

fn every_choice_shows(browser: &mut Browser) {
    let first = painted(browser, 0);
    assert_ne!(first, painted(browser, 1), "two methods side by side");
    let mut seen = vec![first.clone()];
    let mut is_new = |browser: &mut Browser, what: &str| {
        let now = painted(browser, 0);
        assert!(!seen.contains(&now), "{what} changes nothing");
        seen.push(now);
    };
    for colours in ["magma", "viridis", "turbo", "jet"] {
        set(browser, "#colours", "value", &format!("'{colours}'"));
        is_new(browser, colours);
    }
    set(browser, "#colours", "value", "'inferno'");
    set(browser, "#contour", "checked", "true");
    is_new(browser, "the contour");
    set(browser, "#contour", "checked", "false");
    for method in ["signed", "contrast"] {
        set(browser, ".method", "value", &format!("'{method}'"));
        is_new(browser, method);
        let said = browser.value("document.querySelector('.painted').getAttribute('aria-label')");
        assert!(said.as_str().unwrap().contains("heat map"), "{said}");
    }
    set(browser, ".method", "value", "'Grad-CAM'");
    assert_eq!(painted(browser, 0), first);
    set(browser, ".view + .view .method", "value", "'Grad-CAM'");
    assert_eq!(painted(browser, 1), first, "the second view chooses for itself");
    set(browser, ".view + .view .method", "value", "'HiResCAM'");

    browser.value("document.getElementById('alone').focus()");
    browser.press("End", 35);
    is_new(browser, "the scan alone");
    let alone = painted(browser, 0);
    assert_eq!(browser.value("document.getElementById('alone').nextElementSibling.textContent"), "100 %");
    browser.press("Home", 36);
    browser.value("document.getElementById('opacity').focus()");
    browser.press("End", 35);
    is_new(browser, "the greatest opacity");
    browser.press("Home", 36);
    assert_eq!(painted(browser, 0), alone);
    set(browser, "#opacity", "value", "70");
    assert_eq!(painted(browser, 0), first);

    browser.value("document.querySelector('[name=class]').focus()");
    browser.press("ArrowRight", 39);
    is_new(browser, "the other class");
    browser.press("ArrowLeft", 37);
    assert_eq!(painted(browser, 0), first);
}

fn it_zooms_and_moves(browser: &mut Browser) {
    let first = painted(browser, 0);
    let scale = "document.getElementById('scale').textContent";
    browser.value("document.getElementById('in').click()");
    assert_eq!(browser.value(scale), "125 %");
    assert_ne!(painted(browser, 0), first);
    browser.value("document.querySelector('.pane').focus()");
    browser.press("+", 187);
    assert_eq!(browser.value(scale), "156 %");
    let zoomed = painted(browser, 0);
    for (there, back) in [(("ArrowRight", 39), ("ArrowLeft", 37)), (("ArrowDown", 40), ("ArrowUp", 38))] {
        browser.press(there.0, there.1);
        assert_ne!(painted(browser, 0), zoomed, "{}", there.0);
        browser.press(back.0, back.1);
        assert_eq!(painted(browser, 0), zoomed, "{}", back.0);
    }
    browser.press("-", 189);
    assert_eq!(browser.value(scale), "125 %");
    browser.value("document.getElementById('out').click()");
    assert_eq!(browser.value(scale), "100 %");
    for _ in 0..20 {
        browser.press("=", 187);
    }
    assert_eq!(browser.value(scale), "1600 %", "it ends somewhere");
    let moved = painted(browser, 0);
    let middle = browser.value(
        "(() => { const { left, top, width, height } = document.querySelector('.painted').getBoundingClientRect(); \
         return [left + width / 2, top + height / 2]; })()",
    );
    let [x, y] = [0, 1].map(|at| middle[at].as_f64().unwrap());
    browser.drag((x, y), (x + 20.0, y + 10.0));
    assert_ne!(painted(browser, 0), moved);
    browser.wheel_with_control((x, y), 400.0);
    assert_eq!(browser.value(scale), "400 %");
    browser.press("0", 48);
    assert_eq!((painted(browser, 0), browser.value(scale)), (first.clone(), Value::from("100 %")));
    let fingers = |apart: f64| [(x - apart, y), (x + apart, y)];
    browser.pinch(fingers(20.0), fingers(40.0));
    assert_eq!(browser.value(scale), "200 %", "two fingers");
    assert_ne!(painted(browser, 0), first);
    browser.pinch(fingers(80.0), fingers(40.0));
    assert_eq!((painted(browser, 0), browser.value(scale)), (first.clone(), Value::from("100 %")));
    browser.value("document.getElementById('in').click()");
    browser.value("document.getElementById('reset').click()");
    assert_eq!(painted(browser, 0), first);
}

fn it_fits_screens_and_paper(browser: &mut Browser) {
    browser.has_no_barriers();
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(ground);
    browser.look(390, "dark");
    assert_ne!(browser.value(ground), light);
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390, "a phone need not scroll sideways");
    browser.has_no_barriers();
    browser.look(1280, "light");
    assert_eq!(browser.printed_pages(), 1);
}

/// What a hostile page would do is refused, and is seen to be.
fn nothing_comes_in(browser: &mut Browser) {
    let intrusion = "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://192.0.2.1/x.png\">')";
    browser.value(intrusion);
    let complaints = browser.complaints();
    assert!(complaints.iter().any(|complaint| complaint.contains("Content Security Policy")), "{complaints:?}");
    assert_eq!(browser.requests().len(), 1);
}
