//! A service whose state folder is a small file system that fills, in several phases of its work, and has room again.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::campaign::{Outcome, Size, judge, side_by_side};
use super::facts::{Facts, differences};
use super::growth::{Goal, n_complaints, resumes, settles, undisturbed, why};
use super::scene::Scene;
use crate::bed::{copy, finish};
use crate::service::Service;

/// How often one disk fills.
const IN_A_ROW: usize = 3;

/// The service on a file system of its own, which is copied when it has ended. `setpriv` ends it when the shell is killed.
const SCRIPT: &str = r#"
    mount -t tmpfs -o size=16m none state && cp -a kept/. state/ || exit 71
    trap 'kill -TERM "$service"' TERM
    setpriv --pdeathsig KILL "$@" & service=$!
    wait "$service"; code=$?
    while kill -0 "$service" 2>/dev/null; do wait "$service"; code=$?; done
    cp -a state/. left/
    exit "$code"
"#;

pub(super) fn sweep(size: Size) {
    if !can_mount() {
        return;
    }
    // KiB that are left: none, and room for some of the copies, features, run folder and report.
    let free: Vec<u64> = if size == Size::Few { vec![0, 90, 300] } else { (0..24).map(|n| n * 25).collect() };
    let rows: Vec<_> = free.chunks(IN_A_ROW).collect();
    let wanted = undisturbed(IN_A_ROW as u64);
    judge("full disks", &side_by_side(2, &rows, |row| try_row(row, &wanted, size)));
}

/// Whether a file system can be mounted; where not, the test is left out, but under `CI=true` that is a failure.
fn can_mount() -> bool {
    let mut command = Command::new("unshare");
    command.args(["-Urm", "mount", "-t", "tmpfs", "none", env!("CARGO_TARGET_TMPDIR")]);
    let ran = finish(command);
    if ran.code != 0 {
        assert_ne!(std::env::var_os("CI").as_deref(), Some(OsStr::new("true")), "{}", ran.stderr);
        eprintln!("left out, because no file system can be mounted: {}", ran.stderr);
    }
    ran.code == 0
}

fn try_row(row: &[u64], wanted: &Facts, size: Size) -> Vec<Outcome> {
    let scene = Scene::before_the_first_life().with_one_model();
    let (mut service, state) = start(&scene);
    let first = settles(&mut service);
    let mut outcomes = Vec::new();
    for (n, free) in (1..).zip(row) {
        outcomes.push(match &first {
            Ok(()) => try_growth(&scene, &mut service, (&state, *free), n, size),
            Err(cause) => {
                Outcome { point: "start".to_owned(), fired: false, problems: vec![cause.clone()], resumed_after: None }
            }
        });
    }
    end(&scene, service, wanted, &mut outcomes);
    outcomes
}

/// The service, and where its state folder is seen from here.
fn start(scene: &Scene) -> (Service, PathBuf) {
    let (place, run) = (scene.place(), scene.command(&["run"]));
    fs::rename(place.join("state"), place.join("kept")).unwrap();
    fs::create_dir(place.join("state")).unwrap();
    fs::create_dir(place.join("left")).unwrap();
    let mut shell = Command::new("unshare");
    shell.current_dir(&place).env_clear().stdin(Stdio::null());
    shell.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args(["-Urm", "/bin/sh", "-c", SCRIPT, "sh"]).arg(run.get_program()).args(run.get_args());
    let mut service = Service::spawn(&scene.bed, shell);
    service.ready();
    let seen = format!("/proc/{}/root{}/state", service.id(), place.display());
    service.look_into(Path::new(&seen));
    (service, seen.into())
}

/// The disk fills, images and a scan arrive, there is room again.
fn try_growth(scene: &Scene, service: &mut Service, (state, free): (&Path, u64), n: u64, size: Size) -> Outcome {
    let before = n_complaints(service);
    let ballast = state.join("ballast");
    fill(&ballast, free);
    scene.grow(n);
    let goal = Goal::after(n);
    let borne = service.wait_within(size.limit(), |service| {
        (n_complaints(service) > before || goal.is_reached(service).is_some()).then_some(())
    });
    let mut problems: Vec<_> =
        borne.err().map(|not_met| format!("in the fault {}", why(service, not_met))).into_iter().collect();
    let fired = borne.is_err() || n_complaints(service) > before;
    // A service that ended took its file system with it.
    if borne.is_ok() {
        fs::remove_file(&ballast).unwrap();
    }
    let resumed = resumes(service, goal, size.limit());
    problems.extend(resumed.as_ref().err().cloned());
    Outcome { point: format!("{free} KiB free"), fired, problems, resumed_after: resumed.ok() }
}

/// Fills the file system but for so many KiB.
fn fill(ballast: &Path, free: u64) {
    let Ok(mut file) = File::create(ballast) else { return };
    let mut length = 0;
    while let Ok(n @ 1..) = file.write(&[0; 4096]) {
        length += n as u64;
    }
    file.set_len(length.saturating_sub(free * 1024)).unwrap();
}

/// Stops it, and compares what is there.
fn end(scene: &Scene, service: Service, wanted: &Facts, outcomes: &mut [Outcome]) {
    let healthy = outcomes.iter().all(|outcome| outcome.problems.is_empty());
    let ended = service.stop();
    let Some(last) = outcomes.last_mut().filter(|_| healthy) else { return };
    last.problems.extend((ended.code != Some(0)).then(|| format!("stopped, it ended with {:?}", ended.code)));
    fs::remove_dir(scene.bed.state("")).unwrap();
    copy(&scene.place().join("left"), &scene.bed.state(""));
    last.problems.extend(differences(wanted, &scene.facts()).into_iter().take(3));
}
