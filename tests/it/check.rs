//! `gradwatch check`, and how the configuration is found.

use std::fs;

use crate::bed::TestBed;

#[test]
fn a_good_configuration_is_reported_with_its_folders() {
    let bed = TestBed::new();
    let ran = bed.run(&["check"]).ok();
    assert!(ran.stdout.contains(bed.inbox("").to_str().unwrap().trim_end_matches('/')), "{}", ran.stdout);
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
