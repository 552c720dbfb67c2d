//! Scans are explained again by a better model, as `report.reexplain` says, and after everything else.

use std::fs;

use serde_json::Value;

use crate::bed::{Ran, TestBed};
use crate::pictures::Look;
use crate::service::Service;

const SCANS: u64 = 3;

/// A model that explained scans `scan-disc-1` (written first) to `scan-disc-3`, and then a better one, which explained none.
fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "1");
    bed.drop_dataset(3);
    (1..=SCANS).for_each(|number| bed.drop_scan(Look::Disc, number));
    assert_eq!(n_explained(&once(&bed, &[])), SCANS);
    let bed = bed.set("train.max_epochs", "2");
    let trained = once(&bed, &["--set=promotion.policy=always"]);
    assert_eq!((n_explained(&trained), &trained.json()["done"]["trainings"]), (0, &1.into()), "by default none again");
    bed
}

fn once(bed: &TestBed, more: &[&str]) -> Ran {
    bed.run(&[&["run", "--once", "--json"], more].concat()).ok()
}

fn n_explained(ran: &Ran) -> u64 {
    ran.json()["done"]["scans_explained"].as_u64().unwrap()
}

/// What `report.json` says, by scan.
fn reports(bed: &TestBed) -> Vec<Value> {
    let read = |folder: &std::path::PathBuf| fs::read(folder.join("report.json")).unwrap();
    bed.reports().iter().map(|folder| serde_json::from_slice(&read(folder)).unwrap()).collect()
}

/// The numbers of the models that explained the scans, by scan.
fn models(bed: &TestBed) -> Vec<String> {
    reports(bed).iter().map(|report| report["model"].as_str().unwrap()[..4].to_owned()).collect()
}

/// The scans of lines that say this, in their order.
fn said<'a>(ran: &'a Ran, text: &str) -> Vec<&'a str> {
    let lines = ran.stderr.lines().filter(|line| line.contains(&format!("{text} scan=")));
    lines.map(|line| line.split("scan-").nth(1).unwrap().split(".png").next().unwrap()).collect()
}

#[test]
fn the_policy_says_which_scans_a_better_model_explains_again_and_each_only_once() {
    let bed = bed();
    let folders = bed.reports();
    assert_eq!(models(&bed), ["0001"; 3]);

    let ran = once(&bed, &["--set=report.reexplain=latest 1"]);
    assert_eq!(said(&ran, "Scan explained again"), ["disc-3"], "{}", ran.stderr);
    assert_eq!(models(&bed), ["0001", "0001", "0002"]);

    // New scans go first, and one whose file is gone keeps its report.
    fs::remove_file(bed.inbox("scans/shapes/scan-disc-1.png")).unwrap();
    (4..=5).for_each(|number| bed.drop_scan(Look::Bars, number));
    let ran = once(&bed, &["--set=report.reexplain=all"]);
    assert_eq!(said(&ran, "Scan explained again"), ["disc-2"], "{}", ran.stderr);
    let order: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("Scan explained")).collect();
    assert!(order.len() == 3 && order[2].contains("Scan explained again"), "{order:?}");
    assert_eq!(models(&bed), ["0002", "0002", "0001", "0002", "0002"]);
    assert!(folders.iter().all(|folder| bed.reports().contains(folder)), "in the same folders");

    let again = &reports(&bed)[3];
    assert_eq!(again["replaces"]["model"].as_str().map(|model| &model[..4]), Some("0001"), "{again}");
    let page = fs::read_to_string(bed.reports()[3].join("report.html")).unwrap();
    assert!(page.contains("Explained again"), "the page says so");
    let table = fs::read_to_string(bed.state("reports/results.csv")).unwrap();
    assert_eq!(table.matches("0002-").count(), 4, "the gallery follows: {table}");
    assert_eq!(n_explained(&once(&bed, &["--set=report.reexplain=all"])), 0, "each once");
    let refused = bed.run(&["check", "--set=report.reexplain=latest"]);
    let line = "`latest` is no policy; write \"never\", \"all\" or \"latest N\", for example \"latest 100\"";
    assert!(refused.code == 78 && refused.stderr.contains(line), "{} {}", refused.code, refused.stderr);
}

#[test]
fn a_service_that_is_killed_goes_on_and_says_how_many_are_left() {
    let bed = bed().set("report.reexplain", "all");
    let mut service = Service::start(&bed);
    service.wait_for("one of them", |_| models(&bed).contains(&"0002".to_owned()).then_some(()));
    service.kill();
    let mut service = Service::start(&bed);
    service.wait_for("all of them", |service| {
        let status = service.status()?;
        let is_done = status["queues"]["explain_again"] == 0 && status["state"] == "idle";
        (is_done && models(&bed) == ["0002"; 3]).then_some(())
    });
    service.stop();
    assert_eq!(n_explained(&once(&bed, &[])), 0);

    let status = bed.state("status.json");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("\"explain_again\": 0", "\"explain_again\": 7")).unwrap();
    let said = bed.run(&["status"]).stdout;
    assert!(said.contains("0 scan(s) waiting, 7 scan(s) to explain again"), "{said}");
    // Without a running service the records are asked.
    let runs =
        fs::read_dir(bed.state("runs/shapes")).unwrap().map(|run| run.unwrap().file_name().into_string().unwrap());
    let first = runs.into_iter().find(|run| run.starts_with("0001")).unwrap();
    bed.run(&["models", "promote", &first]).ok();
    let said = bed.run(&["check"]).ok().stdout;
    assert!(said.contains("3 scan(s) to explain again (report.reexplain = \"all\")."), "{said}");
}
