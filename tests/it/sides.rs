//! Datasets that come with folders train, val and test: kept as they are, measured as they say.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::bed::TestBed;
use crate::pictures::{self, Look};

/// `n` pictures of each look in `folder/<look>/`, numbered from `first`.
fn put(bed: &TestBed, folder: &str, first: u64, n: u64) {
    for look in Look::ALL {
        for number in first..first + n {
            bed.write(format!("{folder}/{look}/{number}.png"), pictures::png(look, number));
        }
    }
}

/// Six pictures of each look to learn from, two to measure on, three to test on.
fn sided(folder: &str, validation: &str) -> TestBed {
    let bed = TestBed::new().set("augment.copies", "2").set("train.max_epochs", "3");
    put(&bed, &format!("{folder}/train"), 0, 6);
    put(&bed, &format!("{folder}/{validation}"), 100, 2);
    put(&bed, &format!("{folder}/test"), 200, 3);
    bed
}

/// The records of all trainings, in order.
fn models(bed: &TestBed, dataset: &str) -> Vec<Value> {
    let mut folders: Vec<_> =
        fs::read_dir(bed.state("runs").join(dataset)).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.iter().map(|run| serde_json::from_slice(&fs::read(run.join("model.json")).unwrap()).unwrap()).collect()
}

/// Images of each class on one side, as a model's record counts them.
fn counted(model: &Value, side: &str) -> Vec<u64> {
    model["counts"].as_object().unwrap().values().map(|count| count[side].as_u64().unwrap()).collect()
}

fn total(confusion: &Value) -> u64 {
    confusion.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum()
}

#[test]
fn the_inbox_keeps_sides_that_folders_name_and_tests_every_model_once() {
    let bed = sided("inbox/datasets/shapes", "Valid");
    bed.drop_scan(Look::Disc, 1);
    bed.run(&["run", "--once"]).ok();
    let status = bed.status();
    let class = serde_json::json!({"train": 6, "validation": 2, "test": 3, "excluded": 0, "undecided": 0});
    assert_eq!(status["datasets"]["shapes"]["classes"], serde_json::json!({"bars": class, "disc": class}));
    let counters = &status["counters"];
    assert_eq!((&counters["samples"], &counters["copies_written"]), (&22.into(), &24.into()));
    assert_eq!(counters["images_forwarded"], 22 + 24 + 1, "originals of all sides, copies, the scan: each once");

    let manifest = fs::read_to_string(bed.state("datasets/shapes/manifest.jsonl")).unwrap();
    let lines = manifest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let sources: BTreeSet<String> = lines.map(|line| line["source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sources.len(), 12);
    assert!(sources.iter().all(|path| path.starts_with("datasets/shapes/train/")), "{sources:?}");

    let model = models(&bed, "shapes").remove(0);
    assert_eq!(
        [counted(&model, "train"), counted(&model, "validation"), counted(&model, "test")],
        [[6; 2], [2; 2], [3; 2]]
    );
    assert_eq!((total(&model["confusion"]), total(&model["test"]["confusion"])), (4, 6));
    let (validation, test) = (&model["assessment"], &model["test"]["assessment"]);
    assert_eq!((&validation["n"], &test["n"]), (&4.into(), &6.into()));
    assert_eq!(test["calibrated"]["temperature"], validation["calibrated"]["temperature"]);
    let accuracy = test["accuracy"]["value"].as_f64().unwrap();
    assert!(test["accuracy"]["interval"]["low"].as_f64().unwrap() < accuracy, "{test:#}");
    assert!(test["classes"]["disc"]["roc_auc"]["value"].as_f64().unwrap() > 0.5, "{test:#}");
    let run = bed.state("runs/shapes").join(model["run_id"].as_str().unwrap());
    assert!(fs::read_to_string(run.join("report.html")).unwrap().contains("Performance on the test set"));
    let shown = bed.run(&["models", "show", model["run_id"].as_str().unwrap()]).ok().stdout;
    assert!(shown.contains("of 6 correct") && shown.contains("; 3 test"), "{shown}");

    assert!(bed.run(&["run", "--once"]).ok().stdout.contains("Nothing to do"));
    // Another test image: measured again, learned nothing new.
    bed.write("inbox/datasets/shapes/test/disc/more.png", pictures::png(Look::Disc, 300));
    bed.run(&["run", "--once"]).ok();
    let models = models(&bed, "shapes");
    assert_eq!((models.len(), total(&models[1]["test"]["confusion"])), (2, 7));
    assert_eq!(models[1]["head"]["sha256"], models[0]["head"]["sha256"]);
    assert_eq!(bed.status()["counters"]["copies_written"], 24);
    assert_eq!(bed.status()["counters"]["images_forwarded"], 22 + 24 + 1 + 1);
}

#[test]
fn a_validation_folder_that_comes_later_gives_the_training_folder_its_images_back() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    put(&bed, "inbox/datasets/shapes/train", 0, 6);
    put(&bed, "inbox/datasets/shapes/test", 200, 2);
    bed.run(&["run", "--once"]).ok();
    let first = models(&bed, "shapes").remove(0);
    let validation = counted(&first, "validation");
    assert!(validation.iter().all(|n| *n > 0) && counted(&first, "test") == [2, 2], "{first:#}");
    put(&bed, "inbox/datasets/shapes/val", 100, 2);
    let ran = bed.run(&["run", "--once"]).ok();
    let n = validation.iter().sum::<u64>();
    assert!(
        ran.stderr.contains(&format!("because the dataset has a validation folder now n_images={n}")),
        "{}",
        ran.stderr
    );
    let second = models(&bed, "shapes").remove(1);
    assert_eq!([counted(&second, "train"), counted(&second, "validation")], [[6; 2], [2; 2]]);
}

#[test]
fn leaks_across_folders_are_excluded_and_reported() {
    let bed = sided("shapes", "val");
    // The very file of a test image, another file of the same picture as a validation image, and one in no class.
    bed.write("shapes/train/disc/same.png", pictures::png(Look::Disc, 200));
    bed.write("shapes/train/bars/like.bmp", pictures::encoded(Look::Bars, 100, image::ImageFormat::Bmp));
    bed.write("shapes/train/stray.png", pictures::png(Look::Disc, 400));
    let trained = bed.run(&["train", "shapes"]).ok();
    for message in [
        "Images on several sides of the split dataset=shapes details=\"1 image is on several sides of the split; each counts once, for \
         validation or test (`train/disc/same.png`)\"\n",
        "Images excluded from the split dataset=shapes details=\"1 image is excluded from the split, as near-duplicates or group \
         members of images in a validation or test folder (`train/bars/like.bmp`)\"\n",
        "Images without a class dataset=shapes details=\"1 image is excluded: directly in a folder that names a side of the split, \
         not in a class folder (`train/stray.png`)",
    ] {
        assert_eq!(trained.stderr.matches(message).count(), 1, "{message}\n{}", trained.stderr);
    }
    assert!(trained.stdout.contains("\nTest: 6 images that were not used for training ("), "{}", trained.stdout);
    assert!(trained.stdout.contains("\n  disc: sensitivity  "), "{}", trained.stdout);
    let model = models(&bed, "shapes").remove(0);
    assert_eq!(
        [counted(&model, "train"), counted(&model, "validation"), counted(&model, "test")],
        [[6; 2], [2; 2], [3; 2]]
    );

    let folds = bed.run(&["train", "shapes", "--folds=2"]).ok().stdout;
    let expected = "2-fold cross-validation of shapes, 16 images; 7 not used (test images, or excluded by the split)";
    assert!(folds.starts_with(expected), "{folds}");
}

#[test]
fn classes_called_like_sides_are_refused_with_a_way_out() {
    let bed = TestBed::new();
    for number in 0..2 {
        bed.write(format!("inbox/datasets/flat/test/{number}.png"), pictures::png(Look::Disc, number));
        bed.write(format!("inbox/datasets/flat/other/{number}.png"), pictures::png(Look::Bars, number));
        bed.write(format!("inbox/datasets/deep/test/patient/{number}.png"), pictures::png(Look::Disc, number));
        bed.write(format!("inbox/datasets/deep/other/patient/{number}.png"), pictures::png(Look::Bars, number));
    }
    let ran = bed.run(&["run", "--once"]).ok();
    assert_eq!(ran.stderr.matches("if `test` is a class, rename its folder").count(), 2, "{}", ran.stderr);
    let shown = "class `patient` of dataset `deep` has images in test/ only and none for training";
    assert!(ran.stdout.contains(shown), "{}", ran.stdout);
    assert_eq!(bed.status()["counters"]["trainings"], 0);
}

#[test]
fn copies_are_made_of_one_side_alone() {
    let bed = sided("shapes", "val");
    let refused = bed.run(&["augment", "shapes", "out"]);
    assert_eq!((refused.code, bed.path("out").exists()), (64, false), "{}", refused.stderr);
    let shown = "`shapes` is split into the folders test, train, val, and their copies would be mixed; name one of them, for example `shapes/train`";
    assert!(refused.stderr.contains(shown), "{}", refused.stderr);
    let made = bed.run(&["augment", "shapes/train", "out", "--copies=1"]).ok();
    assert!(made.stdout.starts_with("12 copies of 12 images"), "{}", made.stdout);
    let of_train = bed.run(&["statistics", "shapes/train"]).ok().stdout;
    assert_eq!(bed.run(&["statistics", "shapes"]).ok().stdout, of_train, "of the training images alone");
}
