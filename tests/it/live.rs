//! The service: pictures dropped while it runs, other commands beside it, stops and kills.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::bed::{self, TestBed};
use crate::dicom::dicom;
use crate::pictures::{self, Look};
use crate::service::Service;

/// A service has five seconds to stop; a test machine may be busy, so that much again is allowed on top of them.
const STOP: Duration = Duration::from_secs(5);

fn bed() -> TestBed {
    TestBed::new().set("augment.copies", "1")
}

#[test]
fn a_service_whose_status_is_seconds_old_is_asked() {
    let bed = bed();
    let mut service = bed.start();
    service.wait_for("rest", |service| (service.status()?["state"] == "idle").then_some(()));
    let mut before = bed.status();
    before["state"] = "training".into();
    before["updated"] =
        humantime::format_rfc3339_seconds(SystemTime::now() - Duration::from_secs(5)).to_string().into();
    fs::write(bed.state("before"), before.to_string()).unwrap();
    fs::rename(bed.state("before"), bed.state("status.json")).unwrap();
    let shown = bed.run(&["status"]).ok().stdout;
    assert!(shown.contains(" is idle, "), "{shown}");
    service.stop();
}

#[test]
fn what_is_dropped_while_it_runs_is_learned_and_explained() {
    let bed = bed().sharing_features();
    let mut service = bed.start();
    service.ready();

    // Made elsewhere and moved in as a whole folder, as a file manager does.
    for look in Look::ALL {
        for number in 0..6 {
            bed.write(format!("elsewhere/shapes/{look}/{number}.png"), pictures::png(look, number));
        }
    }
    bed.drop_scan(Look::Disc, 1);
    fs::create_dir_all(bed.inbox("datasets")).unwrap();
    fs::rename(bed.path("elsewhere/shapes"), bed.inbox("datasets/shapes")).unwrap();
    service.wait_for_count("scans_explained", 1);
    let status = bed.status();
    assert_eq!(status["schema"], "gradwatch.status/1");
    assert_eq!(status["counters"]["samples"], 12);
    assert_eq!(status["counters"]["trainings"], 1);

    // Other commands work while the service holds the registry; a second service does not.
    let models = bed.run(&["models", "list", "--json"]).ok();
    assert!(models.stdout.contains("\"shapes\""), "{}", models.stdout);
    let second = bed.run(&["run"]);
    assert_eq!(second.code, 75, "{}", second.stderr);
    assert!(second.stderr.contains("in use by another gradwatch"), "{}", second.stderr);

    // One more image, and one replaced by another: one training each, or one for both.
    bed.write("inbox/datasets/shapes/bars/6.png", pictures::png(Look::Bars, 6));
    bed.write("inbox/datasets/shapes/disc/0.png", pictures::png(Look::Disc, 7));
    service.wait_for_count("samples", 14);
    let trained_anew = |service: &Service| {
        let status = service.status()?;
        let shapes = &status["datasets"]["shapes"]["classes"];
        let n = |class: &str| Some(shapes[class]["train"].as_u64()? + shapes[class]["validation"].as_u64()?);
        let all = n("bars")? == 7 && n("disc")? == 6 && status["state"] == "idle";
        (all && status["counters"]["trainings"].as_u64()? >= 2).then_some(())
    };
    service.wait_for("a training on both", trained_anew);

    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert!(ended.took < STOP, "{:?}", ended.took);
    assert!(ended.told.iter().any(|message| message == "STOPPING=1"));
    assert_eq!(bed.status()["state"], "stopped");
}

#[test]
fn a_stop_in_the_first_moment_is_obeyed() {
    for _ in 0..3 {
        let bed = bed();
        let service = bed.start();
        service.until_a_stop_is_obeyed();
        let ended = service.stop();
        assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
        assert!(ended.took < STOP, "{:?}", ended.took);
    }
}

#[test]
fn a_stop_in_the_middle_of_the_first_look_is_obeyed() {
    let bed = bed();
    let first = bed.write("inbox/datasets/shapes/bars/0.png", pictures::png(Look::Bars, 0));
    for number in 1..30_000 {
        fs::hard_link(&first, first.with_file_name(format!("{number}.png"))).unwrap();
    }
    let mut service = bed.start();
    service.ready();
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert!(ended.took < STOP, "{:?}", ended.took);
    let status = bed.status();
    assert_eq!((&status["state"], &status["counters"]["samples"]), (&"stopped".into(), &0.into()));
    assert_eq!(status["queues"]["arrivals"], 0, "it had not looked to the end: {status:#}");
}

#[test]
fn it_stops_in_time_while_it_works_and_goes_on_later() {
    let bed = bed();
    bed.drop_dataset(10);
    let mut service = bed.start();
    service.wait_for("work under way", |service| {
        let state = service.status()?["state"].as_str()?.to_owned();
        ["augmenting", "training"].contains(&state.as_str()).then_some(())
    });
    let ended = service.end(Signal::INT);
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert!(ended.took < STOP, "{:?}", ended.took);
    bed.run(&["run", "--once"]).ok();
    assert_eq!(bed.status()["counters"]["trainings"], 1);
}

#[test]
fn a_killed_service_is_reported_as_dead_and_leaves_the_folder_free() {
    let bed = bed();
    let mut service = bed.start();
    service.ready();
    service.wait_for("a status", super::service::Service::status);
    service.kill();
    let shown = bed.run(&["status"]);
    assert!(shown.stdout.contains("not running"), "{}{}", shown.stdout, shown.stderr);
    bed.run(&["run", "--once"]).ok();
}

#[test]
fn who_may_only_read_the_state_asks_the_service_and_who_may_not_is_told_whom_to_join() {
    let bed = bed().sharing_features();
    bed.drop_dataset(6);
    let mut service = bed.start();
    service.wait_for_count("trainings", 1);
    let permit = |path: &str, mode| fs::set_permissions(bed.state(path), fs::Permissions::from_mode(mode)).unwrap();
    // As the group sees them with the unit's umask.
    permit("lock", 0o440);
    let listed = bed::finish(bed.command_of_somebody(&["models", "list", "--json"])).ok();
    assert!(listed.stdout.contains("\"shapes\""), "{}", listed.stdout);
    permit("", 0o000);
    for command in [&["models", "list"][..], &["status"]] {
        let refused = bed::finish(bed.command_of_somebody(command));
        assert_ne!(refused.code, 0, "{command:?}: {}", refused.stdout);
        assert!(refused.stderr.contains("or join its group (usermod "), "{command:?}: {}", refused.stderr);
    }
    permit("", 0o755);
    permit("lock", 0o640);
    assert_eq!(service.stop().code, Some(0));
}

#[test]
fn a_new_configuration_is_refused_with_its_line_or_taken_over_without_a_restart() {
    let bed = bed().sharing_features();
    let mut service = bed.start();
    service.ready();
    let old = fs::read_to_string(bed.path("config.toml")).unwrap();
    let n_lines = old.lines().count();
    let mut refused = |addition: &str, reason: &str| {
        bed.write("config.toml", format!("{}\n{addition}\n", old.trim_end()));
        service.reload();
        let reason = reason.replace("LINE", &(n_lines + 2).to_string());
        let says = |line: &String| line.contains("New configuration refused") && line.contains(&reason);
        service.wait_for(&reason, |service| service.log.iter().any(says).then_some(()));
    };
    refused(
        "\nsplit.validatoin = 0.3",
        "line LINE: `split.validatoin`: unknown field `validatoin`; did you mean `validation`?",
    );
    refused("\nlog.level = \"debug\"", "[log] changes only with a restart");
    assert!(!service.told.iter().any(|message| message.contains("RELOADING=1")), "{:?}", service.told);

    // Another inbox, whose images are learned by the same process.
    bed.drop_dataset(6);
    service.wait_for_count("trainings", 1);
    fs::rename(bed.inbox(""), bed.path("moved")).unwrap();
    bed.write("config.toml", old.replace("inbox = \"inbox\"", "inbox = \"moved\""));
    service.reload();
    service.wait_for("the new configuration", |service| {
        let is_ready = service.told.iter().rev().take_while(|message| !message.contains("RELOADING=1"));
        let is_ready = is_ready.into_iter().any(|message| message == "READY=1");
        let is_told = service.told.iter().any(|message| message.contains("RELOADING=1"));
        (is_told && is_ready).then_some(())
    });
    for (look, number) in Look::ALL.into_iter().flat_map(|look| (100..104).map(move |number| (look, number))) {
        bed.write(format!("moved/datasets/shapes/{look}/{number}.png"), pictures::png(look, number));
    }
    service.wait_for_count("trainings", 2);
    // What is hidden of names holds for the new inbox, too.
    bed.write("moved/scans/shapes/DOE.png", dicom(Look::Disc, 50));
    service.wait_for_count("scans_explained", 1);
    assert!(!service.log.iter().any(|line| line.contains("DOE")), "{}", service.log.join("\n"));
    assert!(service.status().unwrap()["inbox"].as_str().unwrap().ends_with("moved"));
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    let told = |text: &str| ended.log.iter().filter(|line| line.contains(text)).count();
    assert_eq!([told("Service started"), told("New configuration in use")], [1, 1], "{}", ended.log.join("\n"));
}
