//! `gradwatch check`, and how the configuration is found.

use std::fs;
use std::process::{Command, Stdio};

use crate::bed::{TestBed, finish};

#[test]
fn a_good_configuration_is_reported_with_its_folders() {
    let bed = TestBed::new();
    let ran = bed.run(&["check"]).ok();
    assert!(ran.stdout.contains(bed.inbox("").to_str().unwrap().trim_end_matches('/')), "{}", ran.stdout);
}

#[test]
fn an_outbox_that_is_not_there_and_a_key_that_cannot_be_used_or_is_open_are_found() {
    let bed = TestBed::new().set("report.dicom", "true").set("report.outbox", "\"sent\"");
    let ran = bed.run(&["check"]);
    let advice = "report.outbox names a folder that does not exist";
    assert!(ran.code == 78 && ran.stderr.contains(advice), "{} {}", ran.code, ran.stderr);
    fs::create_dir(bed.path("sent")).unwrap();
    let ran = bed.run(&["check"]).ok();
    assert!(
        ran.stdout.contains("Results in DICOM can be written to ") && !ran.stdout.contains("key"),
        "{}",
        ran.stdout
    );
    bed.write("state/site.key", "00".repeat(32));
    let ran = bed.run(&["check"]).ok();
    assert!(ran.stdout.contains("site.key` can be read by other users"), "{}", ran.stdout);
    bed.write("state/site.key", "no key");
    assert_eq!(bed.run(&["check"]).code, 65);
}

#[test]
fn a_key_that_is_no_longer_one_is_warned_of_and_the_rest_holds() {
    let bed = TestBed::new().set("augment.size", "224");
    let ran = bed.run(&["check"]).ok();
    let advice = "augment.size is no longer a key: a training uses copies of 224 pixels, the network's input; remove it (`gradwatch augment --size`";
    assert!(ran.stderr.contains("WARN") && ran.stderr.contains(advice), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("The configuration is valid"), "{}", ran.stdout);
}

#[test]
fn without_a_file_the_defaults_hold_and_paths_start_where_one_stands() {
    let bed = TestBed::new();
    fs::remove_file(bed.path("config.toml")).unwrap();
    let ran = bed.run(&["check"]);
    assert_eq!(ran.code, 66, "the default inbox is not there: {}", ran.stderr);
    fs::create_dir(bed.path("watch")).unwrap();
    bed.run(&["check"]).ok();
}

#[test]
fn relative_paths_start_at_the_configuration_files_folder() {
    let bed = TestBed::new();
    let elsewhere = bed.write("elsewhere/config.toml", "watch.inbox = '../inbox'");
    let ran = bed.run(&["--config", elsewhere.to_str().unwrap(), "check"]).ok();
    assert!(bed.path("elsewhere/state").is_dir(), "{}", ran.stdout);
}

#[test]
fn the_command_line_wins_over_the_environment_over_the_file() {
    let bed = TestBed::new().set("storage.state_dir", "by-command-line");
    let mut command = bed.command(&["check"]);
    command.env("GRADWATCH__STORAGE__STATE_DIR", "by-environment").env("GRADWATCH__WATCH__INBOX", "by-environment");
    let ran = crate::bed::finish(command);
    assert_eq!(ran.code, 66, "{}", ran.stderr);
    assert!(ran.stderr.contains("by-environment"), "{}", ran.stderr);
    bed.run(&["check"]).ok();
    assert!(bed.path("by-command-line").is_dir());
}

#[test]
fn what_lies_where_inputs_do_is_looked_at() {
    let bed = TestBed::new();
    let ran = bed.run(&["check"]).ok();
    for part in ["datasets", "scans"] {
        assert!(
            ran.stdout.contains(&format!("Warning: `{}` is not there", bed.inbox(part).display())),
            "{}",
            ran.stdout
        );
    }
    fs::create_dir(bed.inbox("scans")).unwrap();
    let in_the_way = bed.write("inbox/datasets", "a file");
    let ran = bed.run(&["check"]);
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.contains(in_the_way.to_str().unwrap()), "{}", ran.stderr);
    fs::remove_file(in_the_way).unwrap();
    bed.drop_dataset(1);
    assert!(!bed.run(&["check"]).ok().stdout.contains("Warning: `"));
}

/// Runs `check` with a state folder on a small file system of its own, after `prepare`; none where nothing can be mounted.
fn on_a_small_disk(bed: &TestBed, options: &str, prepare: &str) -> Option<crate::bed::Ran> {
    let can_mount = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
    if !can_mount {
        return None;
    }
    let script = format!("mount -t tmpfs -o {options} none state && ({prepare}); exec \"$@\"");
    let check = bed.command(&["check"]);
    let mut shell = Command::new("unshare");
    shell.args(["-Urm", "/bin/sh", "-c", &script, "sh"]).arg(check.get_program()).args(check.get_args());
    shell.current_dir(bed.path("")).env("HOME", bed.path("")).stdin(Stdio::null());
    Some(finish(shell))
}

#[test]
fn a_full_or_read_only_disk_is_no_good_and_one_that_is_nearly_full_is_warned_of() {
    let bed = TestBed::new();
    for (options, prepare, problem) in [
        ("size=1m", "head -c 2M /dev/zero > state/ballast 2>/dev/null", "No space left on device"),
        ("size=1m", "head -c 1020K /dev/zero > state/ballast", "No space left on device"),
        ("size=1m", "mount -o remount,ro state", "Read-only file system"),
        ("size=1m,nr_inodes=1", "true", "No space left on device"),
    ] {
        let Some(ran) = on_a_small_disk(&bed, options, prepare) else { return };
        assert_eq!(ran.code, 74, "{prepare}: {}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(problem) && ran.stdout.is_empty(), "{prepare}: {}", ran.stderr);
    }
    let bed = bed.set("storage.reserve_gib", "2.0");
    let nearly = on_a_small_disk(&bed, "size=10m", "head -c 10000K /dev/zero > state/ballast").unwrap().ok();
    assert!(
        nearly.stdout.contains("free, and trainings and explanations wait while less than 0.5 MiB"),
        "{}",
        nearly.stdout
    );
    let few = on_a_small_disk(&bed, "size=10m,nr_inodes=90", "true").unwrap().ok();
    assert!(few.stdout.contains("more files (inodes)"), "{}", few.stdout);
}
