//! What a disk refuses, and images that cannot be used.

use super::*;

#[test]
fn a_training_whose_history_cannot_be_written_is_not_done() {
    let scene = Scene::new(3, 1);
    std::fs::create_dir_all(scene.path("runs/one/history.csv")).unwrap();
    assert!(matches!(scene.train("one"), Err(TrainError::Disk(_))));
    assert!(!scene.path("runs/one/model.json").exists());
}

#[test]
fn one_bad_image_is_left_out_and_named() {
    let scene = Scene::new(3, 1);
    std::fs::write(&scene.samples[0].path, b"no picture").unwrap();
    std::fs::remove_file(&scene.samples[1].path).unwrap();
    let outcome = scene.train("one").unwrap();
    let mut codes: Vec<_> = outcome.failed.iter().map(|failure| failure.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["changed", "vanished"]);
    let unread: BTreeSet<ContentHash> = outcome.model.unread.iter().copied().collect();
    assert_eq!(unread, BTreeSet::from([scene.samples[0].hash, scene.samples[1].hash]), "they may be read another time");
    assert_eq!(outcome.model.counts.values().map(|count| count.train).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn an_image_that_the_system_refuses_is_waited_for_unless_it_may_be_left_out() {
    let mut scene = Scene::new(3, 1);
    // The system refuses names of this length, also to who may read everything.
    scene.samples[0].path = scene.path(&"n".repeat(300));
    let engine = engine_for_tests();
    let job = |run, may_leave_out| TrainJob { may_leave_out, ..scene.job(run, Augmented::Expand(&[])) };
    let error = train(&job("one", false), &engine, &StopFlag::default(), &Silent).unwrap_err();
    assert!(matches!(&error, TrainError::Unread { n: 1, first } if first.code == "unreadable"), "{error}");
    assert!(
        error.to_string().starts_with("1 image(s) cannot be read now, and the training waits for them: `"),
        "{error}"
    );
    let model = train(&job("two", true), &engine, &StopFlag::default(), &Silent).unwrap().model;
    assert_eq!(model.unread, [scene.samples[0].hash]);
}
