//! `[dataset.NAME]`: each dataset is grouped, copied and trained by settings of its own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bed::{TestBed, tree};
use crate::pictures::{self, Look};

/// Beside `shapes`, a dataset `others` whose files name patients in another way.
fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features();
    let config = fs::read_to_string(bed.path("config.toml")).unwrap();
    let own = "[dataset.shapes]\nsplit.group_pattern = '-(\\d+)[.]'\ntrain.max_epochs = 1\n\
               [dataset.others]\nsplit.group_pattern = '^(p\\d)_'\ntrain.max_epochs = 2\naugment.copies = 1\n";
    fs::write(bed.path("config.toml"), config + own).unwrap();
    bed.drop_dataset(6);
    fs::create_dir(bed.inbox("scans")).unwrap();
    for (number, look) in (0..).zip(Look::ALL) {
        for picture in 0..6 {
            let name = format!("inbox/datasets/others/{look}/p{}_{picture}.png", picture / 2 + 3 * number);
            bed.write(name, pictures::png(look, 100 + picture));
        }
    }
    bed
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The model.json of every run of `dataset`, in order.
fn models(bed: &TestBed, dataset: &str) -> Vec<Value> {
    let folder = bed.state("runs").join(dataset);
    let files: Vec<PathBuf> = tree(&folder).into_keys().filter(|path| path.ends_with("model.json")).collect();
    files.iter().map(|path| json(&folder.join(path))).collect()
}

fn epochs(bed: &TestBed, dataset: &str) -> Vec<u64> {
    models(bed, dataset).iter().map(|model| model["epochs_run"].as_u64().unwrap()).collect()
}

#[test]
fn two_datasets_are_learned_each_by_its_own_settings() {
    let bed = bed();
    bed.run(&["run", "--once"]).ok();
    assert_eq!((epochs(&bed, "shapes"), epochs(&bed, "others")), (vec![1], vec![2]));
    let copies = |dataset: &str| models(&bed, dataset)[0]["augmentation"]["copies"].clone();
    assert_eq!((copies("shapes"), copies("others")), (4.into(), 1.into()));
    for (dataset, of_name) in [("shapes", '-'), ("others", '_')] {
        let manifest = lines(&bed.state(format!("datasets/{dataset}/manifest.jsonl")));
        assert!(!manifest.is_empty());
        for line in manifest {
            let stem = Path::new(line["source"].as_str().unwrap()).file_stem().unwrap().to_str().unwrap().to_owned();
            let (first, second) = stem.split_once(of_name).unwrap();
            assert_eq!(line["group"], if dataset == "shapes" { second } else { first }, "{line}");
        }
    }

    // The settings of one are no reason to train the other.
    bed.run(&["run", "--once", "--set=dataset.others.train.max_epochs=3"]).ok();
    assert_eq!((epochs(&bed, "shapes"), epochs(&bed, "others")), (vec![1], vec![2, 3]));
    bed.run(&["run", "--once", "--set=dataset.others.train.max_epochs=3", "--set=train.max_epochs=9"]).ok();
    assert_eq!((epochs(&bed, "shapes"), epochs(&bed, "others")), (vec![1], vec![2, 3]));
}

#[test]
fn a_pattern_that_changes_groups_the_images_anew() {
    let bed = bed();
    let journal = || fs::read_to_string(bed.state("journal.ndjson")).unwrap();
    bed.run(&["run", "--once"]).ok();
    let first = journal();
    assert!(first.contains(r#""group":"p3""#) && first.contains(r#""group":"5""#));
    bed.run(&["run", "--once", "--set=dataset.others.split.group_pattern=_(\\d)[.]"]).ok();
    let since = journal()[first.len()..].to_owned();
    assert!(since.contains(r#"disc/p3_0.png","group":"0""#), "{since}");
    assert!(!since.contains("datasets/shapes"), "the other dataset keeps its pattern: {since}");
}

#[test]
fn commands_on_one_dataset_go_by_its_settings() {
    let bed = bed();
    let trained = bed.run(&["train", "inbox/datasets/others", "--json"]).ok().json();
    assert_eq!((&trained["epochs_run"], &trained["augmentation"]["copies"]), (&2.into(), &1.into()));
    let n_copies = |args: &[&str], into: &str| {
        bed.run(&[&["augment", "inbox/datasets/others", into], args].concat()).ok();
        lines(&bed.path(into).join("manifest.jsonl")).len()
    };
    assert_eq!(n_copies(&[], "as-named"), 12);
    assert_eq!(n_copies(&["--dataset=shapes"], "of-another"), 48);
    assert_eq!(n_copies(&["--copies=3"], "by-argument"), 36);
}

#[test]
fn a_preview_goes_by_the_dataset_that_the_picture_lies_in() {
    let bed = bed().set("dataset.others.augment.seed", "9");
    let preview = |args: &[&str], out: &str| {
        let out_flag = format!("--out={out}");
        bed.run(&[&["preview", "inbox/datasets/others/disc/p3_0.png", "--copies=2", &out_flag], args].concat()).ok();
        tree(&bed.path(out))
    };
    let own = preview(&[], "own");
    assert_ne!(own, preview(&["--dataset=shapes"], "of-another"));
    assert_eq!(own, preview(&["--dataset=shapes", "--seed=9"], "by-argument"));
}

#[test]
fn check_shows_what_differs_for_each_dataset() {
    let bed = bed();
    let shown = bed.run(&["check", "--set=dataset.future.promotion.policy=never"]).ok().stdout;
    let shown = shown.split_once('\n').unwrap().1;
    let expected = r#"Trainings of all datasets: backbone.weights = "auto" is the built-in backbone.
Dataset future (not in the inbox):
  promotion.policy = "never"  (all others: "better")
Dataset others:
  split.group_pattern = "^(p\\d)_"  (all others: "")
  augment.copies = 1  (all others: 4)
  train.max_epochs = 2  (all others: 30)
Dataset shapes:
  split.group_pattern = "-(\\d+)[.]"  (all others: "")
  train.max_epochs = 1  (all others: 30)
"#;
    assert_eq!(shown, expected);
}
