//! `gradwatch forget` under faults: killed in the middle, and with a journal that cannot be written.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::faultline::{self, CHANGES, Plan};
use crate::bed::{Ran, TestBed, copy, finish};
use crate::forget::{self, NAME};
use crate::service::Service;

/// All that is a patient's.
const FORGET: [&str; 5] = [
    "forget",
    "Zoe Mustermann",
    "scans/shapes/Zoe Mustermann-scan.png",
    "datasets/shapes/disc/Zoe Mustermann-cut.png",
    "--yes",
];

/// Where in the erasure it is killed, as a part of its operations.
const KILLS: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.95];

fn place(bed: &TestBed) -> PathBuf {
    bed.path("").components().collect()
}

fn under(plan: &Plan, bed: &TestBed, args: &[&str]) -> Command {
    plan.around(&place(bed), &bed.command(args))
}

/// The same place once more.
fn copy_of(bed: &TestBed) -> TestBed {
    let other = forget::empty();
    for folder in ["inbox", "state"] {
        fs::remove_dir_all(other.path(folder)).unwrap();
        copy(&bed.path(folder), &other.path(folder));
    }
    other
}

#[test]
fn an_erasure_that_was_killed_is_finished_by_the_next_run() {
    if !faultline::is_permitted() {
        return;
    }
    let bed = forget::learned();
    let whole = copy_of(&bed);
    finish(under(&Plan::counting(CHANGES), &whole, &FORGET)).ok();
    let n = faultline::operations(&place(&whole)).len();
    let mut n_recorded = 0;
    for part in KILLS {
        let killed = copy_of(&bed);
        let plan = Plan { at: 1 + (part * n as f64) as usize, action: "kill", ..Plan::counting(CHANGES) };
        let ran = finish(under(&plan, &killed, &FORGET));
        assert!(ran.code != 0 && !faultline::hits(&place(&killed)).is_empty(), "{part}: {ran:?}");
        killed.run(&["run", "--once"]).ok();
        let is_recorded = killed.run(&["forget", "--list"]).ok().stdout.contains("Forgotten: ");
        if is_recorded {
            forget::has_nothing_of_it(&killed);
            n_recorded += 1;
        } else {
            assert!(!forget::naming(&killed, NAME.as_bytes()).is_empty(), "{part}: erased without a record");
        }
    }
    assert!(n_recorded > 2, "{n_recorded} of {n} operations");
}

#[track_caller]
fn is_refused_and_nothing_recorded(ran: &Ran) {
    assert_eq!((ran.code, ran.stderr.lines().count(), ran.stdout.as_str()), (74, 1, ""), "{ran:?}");
    assert!(ran.stderr.contains("journal.ndjson"), "{}", ran.stderr);
}

#[test]
fn a_refused_journal_fails_the_command_and_nothing_is_forgotten() {
    if !faultline::is_permitted() {
        return;
    }
    let bed = forget::learned();
    let (place, journal) = (place(&bed), bed.state("journal.ndjson"));
    faultline::stand(&place, "EIO", "write", &journal);
    is_refused_and_nothing_recorded(&finish(under(&Plan::counting(CHANGES), &bed, &FORGET)));
    faultline::pass(&place);

    let mut service = Service::spawn(&bed, under(&Plan::counting(CHANGES), &bed, &["run"]));
    service.wait_for("idle", |service| (service.status()?["state"] == "idle").then_some(()));
    faultline::stand(&place, "ENOSPC", "write", &journal);
    let ran = bed.run(&FORGET);
    is_refused_and_nothing_recorded(&ran);
    assert!(ran.stderr.contains("nothing was recorded"), "{}", ran.stderr);
    faultline::pass(&place);
    assert_eq!(bed.run(&["forget", "--list"]).ok().stdout, "No image is forgotten.\n");
    bed.run(&FORGET).ok();
    assert_eq!(service.stop().code, Some(0));
    forget::has_nothing_of_it(&bed);
}
