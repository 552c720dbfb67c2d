//! The page of a dataset, from files in the inbox to a real browser: what it counts, where it leads, and that it is made again,
//! kept current, and forgets.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::bed::TestBed;
use crate::browser::Browser;
use crate::dicom::dicom_with;
use crate::pictures::{self, Look};

const MODALITY: u32 = 0x0008_0060;
const MANUFACTURER: u32 = 0x0008_0070;
const DEVICE: u32 = 0x0008_1090;
const PATIENT: u32 = 0x0010_0020;

/// No browser runs this, and no path can hold a slash.
const HOSTILE: &str = "<img src=x onerror=document.title='run'>.png";

fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2")
}

/// Six PNG and four DICOM files a class, a duplicate, three that cannot be used, and a scan.
fn drop_files(bed: &TestBed) {
    for look in Look::ALL {
        for number in 0..6 {
            bed.write(format!("inbox/datasets/shapes/{look}/{look}-{number}.png"), pictures::png(look, number));
        }
        for number in 6..10 {
            let (modality, device) = if number < 8 { ("CR", "Alpha") } else { ("DX", "Beta") };
            let patient = format!("DOE{}", number / 2);
            let tags = [(MODALITY, modality), (MANUFACTURER, "Example"), (DEVICE, device), (PATIENT, patient.as_str())];
            let bytes = dicom_with(&pictures::picture(look, number), &tags);
            bed.write(format!("inbox/datasets/shapes/{look}/DOE-{number}.dcm"), bytes);
        }
    }
    bed.write("inbox/datasets/shapes/disc/again.png", pictures::png(Look::Disc, 0));
    bed.write(format!("inbox/datasets/shapes/disc/{HOSTILE}"), "no image");
    bed.write("inbox/datasets/shapes/bars/disc-0.png", "no image");
    bed.write("inbox/datasets/shapes/disc/cut.png", &pictures::png(Look::Disc, 30)[..200]);
    bed.drop_scan(Look::Bars, 40);
}

/// Every relative link of a page leads to a file.
fn follow_links(page: &Path) -> Vec<String> {
    let html = fs::read_to_string(page).unwrap();
    let links = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let links: Vec<_> = links.filter(|link| !link.starts_with('#') && !link.starts_with("data:")).collect();
    for link in &links {
        assert!(page.parent().unwrap().join(link).is_file(), "{link} in {}", page.display());
    }
    links
}

fn report_page(bed: &TestBed) -> std::path::PathBuf {
    bed.reports()[0].join("report.html")
}

/// The page without the text that its images are encoded in, where any three letters may stand.
fn without_images(html: &str) -> String {
    let mut parts = html.split(";base64,");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest))
}

#[test]
fn a_dataset_has_a_page_that_counts_leads_on_and_runs_nothing() {
    let bed = bed();
    drop_files(&bed);
    bed.run(&["run", "--once"]);
    let page = bed.state("reports/shapes/dataset.html");
    let html = fs::read_to_string(&page).unwrap();
    for said in
        ["20 images", "1 model", ">best<", "Alpha", "DX", "&lt;img src=x", "not-an-image", "each image counts once"]
    {
        assert!(html.contains(said), "{said}");
    }
    assert!(!without_images(&html).contains("DOE"), "names of DICOM files are hidden");
    assert_eq!(html.matches("src=\"data:image/jpeg").count(), 12);

    let links = follow_links(&page);
    let model = links.iter().find(|link| link.contains("/runs/shapes/")).expect("a link to the model's page");
    let led_to: Vec<_> = [page.parent().unwrap().join(model), bed.state("reports/index.html"), report_page(&bed)]
        .map(|page| follow_links(&page))
        .into();
    assert!(led_to.iter().all(|links| links.iter().any(|link| link.ends_with("dataset.html"))), "{led_to:?}");

    fs::remove_file(&page).unwrap();
    bed.run(&["run", "--once"]);
    assert!(fs::read_to_string(&page).unwrap() == html, "it is made again as it was");
    if let Some(mut browser) = Browser::start() {
        the_page_works(&mut browser, &page);
    }

    bed.run(&["forget", "datasets/shapes/disc/disc-0.png", "--yes"]).ok();
    let after = fs::read_to_string(&page).expect("a page, though another file is called the same");
    assert!(after.contains("19 images") && !after.contains("each image counts once"), "at once, not by the next run");
    assert!(after.contains("bars/disc-0.png"), "the other file is named as before");
    let (before, after) = (examples(&html), examples(&after));
    assert_eq!(
        (before.difference(&after).count(), after.difference(&before).count()),
        (1, 1),
        "another is shown instead"
    );
}

/// The addresses of the images on a page.
fn examples(html: &str) -> BTreeSet<&str> {
    html.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

fn the_page_works(browser: &mut Browser, page: &Path) {
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        browser.look(width, scheme);
        browser.open(page);
        assert_eq!(browser.complaints(), Vec::<String>::new());
        browser.has_no_barriers();
        assert_eq!(browser.requests().len(), 1, "the page and nothing else");
        assert_eq!(browser.value("document.title"), "Dataset shapes", "no name of a file runs");
        let drawn = "Promise.all([...document.images].map(i => i.decode())).then(all => all.length)";
        assert_eq!(browser.value(drawn), 12);
        let beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.value(beyond), 0, "nobody scrolls sideways at {width} pixels");
        assert_eq!(browser.value(FAINT), serde_json::json!([]), "text that is hard to read in {scheme}");
    }
}

#[test]
fn no_name_of_a_dataset_or_class_runs_on_any_page() {
    let dataset = format!("\"{HOSTILE}");
    let classes = ["\"><img src=x onerror=\"document.title='run'\">", "'&<script>document.title='run'<"];
    let bed = bed().set("augment.copies", "0").set("train.max_epochs", "1");
    for (class, look) in classes.iter().zip(Look::ALL) {
        for number in 0..4 {
            bed.write(format!("inbox/datasets/{dataset}/{class}/{number}.png"), pictures::png(look, number));
        }
    }
    bed.write(format!("inbox/scans/{dataset}/{HOSTILE}"), pictures::png(Look::Disc, 40));
    bed.run(&["run", "--once"]).ok();
    let Some(mut browser) = Browser::start() else { return };
    let only_folder = |of: &Path| {
        let mut folders = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        folders.next().unwrap()
    };
    let reports = bed.state("reports").join(&dataset);
    let gallery = bed.state("reports/index.html");
    for (page, names) in [
        (gallery.clone(), &[&dataset[..]][..]),
        (reports.join("dataset.html"), &[&dataset, classes[0], classes[1]]),
        (only_folder(&reports).join("report.html"), &[&dataset, classes[0], classes[1]]),
        (only_folder(&bed.state("runs").join(&dataset)).join("report.html"), &[&dataset, classes[0], classes[1]]),
    ] {
        browser.open(&page);
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{}", page.display());
        let title = browser.value("document.title");
        assert_ne!(title, "run", "{}", page.display());
        for name in names {
            let is_text = format!("document.body.textContent.includes({})", serde_json::json!(name));
            assert_eq!(browser.value(&is_text), true, "{name} on {}", page.display());
        }
    }
}

/// Texts whose contrast with the ground below them is less than 4.5 (WCAG 2, AA).
const FAINT: &str = "(() => {
    const light = c => c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const parts = c => c.match(/[\\d.]+/g).map(Number);
    const ground = e => { for (; e; e = e.parentElement) {
        const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } };
    const texts = [...document.querySelectorAll('body *')]
        .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()));
    const contrast = e => { const [a, b] = [light(parts(getComputedStyle(e).color).slice(0, 3)), light(ground(e))];
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); };
    return texts.filter(e => contrast(e) < 4.5).map(e => e.textContent.slice(0, 60));
})()";

#[test]
fn a_service_keeps_the_page_of_a_dataset_current() {
    let bed = bed();
    bed.drop_dataset(4);
    let mut service = bed.start();
    let page = bed.state("reports/shapes/dataset.html");
    let says = |words: &str| fs::read_to_string(&page).is_ok_and(|html| html.contains(words)).then_some(());
    service.wait_for("a page with the model", |_| says(">best<"));
    bed.write("inbox/datasets/shapes/disc/late.png", "no image");
    service.wait_for("a page with the file that is left out", |_| says("late.png"));
    service.stop();
}
