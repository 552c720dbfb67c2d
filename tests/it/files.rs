//! What is no image file: links, pipes, sockets, folders that cannot be read. Never followed, never waited for, reported once.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use gradwatch::disk::{TrainingLock, Workspace};
use gradwatch::domain::DatasetName;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::bed::{Ran, TestBed, finish};
use crate::pictures::{self, Look};

fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "1")
}

/// A dataset folder outside the inbox.
fn dataset(bed: &TestBed, folder: &str, n: u64) {
    for look in Look::ALL {
        for number in 0..n {
            bed.write(format!("{folder}/{look}/{number}.png"), pictures::png(look, number));
        }
    }
}

fn pipe(bed: &TestBed, path: &str) {
    mknodat(CWD, bed.path(path), FileType::Fifo, Mode::RWXU, 0).unwrap();
}

/// Two links, two pipes and a socket among the images of `folder`.
fn litter(bed: &TestBed, folder: &str) -> UnixListener {
    bed.write("outside/a.png", pictures::png(Look::Disc, 77));
    symlink(bed.path("outside/a.png"), bed.path(format!("{folder}/link.png"))).unwrap();
    symlink(bed.path("outside"), bed.path(format!("{folder}/linked"))).unwrap();
    pipe(bed, &format!("{folder}/pipe-1.png"));
    pipe(bed, &format!("{folder}/pipe-2.png"));
    UnixListener::bind(bed.path(format!("{folder}/socket.png"))).unwrap()
}

#[track_caller]
fn assert_reported_once(ran: &Ran) {
    for shown in ["Skipped reason=\"2 links in ", "Skipped reason=\"3 pipes, sockets or devices in "] {
        assert_eq!(ran.stderr.matches(shown).count(), 1, "{shown}\n{}\n{}", ran.stdout, ran.stderr);
    }
}

/// Files of the same names, with other content, behind a link where a known class folder was.
fn replace_class_by_link(bed: &TestBed) {
    for number in 0..6 {
        bed.write(format!("outside/disc-{number}.png"), pictures::png(Look::Disc, 100 + number));
    }
    fs::rename(bed.inbox("datasets/shapes/disc"), bed.path("moved")).unwrap();
    symlink(bed.path("outside"), bed.inbox("datasets/shapes/disc")).unwrap();
}

#[test]
fn a_known_folder_that_becomes_a_link_takes_nothing_in() {
    let bed = bed();
    bed.drop_dataset(6);
    bed.run(&["run", "--once"]).ok();
    replace_class_by_link(&bed);
    let ran = bed.run(&["run", "--once"]);
    assert_eq!(bed.status()["counters"]["samples"], 12, "nothing from outside: {}", ran.stderr);
    assert_eq!(ran.stderr.matches("Skipped reason=\"1 link in ").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(": `datasets/shapes/disc`; links are not followed"), "{}", ran.stderr);
    fs::remove_file(bed.inbox("datasets/shapes/disc")).unwrap();
    fs::rename(bed.path("moved"), bed.inbox("datasets/shapes/disc")).unwrap();
    bed.run(&["run", "--once"]).ok();
    let disc = &bed.status()["datasets"]["shapes"]["classes"]["disc"];
    assert_eq!(disc["train"].as_u64().unwrap() + disc["validation"].as_u64().unwrap(), 6, "they are back: {disc:#}");
}

#[test]
fn a_known_folder_that_becomes_a_link_while_the_service_runs_takes_nothing_in() {
    let bed = bed();
    bed.drop_dataset(6);
    let mut service = bed.start();
    service.wait_for_count("samples", 12);
    replace_class_by_link(&bed);
    let skipped = |line: &String| line.contains("Skipped reason=\"1 link in ");
    service.wait_for("word of the link", |service| service.log.iter().any(skipped).then_some(()));
    bed.write("inbox/datasets/shapes/bars/new.png", pictures::png(Look::Bars, 50));
    service.wait_for_count("samples", 13);
    // The rest of what is there has settled with the new image: it is looked at together.
    let ended = service.stop();
    assert_eq!(bed.status()["counters"]["samples"], 13, "{}", ended.log.join("\n"));
    assert_eq!(ended.log.iter().filter(|line| skipped(line)).count(), 1, "{}", ended.log.join("\n"));
}

#[test]
fn what_is_no_file_holds_up_no_run_and_is_reported_once() {
    let bed = bed();
    bed.drop_dataset(6);
    bed.drop_scan(Look::Disc, 1);
    let _socket = litter(&bed, "inbox/datasets/shapes/bars");
    pipe(&bed, "inbox/datasets/shapes/groups.csv");
    let ran = bed.run(&["run", "--once"]);
    assert_eq!(bed.status()["counters"]["samples"], 12, "{}", ran.stderr);
    assert!(ran.stderr.contains("Skipped reason=\"2 links in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("Skipped reason=\"4 pipes, sockets or devices in "), "{}", ran.stderr);
    fs::remove_file(bed.inbox("datasets/shapes/groups.csv")).unwrap();
    let ran = bed.run(&["run", "--once"]).ok();
    assert_reported_once(&ran);
    assert_eq!(bed.status()["counters"]["scans_explained"], 1, "{}", ran.stderr);
}

#[test]
fn what_is_no_file_holds_up_no_command_and_is_reported_once() {
    let bed = bed();
    dataset(&bed, "shapes", 4);
    let _socket = litter(&bed, "shapes/bars");
    for args in [
        &["statistics", "shapes"][..],
        &["augment", "shapes", "out", "--copies=1"],
        &["train", "shapes"],
        &["explain", "shapes/bars", "--out=reports"],
        &["bench", "shapes", "--seconds=0.01"],
    ] {
        assert_reported_once(&bed.run(args).ok());
    }
    for args in
        [&["preview", "shapes/bars/pipe-1.png"][..], &["explain", "shapes/bars/pipe-1.png"], &["preview", "/dev/zero"]]
    {
        let ran = bed.run(args);
        assert_eq!(ran.code, 65, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("not a file"), "{}", ran.stderr);
    }
    let n_copies = bed.path("out/bars").read_dir().unwrap().count();
    assert_eq!(n_copies, 4, "none of what a link leads to");
}

#[test]
fn a_source_or_copy_that_became_a_pipe_holds_up_no_replay() {
    let bed = bed();
    dataset(&bed, "shapes", 2);
    bed.run(&["augment", "shapes", "out", "--copies=1"]).ok();
    fs::remove_file(bed.path("shapes/disc/1.png")).unwrap();
    pipe(&bed, "shapes/disc/1.png");
    let copy = bed.path("out/bars").read_dir().unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&copy).unwrap();
    mknodat(CWD, &copy, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let ran = bed.run(&["replay", "out/manifest.jsonl"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("(not-a-file)") && ran.stderr.contains("(in-the-way)"), "{}", ran.stderr);
    let ran = bed.run(&["augment", "shapes", "out", "--copies=1"]);
    assert!(ran.stderr.contains("(in-the-way)"), "{}", ran.stderr);
}

#[test]
fn what_is_named_may_be_a_link() {
    let bed = bed();
    dataset(&bed, "shapes", 4);
    symlink("shapes", bed.path("latest")).unwrap();
    symlink("shapes/disc/1.png", bed.path("latest.png")).unwrap();
    bed.run(&["train", "latest"]).ok();
    for args in [
        &["statistics", "latest"][..],
        &["augment", "latest", "out", "--copies=1"],
        &["explain", "latest.png", "latest/bars"],
        &["preview", "latest.png"],
    ] {
        let ran = bed.run(args).ok();
        assert!(!ran.stderr.contains("Skipped"), "{}", ran.stderr);
    }
    assert_eq!(bed.path("reports").read_dir().unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count(), 5);
}

#[test]
fn a_folder_that_may_not_be_read_ends_no_command() {
    let bed = bed();
    dataset(&bed, "shapes", 4);
    bed.run(&["train", "shapes"]).ok();
    bed.write("shapes/bars/private/4.png", pictures::png(Look::Bars, 4));
    fs::set_permissions(bed.path("shapes/bars/private"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = |args: &[&str]| finish(as_somebody(&bed, args));
    let ran = run(&["explain", "shapes/bars", "--out=reports"]).ok();
    assert_eq!(ran.stdout.lines().count(), 5, "four images and the gallery: {}", ran.stdout);
    // A folder below that of a class may have the name of a patient.
    let shown = "Skipped reason=\"1 folder without read permission in `folder-";
    assert_eq!(ran.stderr.matches(shown).count(), 1, "{}", ran.stderr);
    for args in [&["statistics", "shapes"][..], &["augment", "shapes", "out", "--copies=1"]] {
        let ran = run(args).ok();
        let said = ran.stderr.contains("1 folder without read permission in ") && ran.stderr.contains("folder-");
        assert!(said && !ran.stderr.contains("private"), "{}", ran.stderr);
    }
    // Explained alone it is an error, and others that are named with it are explained.
    let ran = run(&["explain", "shapes/bars/private", "shapes/bars/1.png", "--out=reports"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("shapes/bars/1.png: "), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("give the user that runs gradwatch read access"), "{}", ran.stderr);
    fs::set_permissions(bed.path("shapes/bars/private"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_second_training_of_a_dataset_is_refused_and_the_service_waits() {
    let bed = bed();
    dataset(&bed, "shapes", 4);
    let name = DatasetName::new("shapes").unwrap();
    let lock = TrainingLock::take(&Workspace::new(bed.state("")), &name).unwrap();
    for more in [&[][..], &["--folds=2"], &["--ablate=augment"]] {
        let refused = bed.run(&[&["train", "shapes"], more].concat());
        assert_eq!(refused.code, 75, "{}", refused.stderr);
        let shown = format!("dataset `shapes` is being trained by another gradwatch (process {})", std::process::id());
        assert!(refused.stderr.contains(&shown), "{}", refused.stderr);
    }
    bed.run(&["train", "shapes", "--dataset=others"]).ok();
    bed.drop_dataset(4);
    let mut service = bed.start();
    let waits = |line: &String| {
        line.contains(
            "Waiting for another training of the dataset dataset=shapes reason=\"dataset `shapes` is being trained",
        )
    };
    service.wait_for("a waiting service", |service| service.log.iter().any(waits).then_some(()));
    drop(lock);
    service.wait_for_count("trainings", 2);
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert_eq!(ended.log.iter().filter(|line| waits(line)).count(), 1, "{}", ended.log.join("\n"));
}

#[test]
fn a_service_that_waits_for_another_training_stops_at_once() {
    let bed = bed();
    bed.drop_dataset(4);
    let name = DatasetName::new("shapes").unwrap();
    let _lock = TrainingLock::take(&Workspace::new(bed.state("")), &name).unwrap();
    let mut service = bed.start();
    let waits = |line: &String| line.contains("Waiting for another training of the dataset ");
    service.wait_for("a waiting service", |service| service.log.iter().any(waits).then_some(()));
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
}

#[test]
fn of_two_trainings_at_once_none_loses_copies() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "2").set("train.max_epochs", "2");
    dataset(&bed, "shapes", 6);
    let train = |seed: &str| {
        let mut command = bed.command(&["train", "shapes", &format!("--set=augment.seed={seed}")]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let ended: Vec<_> = [train("1"), train("2")].into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let codes: Vec<_> = ended.iter().map(|output| output.status.code()).collect();
    assert!(codes.contains(&Some(0)), "{ended:?}");
    for output in &ended {
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!([Some(0), Some(75)].contains(&output.status.code()), "{shown}");
        assert!(!shown.contains("Left out") && !shown.contains("cannot be read"), "{shown}");
    }
}

#[test]
fn two_folders_of_one_name_are_two_datasets() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "1");
    for folder in ["a/shapes", "b/shapes"] {
        dataset(&bed, folder, 4);
    }
    bed.run(&["train", "a/shapes"]).ok();
    let refused = bed.run(&["train", "b/shapes"]);
    assert_eq!(refused.code, 64, "{}", refused.stderr);
    assert!(refused.stderr.contains("dataset `shapes` is the folder `"), "{}", refused.stderr);
    assert!(
        refused.stderr.trim_end().ends_with("choose another name, for example --dataset b-shapes"),
        "{}",
        refused.stderr
    );
    bed.run(&["train", "b/shapes", "--dataset=b-shapes"]).ok();
    let models = bed.run(&["models", "list", "--json"]).ok().json();
    let names: Vec<_> = models.as_array().unwrap().iter().map(|model| model["dataset"].as_str().unwrap()).collect();
    assert_eq!(names, ["b-shapes", "shapes"]);
    let refused = bed.run(&["train", "b/shapes", "--dataset=../b"]);
    assert_eq!(refused.code, 64, "{}", refused.stderr);

    // Versions that kept no note left copies, which know whose they are.
    fs::remove_file(bed.state("outside/shapes.folder")).unwrap();
    assert_eq!(bed.run(&["train", "b/shapes"]).code, 64);
    bed.run(&["train", "a/shapes"]).ok();

    // A name that stood for a folder which is gone is free; one that the inbox has is not.
    fs::rename(bed.path("a/shapes"), bed.path("a/moved")).unwrap();
    bed.run(&["train", "b/shapes"]).ok();
    bed.drop_dataset(4);
    assert_eq!(bed.run(&["train", "b/shapes"]).code, 64);
}

/// gradwatch as somebody, who may not look into the private folder.
fn as_somebody(bed: &TestBed, args: &[&str]) -> Command {
    let command = bed.command_of_somebody(args);
    if rustix::process::geteuid().is_root() {
        // Its owner may not look into it either.
        chown(bed.path("shapes/bars/private"), Some(0), Some(0)).unwrap();
    }
    command
}
