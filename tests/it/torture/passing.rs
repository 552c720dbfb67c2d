//! A fault that comes and goes while the service runs, in each phase of its work.

use std::path::PathBuf;
use std::time::Duration;

use super::campaign::{Outcome, Size, judge, side_by_side};
use super::facts::{Facts, differences};
use super::faultline::{self, ALL, CHANGES, Operation, Plan};
use super::growth::{Goal, n_complaints, resumes, says_what_it_waits_for, settles, undisturbed, why};
use super::scene::Scene;
use crate::service::{NotMet, Service};

/// How long a fault stands in `make torture`: pauses between attempts must not grow beyond what may pass after its end.
const LONG: Duration = Duration::from_secs(80);

/// Where a fault stands.
#[derive(Debug, Clone, Copy)]
struct Phase {
    name: &'static str,
    error: &'static str,
    kinds: &'static str,
    /// Paths that begin with it, in the scene.
    prefix: &'static str,
    /// It stands before the service starts.
    from_the_start: bool,
    /// `status.json` cannot be written either, so that only the log says what is wrong.
    of_status: bool,
}

const fn phase(name: &'static str, error: &'static str, kinds: &'static str, prefix: &'static str) -> Phase {
    Phase { name, error, kinds, prefix, from_the_start: false, of_status: false }
}

/// The first twelve are in every `make test`, of four services with three each.
const PHASES: [Phase; 26] = [
    phase("reading the inbox", "EIO", "read", "inbox/"),
    phase("augmentation", "ENOSPC", "create,write,mkdir", "state/datasets"),
    phase("scans", "EACCES", "create,mkdir", "state/reports/shapes"),
    Phase { from_the_start: true, ..phase("the registry", "EIO", ALL, "state/registry") },
    phase("the journal", "ENOSPC", "write", "state/journal.ndjson"),
    phase("the training's lock", "EACCES", "create", "state/locks"),
    phase("features", "EIO", "create,write,rename", "state/features"),
    phase("the run folder", "EROFS", CHANGES, "state/runs"),
    phase("the gallery", "EIO", "create,rename", "state/reports/.gradwatch-tmp"),
    phase("the sync of the journal", "EIO", "sync", "state/journal.ndjson"),
    Phase { of_status: true, ..phase("the state folder", "ENOSPC", "create,write,mkdir", "state/") },
    phase("a training's sync", "EIO", "sync", "state/runs"),
    Phase { from_the_start: true, ..phase("opening the inbox", "EACCES", "open,list", "inbox") },
    Phase {
        from_the_start: true,
        ..phase("the journal at the start", "EACCES", "create,open", "state/journal.ndjson")
    },
    Phase { from_the_start: true, of_status: true, ..phase("a start on a read-only disk", "EROFS", CHANGES, "state/") },
    Phase { of_status: true, ..phase("a read-only state folder", "EROFS", CHANGES, "state/") },
    Phase { of_status: true, ..phase("open files", "EMFILE", "create,open", "") },
    Phase { of_status: true, ..phase("all syncs", "EIO", "sync", "state/") },
    Phase { of_status: true, ..phase("all writes", "EIO", "write", "state/") },
    Phase { of_status: true, ..phase("a quota", "EDQUOT", "create,write,mkdir", "state/") },
    phase("opening files of the inbox", "EACCES", "open", "inbox/datasets/shapes"),
    phase("open files in the inbox", "EMFILE", "open", "inbox/"),
    phase("cached features", "EIO", "open,read", "state/features"),
    phase("copies", "EIO", "open,read", "state/datasets/shapes/augmented"),
    phase("the registry's writes", "ENOSPC", "write", "state/registry"),
    phase("the registry's syncs", "EIO", "sync", "state/registry"),
];

pub(super) fn sweep(size: Size) {
    if !faultline::is_permitted() {
        return;
    }
    let phases = &PHASES[..if size == Size::Few { 12 } else { PHASES.len() }];
    let rows: Vec<_> = phases.chunks(size.in_a_row()).collect();
    let wanted = undisturbed(size.in_a_row() as u64);
    let outcomes = side_by_side(if size == Size::Few { 4 } else { 8 }, &rows, |row| try_row(row, &wanted, size));
    judge("faults that come and go", &outcomes);
}

/// One service, with a fault in each phase one after the other.
fn try_row(row: &[Phase], wanted: &Facts, size: Size) -> Vec<Outcome> {
    let scene = Scene::before_the_first_life().with_one_model();
    let stood = |phase: &&Phase| phase.from_the_start;
    row.iter().filter(stood).for_each(|phase| stand(&scene, phase));
    let command = Plan::counting(ALL).around(&scene.place(), &scene.command(&["run"]));
    let mut service = Service::spawn(&scene.bed, command);
    let mut outcomes: Vec<Outcome> =
        row.iter().filter(stood).map(|phase| try_start(&scene, &mut service, phase, size)).collect();
    let first = settles(&mut service);
    for (n, phase) in (1..).zip(row.iter().filter(|phase| !phase.from_the_start)) {
        outcomes.push(match &first {
            Ok(()) => try_growth(&scene, &mut service, phase, n, size),
            Err(cause) => not_reached(phase, cause),
        });
    }
    let grown = row.iter().filter(|phase| !phase.from_the_start).count();
    (grown + 1..=size.in_a_row()).for_each(|n| drop(grow_undisturbed(&scene, &mut service, n as u64, size)));
    end(&scene, service, wanted, &mut outcomes);
    outcomes
}

fn not_reached(phase: &Phase, cause: &str) -> Outcome {
    Outcome { point: phase.name.to_owned(), fired: false, problems: vec![cause.to_owned()], resumed_after: None }
}

fn grow_undisturbed(scene: &Scene, service: &mut Service, n: u64, size: Size) -> Result<f64, String> {
    scene.grow(n);
    resumes(service, Goal::after(n), size.limit())
}

fn stand(scene: &Scene, phase: &Phase) {
    let prefix = PathBuf::from(format!("{}/{}", scene.place().display(), phase.prefix));
    faultline::stand(&scene.place(), phase.error, phase.kinds, &prefix);
}

/// A fault that stood before the start goes.
fn try_start(scene: &Scene, service: &mut Service, phase: &Phase, size: Size) -> Outcome {
    let mut problems = bear(scene, service, phase, size, &Before::default(), Goal::after(0));
    faultline::pass(&scene.place());
    let resumed = resumes(service, Goal::after(0), size.limit());
    outcome(scene, phase, resumed, &Before::default(), &mut problems)
}

/// A fault comes, images and a scan arrive, the fault goes.
fn try_growth(scene: &Scene, service: &mut Service, phase: &Phase, n: u64, size: Size) -> Outcome {
    let before = Before { hits: faultline::hits(&scene.place()).len(), complaints: n_complaints(service) };
    stand(scene, phase);
    scene.grow(n);
    let mut problems = bear(scene, service, phase, size, &before, Goal::after(n));
    faultline::pass(&scene.place());
    let resumed = resumes(service, Goal::after(n), size.limit());
    outcome(scene, phase, resumed, &before, &mut problems)
}

/// What had happened before a fault.
#[derive(Default)]
struct Before {
    hits: usize,
    complaints: usize,
}

impl Before {
    fn hits_since(&self, scene: &Scene) -> Vec<Operation> {
        faultline::hits(&scene.place()).split_off(self.hits)
    }
}

fn outcome(
    scene: &Scene,
    phase: &Phase,
    resumed: Result<f64, String>,
    before: &Before,
    problems: &mut Vec<String>,
) -> Outcome {
    let hits = before.hits_since(scene);
    problems.extend(resumed.as_ref().err().cloned());
    let place = hits.first().map_or("nothing", |hit| &hit.text);
    let point = format!("{}, {} ({place})", phase.name, phase.error);
    Outcome { point, fired: !hits.is_empty(), problems: std::mem::take(problems), resumed_after: resumed.ok() }
}

/// Waits in the fault until the service says that it waits, or has done its work in spite of it.
fn bear(scene: &Scene, service: &mut Service, phase: &Phase, size: Size, before: &Before, goal: Goal) -> Vec<String> {
    let reported = |service: &Service| {
        let complains = n_complaints(service) > before.complaints;
        let says = if phase.of_status { complains } else { says_what_it_waits_for(service) };
        (says && !before.hits_since(scene).is_empty() || goal.is_reached(service).is_some()).then_some(())
    };
    let borne = service.wait_within(size.limit(), reported);
    let borne = borne.and_then(|()| stays(service, if size == Size::Many { LONG } else { Duration::ZERO }));
    borne.err().map(|not_met| format!("in the fault {}", why(service, not_met))).into_iter().collect()
}

/// Whether it does not end for so long.
fn stays(service: &mut Service, time: Duration) -> Result<(), NotMet> {
    match service.wait_within(time, |_| None) {
        Err(NotMet::Late) => Ok(()),
        other => other,
    }
}

/// Stops it, and compares what is there.
fn end(scene: &Scene, service: Service, wanted: &Facts, outcomes: &mut [Outcome]) {
    let healthy = outcomes.iter().all(|outcome| outcome.problems.is_empty());
    let ended = service.stop();
    let Some(last) = outcomes.last_mut().filter(|_| healthy) else { return };
    last.problems.extend((ended.code != Some(0)).then(|| format!("stopped, it ended with {:?}", ended.code)));
    last.problems.extend(ended.log.iter().filter(|line| line.contains("panicked")).cloned());
    last.problems.extend(differences(wanted, &scene.facts()).into_iter().take(3));
}
