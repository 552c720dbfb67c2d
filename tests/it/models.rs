//! Many models side by side: each explains with the network that it was made on, whatever is imported or configured later.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::bed::{Ran, TestBed};
use crate::pictures::{self, Look};

/// A bed with a weights folder of its own, in which the built-in backbone lies, and a dataset.
fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    bed.run(&["train", "inbox/datasets/shapes", "--set=storage.state_dir=first"]).ok();
    let shared = fs::read_link(bed.state("weights")).unwrap();
    fs::remove_file(bed.state("weights")).unwrap();
    fs::create_dir(bed.state("weights")).unwrap();
    for entry in shared.read_dir().unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), bed.state("weights").join(entry.file_name())).unwrap();
    }
    bed
}

fn built_in(bed: &TestBed) -> PathBuf {
    let mut files = bed.state("weights").read_dir().unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("built-in")).unwrap()
}

/// A VGG16 file in the bed: the built-in one with every third weight times `factor`.
fn other_weights(bed: &TestBed, name: &str, factor: f32) -> PathBuf {
    let mut bytes = fs::read(built_in(bed)).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for number in bytes[header..].as_chunks_mut::<4>().0.iter_mut().step_by(3) {
        *number = (f32::from_le_bytes(*number) * factor).to_le_bytes();
    }
    bed.write(name, bytes)
}

fn train(bed: &TestBed, more: &[&str]) -> Value {
    bed.run(&[&["train", "inbox/datasets/shapes", "--json"], more].concat()).ok().json()
}

fn scores(bed: &TestBed, run: &Value) -> Value {
    let explained = explain(bed, run).ok();
    explained.json()["scans"][0]["scores"].clone()
}

fn explain(bed: &TestBed, run: &Value) -> Ran {
    let run = run["run_id"].as_str().unwrap();
    bed.run(&["explain", "scan.png", "--model", run, "--out", "out", "--json"])
}

#[test]
fn each_model_is_explained_by_its_own_network_whatever_is_imported_later() {
    let bed = bed();
    bed.write("scan.png", pictures::png(Look::Disc, 77));
    let first = train(&bed, &[]);
    let before = scores(&bed, &first);

    let file = other_weights(&bed, "other.safetensors", 0.9);
    let said = bed.run(&["weights", "import", file.to_str().unwrap()]).ok().stdout;
    assert!(said.contains("From the next start on: Trainings: backbone.weights = \"auto\" is other-"), "{said}");
    let second = train(&bed, &["--set=promotion.policy=always"]);
    assert_ne!(first["backbone_detail"]["sha256"], second["backbone_detail"]["sha256"]);
    assert_eq!(scores(&bed, &first), before, "its own network");
    assert_ne!(scores(&bed, &second), before);

    // With two files to choose among, both go on, and a dataset with a model is trained on the network of its best one.
    let file = other_weights(&bed, "third.safetensors", 0.8);
    let said = bed.run(&["weights", "import", file.to_str().unwrap()]).ok().stdout;
    assert!(said.contains("cannot choose among several files (other-"), "{said}");
    assert_eq!(scores(&bed, &first), before);
    assert!(bed.run(&["check"]).ok().stdout.contains("goes on with the weights of its best model"));
    let third = train(&bed, &["--set=train.seed=2"]);
    assert_eq!(third["backbone_detail"], second["backbone_detail"]);

    // By name, a new head is trained on the network of any model.
    let like = train(&bed, &["--like", first["run_id"].as_str().unwrap()]);
    assert_eq!((&like["backbone_detail"], &like["like"]), (&first["backbone_detail"], &first["run_id"]));

    // A dataset without a model waits, and everybody says what for.
    for look in Look::ALL {
        for number in 0..3 {
            bed.write(format!("inbox/datasets/new/{look}/{number}.png"), pictures::png(look, 500 + number));
        }
    }
    let checked = bed.run(&["check"]);
    assert_eq!(checked.code, 78, "{}", checked.stdout);
    assert!(checked.stderr.contains("names a file. Waiting: new"), "{}", checked.stderr);
    let ran = bed.run(&["run", "--once"]);
    assert!(ran.stderr.contains("several weights files in "), "{}", ran.stderr);
    assert!(!ran.stdout.contains("up to date"), "{}", ran.stdout);

    // Weights that are gone are named, and other models go on.
    let gone = fs::read_dir(bed.state("weights")).unwrap().map(|entry| entry.unwrap().path());
    let gone = gone.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("other-")).last().unwrap();
    fs::remove_file(gone).unwrap();
    let lost = explain(&bed, &second);
    assert_eq!(lost.code, 65, "{}", lost.stderr);
    let short = &second["backbone_detail"]["sha256"].as_str().unwrap()[..8];
    let message = format!("the model's VGG16 weights (SHA-256 {short}...) are not in ");
    assert!(lost.stderr.contains(&message), "{}", lost.stderr);
    assert_eq!(scores(&bed, &first), before);
}

#[test]
fn scans_of_several_datasets_are_explained_each_by_its_own_network_with_one_in_memory() {
    let bed = bed().set("compute.models_in_memory", "1");
    let built_in = format!("--set=backbone.weights={}", built_in(&bed).display());
    let first = train(&bed, &[&built_in]);
    let file = other_weights(&bed, "state/weights/other.safetensors", 0.9);
    let other = format!("--set=backbone.weights={}", file.display());
    let args = ["train", "inbox/datasets/shapes", "--dataset", "again", "--json", &other];
    let second = bed.run(&args).ok().json();
    for (dataset, number) in [("shapes", 1), ("again", 2), ("shapes", 3), ("again", 4)] {
        bed.write(format!("inbox/scans/{dataset}/{number}.png"), pictures::png(Look::Bars, 900 + number));
    }
    let ran = bed.run(&["run", "--once", "--json", &built_in]).ok();
    assert_eq!(ran.json()["done"]["scans_explained"], 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("Network unloaded"), "{}", ran.stderr);
    for (dataset, model) in [("shapes", &first), ("again", &second)] {
        let reports = fs::read_dir(bed.state("reports").join(dataset)).unwrap();
        for report in reports.map(|entry| entry.unwrap().path().join("report.json")).filter(|path| path.exists()) {
            let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
            assert_eq!(report["model"], model["run_id"]);
        }
    }
}
