//! What a gallery costs: `cargo bench --bench gallery -- [FOLDER] N...`. For each N it makes as many reports (folders with a record
//! and an empty page and picture), and prints a row of a Markdown table: seconds of the first writing, of a look at a gallery that
//! is right, and of one report more (the median of nine); how much memory the reports take; bytes of what was written.
//! With FOLDER the galleries are kept in it, each in a folder named by its N, which must not be there yet, to be opened in a browser.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it is a benchmark: it may fail loudly, and what it writes is thrown away"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gradwatch::domain::CurrentClasses;
use gradwatch::report::Gallery;

const MORE: usize = 9;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let sizes: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let kept = args.iter().find(|arg| arg.parse::<usize>().is_err()).map(PathBuf::from);
    println!("| reports | first, s | look, s | one more, s | memory, MiB | index.html, KiB | results.csv, KiB |");
    println!("|---|---|---|---|---|---|---|");
    for n in sizes {
        let temporary = tempfile::tempdir().unwrap();
        let folder = kept.as_ref().map_or_else(|| temporary.path().to_owned(), Clone::clone).join(format!("{n}"));
        assert!(!folder.exists(), "{} is there already", folder.display());
        measure(&folder, n);
    }
}

fn measure(folder: &Path, n: usize) {
    (0..n).for_each(|number| drop(report(folder, number)));
    let (before, classes) = (resident_kib(), CurrentClasses::new());
    let mut gallery = Gallery::new(folder);
    let (first, _) = timed(|| gallery.write(&classes).unwrap());
    let memory = resident_kib().saturating_sub(before);
    let (look, listed) = timed(|| {
        gallery.survey().unwrap();
        gallery.as_written(&classes).unwrap()
    });
    assert_eq!(listed.map(|listed| listed.n_reports), Some(n));
    let mut more: Vec<f64> = (n..n + MORE)
        .map(|number| {
            let added = report(folder, number);
            timed(|| {
                gallery.add(&added);
                gallery.write(&classes).unwrap()
            })
            .0
        })
        .collect();
    more.sort_by(f64::total_cmp);
    let kib = |name: &str| fs::metadata(folder.join(name)).unwrap().len() / 1024;
    let one_more = more[MORE / 2];
    let [page, table] = ["index.html", "results.csv"].map(kib);
    println!("| {n} | {first:.2} | {look:.2} | {one_more:.3} | {:.0} | {page} | {table} |", memory as f64 / 1024.0);
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed().as_secs_f64(), done)
}

/// Makes a report, ten of them a second of its clock; returns its folder.
fn report(reports: &Path, number: usize) -> String {
    let name = format!("lungs-{}/patient {number:06}-{:08x}", number % 3, number * 2_654_435_761 % (1 << 32));
    let folder = reports.join(&name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("report.html"), "").unwrap();
    fs::write(folder.join("thumb.jpg"), "").unwrap();
    fs::write(folder.join("report.json"), record(number)).unwrap();
    name
}

fn record(number: usize) -> String {
    let classes = ["bacterial pneumonia", "normal", "viral pneumonia"];
    let (predicted, score) = (classes[number % 3], 0.5 + (number * 7919 % 5000) as f64 / 10_000.0);
    let second = number / 10;
    let created = format!(
        "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        second / 86_400 / 28 % 12 + 1,
        second / 86_400 % 28 + 1,
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    );
    let warnings =
        if number.is_multiple_of(4) { vec![WARNING.replace("43", &(number % 50).to_string())] } else { Vec::new() };
    let scores = serde_json::json!({
        classes[number % 3]: score, classes[(number + 1) % 3]: 0.3, classes[(number + 2) % 3]: 0.1,
    });
    let interval = serde_json::json!({"hits": 90, "n": 100, "interval": {"low": 0.826, "high": 0.945}});
    serde_json::json!({
        "schema": "gradwatch.report/1", "scan": format!("patient {number:06}.png"), "model": "0003-21474831",
        "predicted": predicted, "scores": scores, "logits": scores, "status": "clear", "warnings": warnings,
        "dataset": format!("lungs-{}", number % 3), "classes": classes, "hash": format!("{number:064x}"),
        "image": {"width": 1024, "height": 1024, "format": "png", "colour": "grey8"},
        "quality": {"measured_on": "validation", "accuracy": interval, "classes": {}},
        "heat_map": {"method": "Grad-CAM", "layer": "block5_conv3", "grid": 14, "class": predicted, "peak": 0.5},
        "created": created, "program": "gradwatch 0.2.0",
    })
    .to_string()
}

const WARNING: &str = "Grad-CAM and HiResCAM have only 43 % of their heat in common (below 50 %): Grad-CAM may highlight \
    regions that did not contribute to this score. Rely on HiResCAM, which shows what each region added.";

/// Of this process.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
