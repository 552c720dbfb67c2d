//! How work ends that failed: exit codes, what a summary says, and that a service tries again by itself.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bed::{Ran, TestBed, finish};
use crate::pictures::{self, Look};
use crate::service::Service;

fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2")
}

/// A bed with a model of `shapes`.
fn learned() -> TestBed {
    let bed = bed();
    bed.drop_dataset(4);
    bed.run(&["run", "--once"]).ok();
    bed
}

/// The failures that `run --once --json` lists, after a look at their shape.
#[track_caller]
fn failures(ran: &Ran) -> Vec<Value> {
    let failures = ran.json()["failures"].as_array().unwrap().clone();
    for failure in &failures {
        for key in ["what", "where", "why", "remedy"] {
            assert!(failure[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {failure:#}");
        }
    }
    failures
}

#[track_caller]
fn says_no_lie(ran: &Ran) {
    for lie in ["up to date", "Nothing to do", "first model"] {
        assert!(!ran.stdout.contains(lie), "it says `{lie}`: {}", ran.stdout);
    }
}

#[test]
fn a_training_that_cannot_write_is_a_failure_until_it_can() {
    for place in ["runs/shapes", "datasets"] {
        let bed = bed();
        bed.drop_dataset(4);
        let in_the_way = bed.write(PathBuf::from("state").join(place), "a file");
        let ran = bed.run(&["run", "--once", "--json"]);
        assert_eq!(ran.code, 74, "{place}: {}\n{}", ran.stdout, ran.stderr);
        let failures = failures(&ran);
        assert_eq!(failures.len(), 1, "{failures:#?}");
        assert_eq!((&failures[0]["what"], &failures[0]["where"]), (&"training".into(), &"shapes".into()));
        assert!(failures[0]["why"].as_str().unwrap().contains(place), "{:#}", failures[0]);
        assert!(failures[0]["remedy"].as_str().unwrap().contains("move it away"), "{:#}", failures[0]);
        assert_eq!(ran.json()["done"]["trainings"], 0);

        let again = bed.run(&["run", "--once"]);
        assert_eq!(again.code, 74, "{}", again.stderr);
        says_no_lie(&again);
        assert!(again.stdout.contains("Failed: the training of `shapes`: "), "{}", again.stdout);

        fs::remove_file(in_the_way).unwrap();
        let ran = bed.run(&["run", "--once", "--json"]).ok();
        assert_eq!((ran.json()["done"]["trainings"].as_u64(), failures_of(&ran)), (Some(1), 0));
    }
}

fn failures_of(ran: &Ran) -> usize {
    failures(ran).len()
}

#[test]
fn a_scan_that_cannot_be_explained_does_not_wait_for_a_model() {
    let bed = learned();
    bed.drop_scan(Look::Bars, 1);
    bed.drop_scan(Look::Disc, 2);
    fs::remove_dir_all(bed.state("reports/shapes")).unwrap();
    let in_the_way = bed.write("state/reports/shapes", "a file");
    let ran = bed.run(&["run", "--once"]);
    assert_eq!(ran.code, 74, "{}\n{}", ran.stdout, ran.stderr);
    says_no_lie(&ran);
    for scan in ["scan-bars-1", "scan-disc-2"] {
        assert!(ran.stdout.contains(&format!("Failed: the scan `scans/shapes/{scan}.png`: ")), "{}", ran.stdout);
    }
    fs::remove_file(in_the_way).unwrap();
    let ran = bed.run(&["run", "--once", "--json"]).ok();
    assert_eq!(ran.json()["done"]["scans_explained"], 2);
}

#[test]
fn a_model_explains_with_its_own_preprocessing_whatever_the_settings_say_later() {
    let bed = learned();
    bed.drop_scan(Look::Bars, 1);
    let scan = bed.inbox("scans/shapes/scan-bars-1.png");
    let scores = |more: &[&str]| {
        let explained = bed.run(&[&["explain", scan.to_str().unwrap(), "--out", "out", "--json"], more].concat()).ok();
        explained.json()["scans"][0]["scores"].clone()
    };
    assert_eq!(scores(&["--set=backbone.preprocessing=caffe"]), scores(&[]));
}

#[test]
fn of_several_failures_the_most_severe_gives_the_code() {
    let bed = learned().set("promotion.policy", "never").set("backbone.preprocessing", "caffe");
    bed.drop_scan(Look::Bars, 1);
    bed.write("state/datasets/shapes/manifest.jsonl", "");
    fs::rename(bed.state("runs/shapes"), bed.state("runs/elsewhere")).unwrap();
    bed.write("state/runs/shapes", "a file");
    let ran = bed.run(&["run", "--once", "--json"]);
    let failures = failures(&ran);
    let mut what: Vec<_> = failures.iter().map(|failure| failure["what"].as_str().unwrap()).collect();
    what.sort_unstable();
    assert_eq!(what, ["scan", "training"], "{failures:#?}");
    assert_eq!(ran.code, 74, "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn a_gallery_that_could_not_be_written_is_written_by_the_next_run() {
    let bed = learned();
    bed.drop_scan(Look::Bars, 1);
    let in_the_way = bed.state("reports/index.html");
    fs::remove_file(&in_the_way).unwrap();
    fs::create_dir_all(in_the_way.join("a folder")).unwrap();
    let ran = bed.run(&["run", "--once", "--json"]);
    assert_eq!(ran.code, 74, "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(failures(&ran)[0]["what"], "gallery");
    assert_eq!(ran.json()["done"]["scans_explained"], 1);
    fs::remove_dir_all(&in_the_way).unwrap();
    bed.run(&["run", "--once"]).ok();
    assert!(fs::read_to_string(&in_the_way).unwrap().contains("scan-bars-1"));
}

#[test]
fn a_page_that_could_not_be_written_is_a_failure_beside_its_model() {
    let bed = bed().set("augment.contact_sheet", "true");
    bed.drop_dataset(4);
    fs::create_dir_all(bed.state("datasets/shapes/contact-sheet.html/a folder")).unwrap();
    let ran = bed.run(&["run", "--once", "--json"]);
    assert_eq!(ran.code, 74, "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(failures(&ran)[0]["what"], "contact-sheet");
    assert_eq!(ran.json()["done"]["trainings"], 1, "the model is kept");
}

#[test]
fn what_waits_is_no_failure_and_not_up_to_date() {
    let bed = bed();
    bed.write("inbox/datasets/shapes/bars/1.png", pictures::png(Look::Bars, 1));
    bed.write("inbox/scans/shapes/early.png", pictures::png(Look::Bars, 2));
    for _ in 0..2 {
        let ran = bed.run(&["run", "--once"]).ok();
        assert!(ran.stdout.contains("Waiting: dataset `shapes`"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("up to date") && !ran.stdout.contains("Nothing to do"), "{}", ran.stdout);
    }
    let ran = bed.run(&["run", "--once", "--json"]).ok();
    assert_eq!((ran.json()["waiting"].as_array().unwrap().len(), failures_of(&ran)), (2, 0), "{}", ran.stdout);
}

#[test]
fn a_list_of_groups_that_cannot_be_used_is_waited_for() {
    let bed = bed();
    bed.drop_dataset(4);
    bed.write("inbox/datasets/shapes/groups.csv", "file,patient\n");
    let ran = bed.run(&["run", "--once"]).ok();
    assert!(ran.stdout.contains("Waiting: ") && ran.stdout.contains("groups.csv"), "{}", ran.stdout);
}

#[test]
fn a_service_tries_a_failed_training_again_by_itself() {
    let bed = bed();
    bed.drop_dataset(4);
    bed.drop_scan(Look::Disc, 1);
    let in_the_way = bed.write("state/runs/shapes", "a file");
    let mut service = bed.start();
    let failed = service.wait_for("a failed training", |service| {
        let status = service.status()?;
        status["failures"].as_array()?.first().filter(|failure| failure["what"] == "training").map(|_| status.clone())
    });
    assert_eq!(failed["failures"][0]["where"], "shapes", "{failed:#}");
    assert!(failed["failures"][0]["next_try"].is_string(), "{failed:#}");
    assert!(failed["last_error"].as_str().unwrap().contains("runs/shapes"), "{failed:#}");
    service.wait_for("the state `waiting`", |service| (service.status()?["state"] == "waiting").then_some(()));
    let shown = bed.run(&["status"]).ok().stdout;
    assert!(shown.contains("the training of `shapes`: ") && shown.contains("next attempt "), "{shown}");

    fs::remove_file(in_the_way).unwrap();
    service.wait_for_count("scans_explained", 1);
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    let status = service.status().unwrap();
    assert_eq!(status["counters"]["trainings"], 1);
    assert!(status["failures"].as_array().unwrap().is_empty() && status["last_error"].is_null(), "{status:#}");
    assert_eq!(service.stop().code, Some(0));
}

#[test]
fn a_service_tries_failed_scans_and_the_gallery_again() {
    let bed = learned();
    fs::remove_dir_all(bed.state("reports/shapes")).unwrap();
    let in_the_way = bed.write("state/reports/shapes", "a file");
    let no_gallery = bed.state("reports/index.html");
    let mut service = bed.start();
    service.ready();
    bed.drop_scan(Look::Bars, 1);
    bed.drop_scan(Look::Disc, 2);
    service.wait_for("a failed scan", |service| (service.status()?["queues"]["failed"].as_u64()? > 0).then_some(()));
    fs::remove_file(&no_gallery).unwrap();
    fs::create_dir_all(no_gallery.join("a folder")).unwrap();
    fs::remove_file(in_the_way).unwrap();
    service.wait_for_count("scans_explained", 2);
    service.wait_for("a failed gallery", |service| {
        (service.status()?["failures"].as_array()?.first()?["what"] == "gallery").then_some(())
    });
    fs::remove_dir_all(&no_gallery).unwrap();
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    assert!(fs::read_to_string(&no_gallery).unwrap().contains("scan-disc-2"));
    assert_eq!(service.stop().code, Some(0));
}

#[test]
fn a_service_whose_journal_cannot_grow_waits_and_loses_nothing() {
    let bed = learned();
    let mut service = Service::start_on_a_disk_that_may_fill(&bed);
    service.ready();
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    service.limit_files(Some(fs::metadata(bed.state("journal.ndjson")).unwrap().len()));
    // Their records are more than are written at once.
    for number in 0..10 {
        bed.drop_scan(Look::Bars, number);
    }
    let status = service.wait_for("a failed record", |service| {
        let status = service.status()?;
        (status["failures"].as_array()?.first()?["what"] == "record").then_some(status)
    });
    assert_eq!(
        (&status["state"], &status["counters"]["scans_explained"]),
        (&"waiting".into(), &0.into()),
        "{status:#}"
    );
    let refused = bed.run(&["models", "promote", status["datasets"]["shapes"]["best"]["run_id"].as_str().unwrap()]);
    assert!(refused.code != 0 && refused.stderr.contains("journal.ndjson"), "{refused:?}");

    service.limit_files(None);
    service.wait_for_count("scans_explained", 10);
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    assert_eq!(service.stop().code, Some(0));
    let ran = bed.run(&["run", "--once", "--json"]).ok();
    assert_eq!(ran.json()["done"]["scans_explained"], 0, "it is recorded");
}

#[test]
fn a_small_disk_that_is_full_is_a_failure_until_it_has_room() {
    // Full before anything is written, and among the copies or features.
    for free in [0, 200] {
        let bed = bed();
        bed.drop_dataset(4);
        bed.drop_scan(Look::Disc, 1);
        let [first, second] = run_on_a_small_disk(&bed, free);
        assert_eq!(first.code, 74, "{free}: {}\n{}", first.stdout, first.stderr);
        assert!(failures(&first).iter().all(|failure| failure["kind"] == "io"), "{free}: {}", first.stdout);
        assert!(!first.stderr.contains("up to date"), "{free}: {}", first.stderr);
        assert_eq!(second.code, 0, "{free}: {}\n{}", second.stdout, second.stderr);
        let done = &second.json()["done"];
        assert_eq!((&done["trainings"], &done["scans_explained"]), (&1.into(), &1.into()), "{free}: {done:#}");
    }
}

#[test]
fn a_training_outside_the_service_ends_with_the_code_of_what_failed() {
    let bed = bed();
    for look in Look::ALL {
        for number in 0..4 {
            bed.write(format!("shapes/{look}/{number}.png"), pictures::png(look, number));
        }
    }
    bed.write("state/runs/shapes", "a file");
    let ran = bed.run(&["train", "shapes"]);
    assert_eq!(ran.code, 74, "{}\n{}", ran.stdout, ran.stderr);
    let ran = bed.run(&["train", "shapes", "--set=backbone.weights=absent.safetensors"]);
    assert_eq!(ran.code, 66, "{}\n{}", ran.stdout, ran.stderr);
}

/// Runs `run --once --json` twice on a state folder of 4 MiB, first with `free` KiB of it left and then with all of it. Where no
/// file system can be mounted, no file may be longer than 20 KiB the first time.
fn run_on_a_small_disk(bed: &TestBed, free: u32) -> [Ran; 2] {
    const SCRIPT: &str = r#"
        weights=$(readlink -f state/weights) ballast=$((4096 - $1)); shift
        if mount -t tmpfs -o size=4m none state 2>/dev/null; then
            ln -s "$weights" state/weights && head -c ${ballast}K /dev/zero > state/ballast
            "$@" > first.json 2> first.log; echo $? > first.code
            rm state/ballast
        else
            (trap '' XFSZ; ulimit -f 40; "$@" > first.json 2> first.log; echo $? > first.code)
        fi
        "$@" > second.json 2> second.log; echo $? > second.code
    "#;
    let run = bed.command(&["run", "--once", "--json"]);
    let alone = ["-Urm", "/bin/sh", "-c", SCRIPT, "sh"];
    let can_mount = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
    let mut shell = if can_mount { Command::new("unshare") } else { Command::new("/bin/sh") };
    shell.args(if can_mount { &alone[..] } else { &alone[2..] }).arg(free.to_string());
    shell.arg(run.get_program()).args(run.get_args()).current_dir(bed.path("")).stdin(Stdio::null());
    finish(shell).ok();
    ["first", "second"].map(|name| {
        let read = |end: &str| fs::read_to_string(bed.path(format!("{name}.{end}"))).unwrap();
        Ran { code: read("code").trim().parse().unwrap(), stdout: read("json"), stderr: read("log") }
    })
}

#[test]
fn a_command_that_does_nothing_lists_why_in_its_document() {
    let bed = bed();
    for (args, what, code) in [
        (&["train", "absent", "--json"][..], "training", 66),
        (&["explain", "absent.png", "--json"], "scan", 66),
        (&["run", "--once", "--json", "--set=train.absent=1"], "run", 78),
        (&["run", "--once", "--json", "--set=watch.inbox=absent"], "run", 66),
    ] {
        let ran = bed.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert_eq!(failures(&ran)[0]["what"], what, "{args:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn scans_that_no_training_helps_are_named_and_are_not_said_to_wait_for_a_model() {
    let bed = learned();
    for place in ["scans", "scans/absent", "datasets/others/disc"] {
        bed.write(format!("inbox/{place}/1.png"), pictures::png(Look::Disc, place.len() as u64 + 500));
        bed.write(format!("inbox/{place}/2.png"), pictures::png(Look::Bars, place.len() as u64 + 500));
    }
    let waiting = bed.run(&["run", "--once", "--json"]).ok().json()["waiting"].clone();
    let shown: Vec<&str> = waiting.as_array().unwrap().iter().map(|clause| clause.as_str().unwrap()).collect();
    assert_eq!(shown.len(), 3, "a class alone, and two kinds of scans: {shown:#?}");
    assert!(shown[1].contains("(and 1 more) names no dataset, and there are several"), "{shown:#?}");
    assert!(shown[2].contains("(and 1 more) names dataset `absent`, which has no images"), "{shown:#?}");
}

#[test]
fn a_single_pass_over_an_inbox_that_is_not_there_leaves_nothing_behind() {
    let bed = TestBed::new().set("watch.inbox", "\"none\"").set("storage.state_dir", "\"fresh\"");
    let ran = bed.run(&["run", "--once"]);
    assert_eq!(ran.code, 66, "{}", ran.stderr);
    assert!(!bed.path("fresh").exists());
}
