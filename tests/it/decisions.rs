//! Which model is the best one when a training ends, what keeps a finished model, and when a training is due.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::Stdio;

use gradwatch::disk::{TrainingLock, Workspace};
use gradwatch::domain::{DatasetName, Decision, ModelRecord, RunId, StopReason};
use gradwatch::service::control::{self, Answer, Question};
use gradwatch::workflow::TrainedModel;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::bed::TestBed;
use crate::pictures::{self, Look};
use crate::service::Service;

/// Quick trainings, all of them promoted if they may be.
fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2")
}

/// More images, so that a training is due.
fn drop_more(bed: &TestBed) {
    for look in Look::ALL {
        bed.write(format!("inbox/datasets/shapes/{look}/more.png"), pictures::png(look, 100));
    }
}

/// Holds up the next training of the service, as a `gradwatch train` beside it does: until the lock is dropped it is under way.
fn hold_up_training(bed: &TestBed) -> TrainingLock {
    TrainingLock::take(&Workspace::new(bed.state("")), &DatasetName::new("shapes").unwrap()).unwrap()
}

/// Trains on what lies in the inbox, outside the service; its state is another folder's with `state`.
fn train(bed: &TestBed, more: &[&str]) -> String {
    let args = [&["train", "inbox/datasets/shapes", "--json"], more].concat();
    bed.run(&args).ok().json()["run_id"].as_str().unwrap().to_owned()
}

/// Waits until the service's training is under way, and held up.
fn wait_for_training(service: &mut Service) {
    let holds = |service: &Service| {
        service.log.iter().any(|line| line.contains("Waiting for another training of the dataset")).then_some(())
    };
    service.wait_for("a training under way", holds);
}

/// The models by run, as `models list --json` has them.
fn models(bed: &TestBed) -> Vec<Value> {
    bed.run(&["models", "list", "--json"]).ok().json().as_array().unwrap().clone()
}

fn best(models: &[Value]) -> Vec<&str> {
    models.iter().filter(|model| model["best"] == true).map(|model| model["run_id"].as_str().unwrap()).collect()
}

/// The first decision on a model, which its page must say too.
#[track_caller]
fn decision_on(bed: &TestBed, run: &str) -> Value {
    let listed = models(bed);
    let model = listed.iter().find(|model| model["run_id"] == run).unwrap();
    let decision = model["decisions"][0].clone();
    let page = fs::read_to_string(bed.state("runs/shapes").join(run).join("report.html")).unwrap();
    let verdict = if decision["promoted"] == true { "· promoted: " } else { "· not promoted: " };
    let reason = decision["reason"].as_str().unwrap().replace('"', "&quot;");
    assert!(page.contains(&format!("{verdict}{}", &reason[..30])), "{verdict}{reason} is not on the page");
    decision
}

/// The run that is not among these.
fn other_than(bed: &TestBed, known: &[&str]) -> String {
    let listed = models(bed);
    let mut runs = listed.iter().map(|model| model["run_id"].as_str().unwrap());
    runs.find(|run| !known.contains(run)).unwrap().to_owned()
}

/// A model of these images that another state folder has.
fn foreign_model(bed: &TestBed) -> ModelRecord {
    fs::create_dir(bed.path("other")).unwrap();
    for shared in ["weights", "features"] {
        symlink(fs::read_link(bed.state(shared)).unwrap(), bed.path("other").join(shared)).unwrap();
    }
    let run = train(bed, &["--set=storage.state_dir=other", "--set=train.seed=5"]);
    serde_json::from_slice(&fs::read(bed.path("other/runs/shapes").join(run).join("model.json")).unwrap()).unwrap()
}

/// Has the service record that model, as a command does that decided on it when there was no other.
fn adopt(bed: &TestBed, model: &ModelRecord, by_hand: bool) -> Answer {
    let run = model.run_id.to_string();
    let (from, to) = (bed.path("other/runs/shapes").join(&run), bed.state("runs/shapes").join(&run));
    fs::create_dir_all(&to).unwrap();
    for file in ["model.json", "head.safetensors", "learned.txt"] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let decision = Decision {
        dataset: model.dataset.clone(),
        run_id: model.run_id.clone(),
        promoted: true,
        previous: None,
        n_validation: 0,
        candidate_correct: 0,
        previous_correct: None,
        paired: None,
        reason: "it is the first model of this dataset".to_owned(),
        by_hand,
        at: model.created.clone(),
    };
    let trained = Box::new(TrainedModel { model: model.clone(), decision, n_by_hand: 0 });
    control::ask(&Workspace::new(bed.state("")), &Question::Adopt { trained, work: vec![] }).unwrap()
}

#[test]
fn a_rollback_during_a_training_stands_and_the_next_training_is_measured_again() {
    let bed = bed().set("promotion.policy", "always");
    bed.drop_dataset(6);
    let first = train(&bed, &[]);
    let second = train(&bed, &["--set=train.seed=2"]);
    let mut service = bed.start();
    service.ready();

    let held = hold_up_training(&bed);
    drop_more(&bed);
    wait_for_training(&mut service);
    bed.run(&["models", "rollback", &second]).ok();
    drop(held);
    service.wait_for_count("trainings", 3);
    assert_eq!(best(&models(&bed)), [first.as_str()]);
    let third = other_than(&bed, &[&first, &second]);
    let decision = decision_on(&bed, &third);
    assert_eq!((&decision["promoted"], &decision["previous"]), (&false.into(), &first.as_str().into()), "{decision:#}");
    let reason = decision["reason"].as_str().unwrap();
    let expected = "the best model was chosen by hand while this one was trained: ";
    assert!(reason.starts_with(expected) && reason.contains("McNemar"), "{reason}");

    bed.write("inbox/datasets/shapes/disc/late.png", pictures::png(Look::Disc, 300));
    service.wait_for_count("trainings", 4);
    let fourth = other_than(&bed, &[&first, &second, &third]);
    assert_eq!(best(&models(&bed)), [fourth.as_str()]);
    assert_eq!(decision_on(&bed, &fourth)["previous"], first.as_str());
    bed.run(&["models", "rollback", &fourth]).ok();
    assert_eq!(best(&models(&bed)), [first.as_str()], "back to the model that it replaced");
    assert_eq!(service.stop().code, Some(0));
}

#[test]
fn an_import_during_the_first_training_stands_whatever_the_policy() {
    for policy in ["better", "never"] {
        let bed = bed().set("promotion.policy", policy);
        bed.drop_dataset(4);
        let imported = ModelRecord { stopped: StopReason::Imported, ..foreign_model(&bed) };
        let run = imported.run_id.as_str();
        let held = hold_up_training(&bed);
        let mut service = bed.start();
        wait_for_training(&mut service);
        assert_eq!(adopt(&bed, &imported, true), Answer::Adopted);
        drop(held);
        service.wait_for_count("trainings", 1);
        assert_eq!(best(&models(&bed)), [run], "{policy}");
        let decision = decision_on(&bed, &other_than(&bed, &[run]));
        assert_eq!((&decision["promoted"], &decision["previous"]), (&false.into(), &run.into()), "{policy}");
        assert_eq!(service.stop().code, Some(0));
    }
}

#[test]
fn a_model_that_was_trained_meanwhile_is_compared_with_and_never_replaced_unseen() {
    // When the training starts there is no model, so that even this policy would promote.
    let bed = bed().set("promotion.policy", "never");
    bed.drop_dataset(4);
    let model = foreign_model(&bed);
    let run = model.run_id.as_str();
    let held = hold_up_training(&bed);
    let mut service = bed.start();
    wait_for_training(&mut service);
    assert_eq!(adopt(&bed, &model, false), Answer::Adopted);
    drop(held);
    service.wait_for_count("trainings", 2);
    let decision = decision_on(&bed, &other_than(&bed, &[run]));
    assert_eq!((&decision["promoted"], &decision["previous"]), (&false.into(), &run.into()));
    assert!(decision["paired"].is_object(), "both were measured: {decision:#}");
    assert_eq!(best(&models(&bed)), [run]);

    let late = ModelRecord { run_id: RunId::new("0009-late").unwrap(), ..model.clone() };
    fs::rename(bed.path("other/runs/shapes").join(run), bed.path("other/runs/shapes/0009-late")).unwrap();
    let Answer::Outdated { incumbent } = adopt(&bed, &late, false) else { panic!("it was recorded unseen") };
    assert_eq!(incumbent.best_run(), Some(&model.run_id));
    assert_eq!((models(&bed).len(), service.stop().code), (2, Some(0)));
}

#[test]
fn a_promotion_during_gradwatch_train_stands() {
    let bed = bed();
    bed.drop_dataset(6);
    let first = train(&bed, &[]);
    let second = train(&bed, &["--set=train.seed=2", "--set=promotion.policy=never"]);
    // It takes seconds, because its images are new.
    for number in 100..106 {
        bed.write(format!("inbox/datasets/shapes/disc/more-{number}.png"), pictures::png(Look::Disc, number));
    }
    let mut training = bed.command(&["train", "inbox/datasets/shapes", "--set=promotion.policy=always"]);
    let mut training = training.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(training.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Phase started phase=\"features\"")), "it ended before");
    // It waits for the promotion, however slow that is here.
    let process = Pid::from_child(&training);
    kill_process(process, Signal::STOP).unwrap();
    bed.run(&["models", "promote", &second]).ok();
    kill_process(process, Signal::CONT).unwrap();
    let rest: Vec<String> = lines.collect();
    assert!(training.wait().unwrap().success(), "{}", rest.join("\n"));
    assert_eq!(best(&models(&bed)), [second.as_str()], "{}", rest.join("\n"));
    let decision = decision_on(&bed, &other_than(&bed, &[&first, &second]));
    assert_eq!((&decision["promoted"], &decision["previous"]), (&false.into(), &second.as_str().into()));
}

#[test]
fn nothing_that_is_only_kept_tidy_or_looked_at_loses_a_model() {
    let bed = TestBed::new().set("augment.copies", "0").set("train.max_epochs", "1");
    let bed = bed.set("storage.features_max_gib", "0.0");
    bed.drop_dataset(4);
    let first = train(&bed, &[]);
    let strange = bed.state("features/loop");
    symlink("loop", &strange).unwrap();
    for backbone in fs::read_dir(bed.state("features")).unwrap().map(|entry| entry.unwrap().path()) {
        if backbone.is_dir() {
            symlink("loop", backbone.join("loop")).unwrap();
            fs::write(backbone.join("notes.txt"), "a file among folders").unwrap();
        }
    }
    // Where the next run's page and curves go, there are folders.
    let second = first.replace("0001-", "0002-");
    for file in ["report.html", "train/events.out.tfevents.gradwatch"] {
        bed.write(format!("state/runs/shapes/{second}/{file}/in-the-way"), "");
    }
    let ran = bed.run(&["train", "inbox/datasets/shapes", "--json"]);
    assert_eq!(ran.code, 74, "its page could not be written: {}", ran.stderr);
    assert_eq!(ran.json()["run_id"], second.as_str());
    assert_eq!(
        (&ran.json()["failures"][0]["what"], &ran.json()["failures"][1]),
        (&"page".into(), &serde_json::Value::Null)
    );
    assert_eq!(best(&models(&bed)), [second.as_str()]);
}

#[test]
fn corrected_labels_and_renamed_classes_are_learned_and_moved_files_are_not() {
    let bed = bed();
    bed.drop_dataset(6);
    let trainings = || {
        let ran = bed.run(&["run", "--once"]).ok();
        (bed.status()["counters"]["trainings"].as_u64().unwrap(), ran.stdout)
    };
    let class = |class: &str| bed.inbox("datasets/shapes").join(class);
    assert_eq!(trainings().0, 1);
    for number in 0..2 {
        fs::rename(
            class("bars").join(format!("bars-{number}.png")),
            class("disc").join(format!("was-bars-{number}.png")),
        )
        .unwrap();
    }
    assert_eq!(trainings().0, 2, "labels were corrected");
    fs::rename(class("disc"), class("ring")).unwrap();
    assert_eq!(trainings().0, 3, "a class was renamed");
    let listed = models(&bed);
    assert_eq!(listed[2]["classes"], serde_json::json!(["bars", "ring"]));
    let n: u64 = ["train", "validation"].iter().map(|side| listed[2]["counts"]["ring"][side].as_u64().unwrap()).sum();
    assert_eq!(n, 8);

    fs::create_dir(class("ring").join("patient")).unwrap();
    fs::rename(class("ring").join("disc-0.png"), class("ring").join("patient/elsewhere.png")).unwrap();
    let (n, told) = trainings();
    assert_eq!(n, 3, "where an image lies within its class is all the same: {told}");
}

#[test]
fn a_dataset_that_is_removed_while_it_is_trained_on_is_no_failure() {
    let bed = TestBed::new().set("augment.copies", "0").set("train.max_epochs", "1");
    bed.drop_dataset(4);
    let held = hold_up_training(&bed);
    let mut service = bed.start();
    wait_for_training(&mut service);
    fs::remove_dir_all(bed.inbox("datasets/shapes")).unwrap();
    service.wait_for("an empty inbox", |service| service.status()?["datasets"].as_object()?.is_empty().then_some(()));
    drop(held);
    service.wait_for("the end of the training", |service| {
        service.log.iter().any(|line| line.contains("because the dataset's images were removed")).then_some(())
    });
    let status = service.wait_for("rest", |service| service.status().filter(|status| status["state"] == "idle"));
    assert_eq!((&status["failures"], &status["counters"]["trainings"]), (&serde_json::json!([]), &0.into()));
    assert_eq!(service.stop().code, Some(0));
}
