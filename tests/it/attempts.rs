//! What ends the program: it is found out, set aside, and holds up nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bed::{Ran, TestBed, finish};
use crate::pictures::{self, Look};

/// A program that reads this file is aborted.
const FATAL: &str = "fatal-5.png";

fn compile_library(bed: &TestBed) -> PathBuf {
    let (source, library) = ("scripts/end_on_read.c", bed.path("end_on_read.so"));
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&library);
    compile.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).arg("-ldl");
    finish(compile).ok();
    library
}

fn run(bed: &TestBed, library: &Path) -> Ran {
    let mut run = bed.command(&["run", "--once", "--json"]);
    run.env("LD_PRELOAD", library).env("END_ON_READ", FATAL);
    finish(run)
}

fn attempts(bed: &TestBed) -> Vec<Value> {
    let text = fs::read_to_string(bed.state("attempts.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_file_that_ends_the_program_is_quarantined_after_three_ends_and_the_others_are_learned() {
    let bed = TestBed::new().set("augment.copies", "0").sharing_features();
    let library = compile_library(&bed);
    bed.drop_dataset(4);
    let fatal = bed.write(format!("inbox/datasets/shapes/disc/{FATAL}"), pictures::png(Look::Disc, 5));

    assert_eq!(run(&bed, &library).code, -1, "it was killed by a signal");
    let n_named = |line: &Value| line["of"].as_array().map_or(0, Vec::len);
    assert_eq!(attempts(&bed).iter().map(n_named).max(), Some(9), "named before they were read");
    for _ in 0..3 {
        assert_eq!(run(&bed, &library).code, -1);
    }
    let ran = run(&bed, &library).ok();
    let done = &ran.json()["done"];
    assert_eq!((&done["quarantined"], &done["trainings"]), (&1.into(), &1.into()), "{}", ran.stderr);
    assert!(ran.stderr.contains("ends-program") && ran.stderr.contains("ended the program 3 times"), "{}", ran.stderr);
    let reason = fs::read_dir(bed.state("quarantine")).unwrap().next().unwrap().unwrap();
    assert!(fs::read_to_string(reason.path()).unwrap().contains("replace the file"));
    assert!(!bed.state("attempts.ndjson").exists(), "nothing is suspected any more");
    assert_eq!(run(&bed, &library).code, 0, "it is not read again");

    fs::write(&fatal, pictures::png(Look::Disc, 6)).unwrap();
    assert_eq!(run(&bed, &library).code, -1, "another content is tried");
    assert_eq!(
        bed.run(&["run", "--once", "--json"]).ok().json()["done"]["trainings"],
        1,
        "and used where it can be read"
    );
}

#[test]
fn a_kill_while_files_are_read_changes_nothing_but_the_order() {
    let bed = TestBed::new().set("augment.copies", "0").sharing_features();
    let library = compile_library(&bed);
    bed.drop_dataset(4);
    bed.write(format!("inbox/datasets/shapes/disc/{FATAL}"), pictures::png(Look::Disc, 5));
    assert_eq!(run(&bed, &library).code, -1);
    let done = &bed.run(&["run", "--once", "--json"]).ok().json()["done"];
    assert_eq!((&done["samples"], &done["quarantined"], &done["trainings"]), (&9.into(), &0.into(), &1.into()));
    assert!(!bed.state("attempts.ndjson").exists());
}
