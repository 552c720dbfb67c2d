//! `groups.csv` in a dataset's folder of the inbox: it alone may be why a dataset is split and learned anew.

use std::fs;

use serde_json::Value;

use crate::bed::TestBed;
use crate::pictures::{self, Look};
use crate::service::Service;

const LIST: &str = "inbox/datasets/shapes/groups.csv";

/// Two patients of each class, with four pictures and two.
fn list() -> String {
    let line = |look: Look, number: u64| format!("{look}-{number}.png,{look} {}\n", if number < 4 { "a" } else { "b" });
    let lines = Look::ALL.into_iter().flat_map(|look| (0..6).map(move |number| line(look, number)));
    std::iter::once("file,group\n".to_owned()).chain(lines).collect()
}

fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    bed.drop_dataset(6);
    bed
}

/// `(training, validation)` of each class, as the status counts them.
fn sides(status: &Value) -> Vec<(u64, u64)> {
    let classes = status["datasets"]["shapes"]["classes"].as_object().unwrap();
    let count = |class: &Value, side: &str| class[side].as_u64().unwrap();
    classes.values().map(|class| (count(class, "train"), count(class, "validation"))).collect()
}

/// The patients of the images that copies were made of.
fn learned_from(bed: &TestBed) -> Vec<Value> {
    let text = fs::read_to_string(bed.state("datasets/shapes/manifest.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["group"].clone()).collect()
}

#[test]
fn a_list_that_comes_changes_breaks_or_goes_is_seen_by_the_next_run() {
    let bed = bed();
    let run = || bed.run(&["run", "--once"]).ok();
    let trainings = || bed.status()["counters"]["trainings"].as_u64().unwrap();
    run();
    assert_eq!((sides(&bed.status()), learned_from(&bed)), (vec![(5, 1); 2], vec![Value::Null; 10]));

    bed.write(LIST, list());
    run();
    assert_eq!((trainings(), sides(&bed.status())), (2, vec![(4, 2); 2]), "the smaller patient is measured on");
    assert!(learned_from(&bed).iter().all(|group| group.as_str().unwrap().ends_with(" a")));
    assert!(run().stdout.contains("Nothing to do"));

    bed.write(LIST, "picture,patient\n");
    let broken = run();
    let shown = "its first line is not `file,group`; write a first line `file,group` and then one line per file";
    assert_eq!(broken.stderr.matches("Quarantined").count(), 1, "{}", broken.stderr);
    assert!(broken.stderr.contains(shown) && broken.stdout.contains("Waiting: "), "{}", broken.stderr);
    assert_eq!((trainings(), sides(&bed.status())), (2, vec![(4, 2); 2]), "and changes nothing");
    let reasons: Vec<_> = fs::read_dir(bed.state("quarantine")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(reasons.len() == 1 && fs::read_to_string(&reasons[0]).unwrap().contains("datasets/shapes/groups.csv"));
    let again = run();
    assert!(!again.stderr.contains("Quarantined"), "it is quarantined once: {}", again.stderr);
    assert!(again.stdout.contains("Waiting: ") && again.stdout.contains(shown), "and waited for: {}", again.stdout);

    bed.write(LIST, list());
    run();
    assert_eq!(trainings(), 2, "mended, it says what was known");
    assert_eq!(fs::read_dir(bed.state("quarantine")).unwrap().count(), 0);
    fs::remove_file(bed.path(LIST)).unwrap();
    run();
    assert_eq!((trainings(), sides(&bed.status())), (3, vec![(5, 1); 2]), "the best model learned another split");
}

#[test]
fn a_list_that_comes_while_it_runs_starts_a_training() {
    let bed = bed();
    let mut service = bed.start();
    service.wait_for_count("trainings", 1);
    bed.write(LIST, list());
    service.wait_for_count("trainings", 2);
    assert_eq!(sides(&bed.status()), [(4, 2); 2]);
    // Moved over the old one, as editors save.
    let other =
        list().replace(" b", " a").replace("-0.png,bars a", "-0.png,bars b").replace("-0.png,disc a", "-0.png,disc b");
    bed.write("elsewhere.csv", &other);
    fs::rename(bed.path("elsewhere.csv"), bed.path(LIST)).unwrap();
    service.wait_for_count("trainings", 3);
    assert_eq!(sides(&bed.status()), [(5, 1); 2]);
    bed.write(LIST, "file,group\nbars-0.png\n");
    service.wait_for_count("quarantined", 1);
    bed.write("inbox/datasets/shapes/disc/late.png", pictures::png(Look::Disc, 77));
    let refused = |service: &Service| service.log.iter().find(|line| line.contains("Not training yet")).cloned();
    let refused = service.wait_for("a word on the training that cannot be", refused);
    assert!(refused.contains("groups.csv"), "{refused}");
    assert_eq!(bed.status()["counters"]["trainings"], 3);
    // Repaired, though it does not list the image that waits.
    bed.write(LIST, other);
    service.wait_for_count("trainings", 4);
    assert_eq!(service.stop().code, Some(0));
}
