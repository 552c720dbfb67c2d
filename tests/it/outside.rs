//! `gradwatch train` and `gradwatch explain`: the same work, once, without inbox and service.

use crate::bed::TestBed;
use crate::pictures::{self, Look};

#[test]
fn a_folder_is_learned_and_pictures_are_explained() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1");
    for look in Look::ALL {
        for number in 0..6 {
            bed.write(format!("shapes/{look}/{number}.png"), pictures::png(look, number));
        }
    }
    bed.write("shapes/disc/letter.png", "Dear colleague");
    let trained = bed.run(&["train", "shapes", "--json"]).ok();
    assert!(trained.stderr.contains("letter.png"), "what is left out is reported: {}", trained.stderr);
    assert!(
        !trained.stderr.contains("Registry repaired"),
        "a new state folder has nothing to mend: {}",
        trained.stderr
    );
    let model = trained.json();
    assert_eq!(model["dataset"], "shapes");
    assert_eq!(model["val_accuracy"], 1.0, "bars and discs are distinguished: {model:#}");
    assert!(bed.run(&["models", "list"]).ok().stdout.contains("best"), "the first model of a dataset is its best");

    let run = model["run_id"].as_str().unwrap();
    let refused = bed.run(&["models", "rollback", run]);
    assert!(refused.stderr.contains("replaced no other model"), "{}", refused.stderr);
    let second =
        bed.run(&["train", "shapes", "--json", "--set=train.seed=2", "--set=promotion.policy=never"]).ok().json();
    let second = second["run_id"].as_str().unwrap();
    let best = || bed.run(&["models", "list", "--json"]).ok().json()[1]["best"].as_bool().unwrap();
    assert!(!best(), "the best model is locked");
    bed.run(&["models", "promote", second]).ok();
    assert!(best());
    bed.run(&["models", "rollback", second]).ok();
    assert!(!best());
    let shown = bed.run(&["models", "show", second]).ok().stdout;
    assert!(shown.contains("not promoted: the best model is locked") && shown.contains("McNemar p ="), "{shown}");
    assert!(shown.contains("promoted: by hand"), "{shown}");

    for look in Look::ALL {
        bed.write(format!("new/{look}.png"), pictures::png(look, 500));
    }
    let cut = &pictures::png(Look::Disc, 501)[..200];
    bed.write("new/cut.png", cut);
    let ran = bed.run(&["explain", "new", "--out", "out", "--json"]);
    assert_eq!(ran.code, 65, "one could not be explained: {}", ran.stderr);
    let scans = ran.json()["scans"].as_array().unwrap().clone();
    assert_eq!(scans.len(), 3, "in the order of their names: bars, cut, disc");
    assert!(scans[1]["error"].as_str().unwrap().contains("cut.png"), "{:#}", scans[1]);
    for (scan, look) in [&scans[0], &scans[2]].into_iter().zip(Look::ALL) {
        assert_eq!((&scan["predicted"], &scan["model"]), (&look.to_string().into(), &model["run_id"]));
        assert!(bed.path(scan["report"].as_str().unwrap()).is_file());
    }
    assert!(bed.path("out/index.html").is_file());
}

#[test]
fn cross_validation_holds_out_every_picture_once() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2");
    for look in Look::ALL {
        for number in 0..6 {
            bed.write(format!("shapes/{look}/{number}.png"), pictures::png(look, number));
        }
    }
    let found = bed.run(&["train", "shapes", "--folds", "3", "--json"]).ok().json();
    assert_eq!((found["folds"].as_u64(), found["assessment"]["n"].as_u64()), (Some(3), Some(12)), "{found:#}");
    let accuracies: Vec<f64> =
        found["accuracy_folds"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    let mean = accuracies.iter().sum::<f64>() / 3.0;
    assert!((found["accuracy_mean"].as_f64().unwrap() - mean).abs() < 1e-12 && accuracies.len() == 3);
    assert!(found["auc_mean"].as_f64().unwrap() > 0.9, "bars and discs are distinguished: {found:#}");
    assert!(!bed.path("state/runs").exists(), "nothing is recorded");

    bed.write("shapes/groups.csv", "file,patient\n");
    let refused = bed.run(&["train", "shapes"]);
    assert_eq!(refused.code, 65, "{}", refused.stderr);
    assert!(refused.stderr.contains("its first line is not `file,group`"), "{}", refused.stderr);
    let groups: Vec<_> = (0..6).map(|number| format!("disc/{number}.png,one\nbars/{number}.png,two\n")).collect();
    let groups = groups.concat();
    bed.write("shapes/groups.csv", format!("file,group\n{groups}"));
    let refused = bed.run(&["train", "shapes"]);
    assert_eq!(refused.code, 65, "a class that is one group cannot be split: {}", refused.stderr);

    let groups = groups.replace("bars/0.png,two", "bars/0.png,three");
    bed.write("shapes/groups.csv", format!("file,group\n{groups}"));
    for (folds, reason) in
        [("2", "all images of class `disc` are in one group"), ("4", "so only 3 parts can be filled; use --folds")]
    {
        let refused = bed.run(&["train", "shapes", "--folds", folds]);
        assert_eq!(refused.code, 65, "{}", refused.stderr);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
}

#[test]
fn a_best_model_is_not_measured_on_what_it_learned_from() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "1");
    for look in Look::ALL {
        for number in 0..3 {
            bed.write(format!("shapes/train/{look}/{number}.png"), pictures::png(look, number));
        }
        bed.write(format!("shapes/val/{look}/9.png"), pictures::png(look, 9));
    }
    bed.run(&["train", "shapes"]).ok();
    for (from, to) in [("train", "aside"), ("val", "train"), ("aside", "val")] {
        std::fs::rename(bed.path("shapes").join(from), bed.path("shapes").join(to)).unwrap();
    }
    let shown = bed.run(&["train", "shapes"]).ok().stdout;
    assert!(shown.contains("was trained on all images that it would be measured on"), "{shown}");
}

#[test]
fn an_ablation_sets_two_trainings_side_by_side_and_records_nothing() {
    let bed = TestBed::new().sharing_features().set("train.max_epochs", "2");
    for look in Look::ALL {
        for number in 0..6 {
            bed.write(format!("shapes/{look}/{number}.png"), pictures::png(look, number));
        }
    }
    let ablate = |more: &[&str]| bed.run(&[&["train", "shapes", "--ablate", "augment"], more].concat());
    let found = ablate(&["--json", "--set=augment.copies=1"]).ok().json();
    assert_eq!((&found["part"], &found["folds"]), (&"augment".into(), &serde_json::Value::Null), "{found:#}");
    assert!(!bed.path("state/runs").exists(), "nothing is recorded");
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let accuracy = &found["difference"]["accuracy"];
    let difference = number(&found["with"]["accuracy"]) - number(&found["without"]["accuracy"]);
    assert!((number(&accuracy["value"]) - difference).abs() < 1e-12, "{found:#}");
    let interval = &accuracy["interval"];
    assert!(number(&interval["low"]) <= difference && difference <= number(&interval["high"]), "{found:#}");

    // Both are what a training of their kind makes on the same split.
    let accuracy_of = |copies: &str| {
        let trained = bed.run(&["train", "shapes", "--json", &format!("--set=augment.copies={copies}")]).ok().json();
        (number(&trained["val_accuracy"]), trained["epoch"].clone())
    };
    for (copies, side) in [("1", "with"), ("0", "without")] {
        let (accuracy, epoch) = accuracy_of(copies);
        assert!((accuracy - number(&found[side]["accuracy"])).abs() < 1e-12, "{side}: {found:#}");
        assert_eq!(found[format!("epochs_{side}")], serde_json::json!([epoch]));
    }

    let shown = ablate(&["--folds=2", "--set=augment.mode=in-place"]).ok().stdout;
    assert!(
        shown.contains("shapes with and without augmentation, 12 images, each held out once in 2 folds"),
        "{shown}"
    );

    let refused = ablate(&["--set=augment.copies=0"]);
    assert_eq!(refused.code, 78, "{}", refused.stderr);
    assert!(refused.stderr.contains("there is no augmentation to omit"), "{}", refused.stderr);
}

#[test]
fn without_a_model_explain_says_how_to_get_one() {
    let bed = TestBed::new();
    bed.write("a.png", pictures::png(Look::Bars, 1));
    let ran = bed.run(&["explain", "a.png"]);
    assert_eq!(ran.code, 66, "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no model yet"), "{}", ran.stderr);
}

#[test]
fn statistics_are_ready_for_the_configuration() {
    let bed = TestBed::new();
    for look in Look::ALL {
        bed.write(format!("shapes/{look}/1.png"), pictures::png(look, 1));
    }
    let printed = bed.run(&["statistics", "shapes"]).ok().stdout;
    let value = printed.lines().find_map(|line| line.strip_prefix("preprocessing = ")).unwrap();
    assert!(value.starts_with("\"featurewise "), "{printed}");
    bed.run(&["check", &format!("--set=backbone.preprocessing={value}")]).ok();
    let ran = bed.run(&["check", "--set=backbone.preprocessing=featurewise"]);
    assert!(ran.code == 78 && ran.stderr.contains("`gradwatch statistics` prints"), "{}", ran.stderr);
}
