//! Output that cannot be written: a full device is an error, a reader that has gone is none, for results and for the log.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::bed::{Ran, TestBed, finish};

/// What a command says when its results are written to a device that is full.
fn on_a_full_device(bed: &TestBed, args: &[&str]) -> Ran {
    let command = bed.command(args);
    let mut shell = Command::new("/bin/sh");
    shell.current_dir(bed.path("")).env_clear().env("HOME", bed.path(""));
    shell.args(["-c", "\"$@\" > /dev/full", "sh"]).arg(command.get_program()).args(command.get_args());
    finish(shell)
}

#[test]
fn results_that_cannot_be_written_are_an_error() {
    let bed = TestBed::new();
    let commands: [&[&str]; 9] = [
        &["--help"],
        &["--version"],
        &["man"],
        &["completions", "bash"],
        &["check"],
        &["status"],
        &["status", "--json"],
        &["models", "list", "--json"],
        &["run", "--once", "--json"],
    ];
    for args in commands {
        let ran = on_a_full_device(&bed, args);
        let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("gradwatch: ")).collect();
        assert_eq!((ran.code, lines.len()), (74, 1), "{args:?}: {}", ran.stderr);
        assert!(lines[0].contains("cannot write the output: No space left on device"), "{args:?}: {}", lines[0]);
    }
}

#[test]
fn a_command_that_failed_keeps_its_own_line_when_its_document_cannot_be_written() {
    let bed = TestBed::new();
    let ran = on_a_full_device(&bed, &["train", "absent", "--json"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (74, 2), "{}", ran.stderr);
    assert!(ran.stderr.contains("absent") && ran.stderr.contains("cannot write the output"), "{}", ran.stderr);
}

/// Starts `args` with pipes, closes the read end of those that are named, and returns how it ended.
fn without_a_reader(bed: &TestBed, args: &[&str], stdout: bool, stderr: bool) -> Option<i32> {
    let mut child = bed.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let kept = (
        if stdout {
            drop(out);
            None
        } else {
            Some(out)
        },
        if stderr {
            drop(err);
            None
        } else {
            Some(err)
        },
    );
    let output = child.wait().unwrap();
    drop(kept);
    output.code()
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let bed = TestBed::new();
    bed.write("inbox/datasets/shapes/bars/odd.png", "no image");
    for args in [&["status", "--json"][..], &["--help"], &["run", "--once"]] {
        assert_eq!(without_a_reader(&bed, args, true, false), Some(0), "{args:?}");
        assert_eq!(without_a_reader(&bed, args, true, true), Some(0), "{args:?}, nor its log");
    }
    assert_eq!(without_a_reader(&bed, &["check", "--set=train.max_epochs=0"], true, true), Some(78));
    assert_eq!(without_a_reader(&bed, &["check", "--nonsense"], true, true), Some(64));
}

#[test]
fn a_service_goes_on_when_the_reader_of_its_log_has_gone_and_when_the_log_is_full() {
    for full in [false, true] {
        let bed = TestBed::new();
        let mut command = bed.command(&["run"]);
        command.stdout(Stdio::null());
        if full {
            command.stderr(File::options().write(true).open("/dev/full").unwrap());
        } else {
            command.stderr(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        if let Some(log) = child.stderr.take() {
            BufReader::new(log).read_line(&mut String::new()).unwrap();
        }
        bed.write("inbox/datasets/shapes/bars/odd.png", "no image");
        until_quarantined(&bed, &mut child);
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "full: {full}");
    }
}

/// Waits until the service has logged something about the file, which it has when the reason lies there.
fn until_quarantined(bed: &TestBed, child: &mut Child) {
    let deadline = std::time::Instant::now() + crate::bed::LIMIT;
    while !bed.state("quarantine").read_dir().is_ok_and(|mut reasons| reasons.next().is_some()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        assert!(std::time::Instant::now() < deadline, "the file was not read");
        std::thread::yield_now();
    }
}

#[test]
fn the_journal_gets_priorities_and_no_second_time() {
    let bed = TestBed::new().set("backbone.weights", "\"none.safetensors\"");
    bed.drop_dataset(4);
    let said = |connected: &dyn Fn(&File) -> String| {
        let log = bed.path("log");
        let file = File::create(&log).unwrap();
        let mut command = bed.command(&["run", "--once"]);
        command.env("JOURNAL_STREAM", connected(&file)).stderr(file);
        assert_ne!(command.status().unwrap().code(), Some(0));
        fs::read_to_string(log).unwrap()
    };
    let journal = said(&|file| {
        let metadata = file.metadata().unwrap();
        format!("{}:{}", metadata.dev(), metadata.ino())
    });
    let (before, last) = journal.trim_end().rsplit_once('\n').unwrap();
    assert!(last.starts_with("<3>gradwatch: "), "{journal}");
    assert!(
        before.lines().all(|line| ["<3>", "<4>", "<6>"].iter().any(|priority| line.starts_with(priority))),
        "{journal}"
    );
    assert!(!journal.contains(" INFO ") && !journal.contains("Z "), "{journal}");
    // A child of a service has the variable too, but its stderr may lead elsewhere.
    let other = said(&|_| "1:1".to_owned());
    assert!(other.contains(" INFO ") && !other.contains("<6>"), "{other}");
}
