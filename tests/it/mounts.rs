//! Folders of the inbox that are mounted, and go away; files that cannot be read for a while. Real mounts, in a namespace of
//! their own. One image of a class is too few for a training, which would only take time here.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::bed::{Ran, TestBed, finish, tool};
use crate::pictures::{self, Look};
use crate::service::Service;

/// A user who is mapped to nobody in the namespaces of these tests.
const STRANGER: u32 = 54_321;

fn bed() -> TestBed {
    TestBed::new().sharing_features()
}

/// `unshare` with these flags; `None` where this machine does not permit it, which is a failure with `CI=true`.
fn unshare(flags: &str) -> Option<Command> {
    let path = tool("unshare")?;
    let is_permitted = Command::new(&path).args([flags, "true"]).status().is_ok_and(|status| status.success());
    if !is_permitted {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "this machine permits no namespaces");
        eprintln!("left out: this machine permits no namespaces");
        return None;
    }
    let mut command = Command::new(path);
    command.arg(flags);
    Some(command)
}

/// A shell in a namespace, with the words of `gradwatch ARGS` as `$@`, in the bed.
fn shell(bed: &TestBed, script: &str, args: &[&str]) -> Option<Command> {
    let run = bed.command(args);
    let mut shell = unshare("-Urm")?;
    shell.args(["/bin/sh", "-ec", script, "sh"]).arg(run.get_program()).args(run.get_args());
    shell.current_dir(bed.path("")).env("HOME", bed.path("")).stdin(Stdio::null());
    Some(shell)
}

/// Moves what was dropped at `folder` of the inbox to a disk, which a test mounts there.
fn put_on_a_disk(bed: &TestBed, folder: &str) {
    fs::rename(bed.inbox(folder), bed.path("disk")).unwrap();
    fs::create_dir_all(bed.inbox(folder)).unwrap();
}

/// Runs of `run --once`, with the place and the word `runs` for the shell: each `runs N` is one.
fn runs<const N: usize>(bed: &TestBed, place: &str, script: &str) -> Option<[Ran; N]> {
    let runs = r#"
        place=$1; shift
        runs() { n=$1; shift; code=0; "$@" > /dev/null 2> $n.log || code=$?; echo $code > $n.code; cp state/status.json $n.status; }
    "#;
    let mut command = unshare("-Urm")?;
    let run = bed.command(&["run", "--once", "--json"]);
    command.args(["/bin/sh", "-ec", &[runs, script].concat(), "sh", place]).arg(run.get_program()).args(run.get_args());
    finish(command_in(bed, command)).ok();
    Some(std::array::from_fn(|n| {
        let read = |end: &str| fs::read_to_string(bed.path(format!("{n}.{end}"))).unwrap();
        Ran { code: read("code").trim().parse().unwrap(), stdout: read("status"), stderr: read("log") }
    }))
}

fn command_in(bed: &TestBed, mut command: Command) -> Command {
    command.current_dir(bed.path("")).env("HOME", bed.path("")).stdin(Stdio::null());
    command
}

fn n_samples(status: &serde_json::Value) -> u64 {
    let classes = status["datasets"].as_object().unwrap().values().filter_map(|dataset| dataset["classes"].as_object());
    let counts = classes.flat_map(serde_json::Map::values).flat_map(|class| class.as_object().unwrap().values());
    counts.filter_map(serde_json::Value::as_u64).sum()
}

/// The samples stay known and nothing counts as done.
#[track_caller]
fn check_missed(ran: &Ran, n: u64, why: &str) {
    assert_eq!((n_samples(&ran.json()), ran.code), (n, 74), "{why}: {}", ran.stderr);
    assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
}

#[track_caller]
fn check_kept(bed: &TestBed, place: &str, n: u64) {
    const SCRIPT: &str = r#"
        mount --bind disk "$place"; runs 0 "$@"
        umount "$place"; runs 1 "$@"
        mount -t tmpfs none "$place"; mkdir -p "$place/datasets"; runs 2 "$@"
        umount "$place"; mount --bind disk "$place"; runs 3 "$@"
    "#;
    let Some([mounted, unmounted, other, again]) = runs(bed, place, SCRIPT) else { return };
    assert_eq!((mounted.code, n_samples(&mounted.json())), (0, n), "{}", mounted.stderr);
    check_missed(&unmounted, n, "was a mounted folder and is now empty or missing");
    check_missed(&other, n, "may be another file system than before and holds none of the known files");
    assert_eq!((again.code, n_samples(&again.json())), (0, n), "{}", again.stderr);
    assert_eq!(again.json()["counters"]["samples"], n, "none was learned anew");
}

#[test]
fn what_lies_in_the_place_of_a_mount_counts_when_a_known_file_is_among_it() {
    const SCRIPT: &str = r#"
        mount --bind disk "$place"; runs 0 "$@"
        umount "$place"; mkdir "$place/disc"; cp stray.png "$place/disc"; runs 1 "$@"
        cp -a disk/* "$place"; runs 2 "$@"
        rm "$place"/*/*; runs 3 "$@"
    "#;
    let bed = bed();
    bed.drop_dataset(1);
    bed.write("stray.png", pictures::png(Look::Disc, 77));
    put_on_a_disk(&bed, "datasets/shapes");
    let Some([mounted, stray, copied, emptied]) = runs(&bed, "inbox/datasets/shapes", SCRIPT) else { return };
    assert_eq!((mounted.code, n_samples(&mounted.json())), (0, 2), "{}", mounted.stderr);
    check_missed(&stray, 2, "was a mounted folder, is now an ordinary one, and holds none of the known files");
    assert_eq!((copied.code, n_samples(&copied.json())), (0, 3), "the copies and the new one: {}", copied.stderr);
    assert_eq!((emptied.code, n_samples(&emptied.json())), (0, 0), "it is an ordinary folder now: {}", emptied.stderr);
}

#[test]
fn a_dataset_that_is_unmounted_is_not_forgotten_by_a_run() {
    let bed = bed();
    bed.drop_dataset(1);
    bed.write("inbox/datasets/others/disc/1.png", pictures::png(Look::Disc, 77));
    put_on_a_disk(&bed, "datasets/shapes");
    check_kept(&bed, "inbox/datasets/shapes", 3);
    // One that is retired for good.
    fs::remove_file(bed.state("mounts.json")).unwrap();
    bed.run(&["run", "--once"]).ok();
    assert_eq!(n_samples(&bed.status()), 1);
}

#[test]
fn an_inbox_that_is_unmounted_from_a_folder_with_the_same_folders_is_not_forgotten() {
    let bed = bed();
    bed.drop_dataset(1);
    fs::rename(bed.inbox(""), bed.path("disk")).unwrap();
    for folder in ["datasets", "scans"] {
        fs::create_dir_all(bed.inbox(folder)).unwrap();
    }
    check_kept(&bed, "inbox", 2);
}

#[test]
fn a_dataset_that_is_unmounted_while_the_service_runs_is_missed_and_found_again() {
    const SCRIPT: &str = r#"
        mount --bind disk inbox/datasets/shapes
        (exec 3<>steps; read step <&3; umount -l inbox/datasets/shapes
         read step <&3; mount --bind disk inbox/datasets/shapes) > umount.log 2>&1 &
        exec "$@"
    "#;
    let bed = bed();
    bed.drop_dataset(1);
    put_on_a_disk(&bed, "datasets/shapes");
    mkfifoat(CWD, bed.path("steps"), Mode::RUSR | Mode::WUSR).unwrap();
    let Some(command) = shell(&bed, SCRIPT, &["run"]) else { return };
    let mut service = Service::spawn(&bed, command);
    service.wait_for_count("samples", 2);
    fs::write(bed.path("steps"), "unmount\n").unwrap();
    let waits = |service: &Service| {
        let status = service.status()?;
        let reason = status["waits_for"].as_str()?;
        (status["state"] == "blocked" && reason.contains("datasets/shapes` was a mounted folder")).then_some(())
    };
    service.wait_for("word of the mount", waits);
    bed.write("inbox/datasets/others/disc/1.png", pictures::png(Look::Disc, 77));
    service.wait_for_count("samples", 3);
    assert_eq!(n_samples(&service.status().unwrap()), 3);
    fs::write(bed.path("steps"), "mount\n").unwrap();
    service.wait_for("the mount", |service| (service.status()?["state"] != "blocked").then_some(()));
    bed.write("disk/disc/new.png", pictures::png(Look::Disc, 78));
    service.wait_for_count("samples", 4);
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert_eq!((n_samples(&bed.status()), &bed.status()["counters"]["samples"]), (4, &4.into()));
}

#[test]
fn a_state_folder_that_another_mount_covers_is_waited_for_and_not_begun_anew() {
    const SCRIPT: &str = r#"
        (exec 3<>steps; read step <&3; mount -t tmpfs none state; echo covered > steps.log
         read step <&3; umount state) > umount.log 2>&1 &
        exec "$@"
    "#;
    let bed = bed();
    bed.drop_dataset(1);
    mkfifoat(CWD, bed.path("steps"), Mode::RUSR | Mode::WUSR).unwrap();
    let Some(command) = shell(&bed, SCRIPT, &["run"]) else { return };
    let mut service = Service::spawn(&bed, command);
    service.wait_for_count("samples", 2);
    fs::write(bed.path("steps"), "cover\n").unwrap();
    let covered = bed.path("steps.log");
    service.wait_for("the cover", |_| covered.exists().then_some(()));
    bed.write("inbox/datasets/shapes/disc/new.png", pictures::png(Look::Disc, 77));
    let says_so = |service: &Service| {
        service.log.iter().any(|line| line.contains("has no journal any more; mount it again")).then_some(())
    };
    service.wait_for("word of the state folder", says_so);
    fs::write(bed.path("steps"), "uncover\n").unwrap();
    service.wait_for_count("samples", 3);
    let ended = service.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.log.join("\n"));
    assert_eq!(n_samples(&bed.status()), 3);
}

/// `gradwatch ARGS`, which may not read the file until its permissions allow that to all.
fn without_access_to(bed: &TestBed, file: &Path, args: &[&str]) -> Option<Command> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o000)).unwrap();
    let run = bed.command(args);
    if !rustix::process::geteuid().is_root() {
        return Some(run);
    }
    // Permissions bind nobody in a namespace to whom the file's owner is a stranger.
    chown(file, Some(STRANGER), Some(STRANGER)).unwrap();
    let mut command = unshare("-Ur")?;
    command.arg(run.get_program()).args(run.get_args());
    Some(command_in(bed, command))
}

#[test]
fn a_run_that_cannot_read_an_image_trains_nothing_and_the_next_run_does_what_an_undisturbed_one_does() {
    let [bed, undisturbed] = [bed(), bed()].map(|bed| bed.set("augment.copies", "0"));
    for bed in [&bed, &undisturbed] {
        bed.drop_dataset(3);
    }
    let locked = bed.inbox("datasets/shapes/disc").read_dir().unwrap().next().unwrap().unwrap().path();
    let Some(command) = without_access_to(&bed, &locked, &["run", "--once"]) else { return };
    let ran = finish(command);
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    let name = locked.strip_prefix(bed.inbox("")).unwrap().display().to_string();
    let waits = format!("Waiting: the training of dataset `shapes` waits for `{name}`: the file cannot be read: ");
    assert!(ran.stdout.contains(&waits), "{}", ran.stdout);
    assert!(!bed.state("runs").exists(), "no model without it");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o644)).unwrap();
    for bed in [&bed, &undisturbed] {
        bed.run(&["run", "--once"]).ok();
    }
    let told = |bed: &TestBed| {
        let status = bed.status();
        let counters = ["samples", "trainings", "quarantined"].map(|counter| status["counters"][counter].clone());
        (counters, status["datasets"]["shapes"]["classes"].clone())
    };
    assert_eq!(told(&bed), told(&undisturbed));
    let runs = |bed: &TestBed| {
        let runs = bed.state("runs/shapes").read_dir().unwrap().map(|run| run.unwrap().file_name());
        runs.collect::<BTreeSet<_>>()
    };
    assert_eq!(runs(&bed), runs(&undisturbed));
}

#[test]
fn a_file_that_may_not_be_read_is_named_at_once_and_taken_in_when_it_may() {
    let bed = bed();
    let locked = bed.write("inbox/datasets/shapes/disc/locked.png", pictures::png(Look::Disc, 1));
    bed.write("inbox/datasets/shapes/disc/half.png", &pictures::png(Look::Disc, 2)[..400]);
    bed.write("inbox/misplaced.png", pictures::png(Look::Disc, 3));
    let Some(command) = without_access_to(&bed, &locked, &["run"]) else { return };
    let mut service = Service::spawn(&bed, command);
    let named = |service: &Service| {
        let status = service.status()?;
        let has = |key: &str, parts: [&str; 2]| {
            let rows = status[key].as_array()?.iter().filter_map(serde_json::Value::as_str);
            rows.into_iter().find(|row| parts.iter().all(|part| row.contains(part))).map(drop)
        };
        has("waiting_files", ["locked.png`: the file cannot be read", "; next try "])?;
        has("waiting_files", ["half.png`: ", "; waits for a change until "])?;
        has("skipped", ["`misplaced.png`", "outside `datasets` and `scans`"])
    };
    service.wait_for("the names of both", named);
    let shown = bed.run(&["status"]).ok().stdout;
    assert!(shown.contains("  waits for  `datasets/shapes/disc/half.png`: "), "{shown}");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o644)).unwrap();
    service.wait_for_count("samples", 1);
    let ended = service.stop();
    let n_logged = ended.log.iter().filter(|line| line.contains("File waits") && line.contains("locked.png")).count();
    assert_eq!((ended.code, n_logged), (Some(0), 1), "{}", ended.log.join("\n"));
}
