//! A life of `run --once` under faults at counted operations, and the undisturbed run after them.

use super::campaign::{Outcome, side_by_side};
use super::facts::{differences, undone};
use super::faultline::Plan;
use super::scene::{Reference, Scene};
use crate::bed::Ran;

/// What scripts may rely on: docs/COMMANDS.md lists them.
const CODES: [i32; 8] = [0, 65, 66, 69, 70, 74, 75, 78];
const KILLED: i32 = 128 + 9;

/// A fault of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// The kinds of operations that are counted.
    pub(super) kinds: &'static str,
    /// `kill`, `tear` or an error.
    pub(super) action: &'static str,
    /// All operations from there on fail, not one alone.
    pub(super) all: bool,
    /// The folder whose operations are counted; empty: the inbox and the state folder.
    pub(super) below: &'static str,
    /// Where in an undisturbed life it is, from 0 to 1.
    pub(super) at: f64,
}

/// Tries all points of a life, so many one after the other on each scene.
pub(super) fn of_life(name: &str, begin: fn() -> Scene, points: &[Point], in_a_row: usize) -> Vec<Outcome> {
    let reference = begin().undisturbed();
    // Points that follow one another lie apart, so that the life goes on between them.
    let n_rows = points.len().div_ceil(in_a_row);
    let rows: Vec<Vec<Point>> =
        (0..n_rows).map(|row| points.iter().skip(row).step_by(n_rows).copied().collect()).collect();
    side_by_side(2, &rows, |row| try_row(name, &begin(), &reference, row))
}

fn try_row(name: &str, scene: &Scene, reference: &Reference, row: &[Point]) -> Vec<Outcome> {
    let (mut outcomes, mut before) = (Vec::new(), None);
    for point in row {
        let plan = plan(point, before, reference);
        let (ran, hits) = scene.run_under(&plan);
        let fired = !hits.is_empty();
        let all = if point.all { " and all after it" } else { "" };
        let place = hits.first().map_or("nothing", |hit| &hit.text);
        let text = format!("{name}, {} at {} {}{all} ({place})", point.action, plan.at, point.kinds);
        let problems = if fired { problems_of(point, ran.as_ref(), scene, reference) } else { Vec::new() };
        outcomes.push(Outcome { point: text, fired, problems, resumed_after: None });
        before = Some(point.at);
    }
    let left = problems_after(scene, reference);
    outcomes.iter_mut().filter(|outcome| outcome.fired).for_each(|outcome| outcome.problems.extend(left.clone()));
    outcomes
}

/// The number of a point. A run that follows another one begins as one with nothing to do, and goes on where that one ended.
fn plan(point: &Point, before: Option<f64>, reference: &Reference) -> Plan {
    let whole = reference.count(point.kinds, point.below) as f64;
    let at_a_start = reference.count_at_a_start(point.kinds, point.below) as f64;
    let at = before.map_or(point.at * whole, |before| at_a_start + (point.at - before) * whole);
    Plan { kinds: point.kinds, at: 1 + at as usize, action: point.action, all: point.all, below: point.below }
}

/// What a run under a fault did wrong.
fn problems_of(point: &Point, ran: Option<&Ran>, scene: &Scene, reference: &Reference) -> Vec<String> {
    let Some(ran) = ran else { return vec!["it hung".to_owned()] };
    let mut problems = panics(ran);
    let kills = ["kill", "tear"].contains(&point.action);
    if kills && ran.code != KILLED {
        problems.push(format!("it was not killed, but ended with {}", ran.code));
    }
    if !kills && !CODES.contains(&ran.code) {
        problems.push(format!("it ended with {}: {}", ran.code, last_line(ran)));
    }
    if !kills && ran.code == 0 {
        let differences = differences(&reference.facts, &scene.facts());
        problems.extend(undone(&differences).map(|difference| format!("exit code 0 with work undone: {difference}")));
    }
    problems
}

/// What the undisturbed run after it did wrong.
fn problems_after(scene: &Scene, reference: &Reference) -> Vec<String> {
    let Some(ran) = scene.run() else { return vec!["the next run hung".to_owned()] };
    let mut problems = panics(&ran);
    if ran.code != 0 {
        problems.push(format!("the next run ended with {}: {}", ran.code, last_line(&ran)));
    }
    let differences = differences(&reference.facts, &scene.facts());
    let n_more = differences.len().saturating_sub(3);
    problems.extend(differences.into_iter().take(3).map(|difference| format!("after the next run: {difference}")));
    problems.extend((n_more > 0).then(|| format!("and {n_more} more differences")));
    problems
}

fn panics(ran: &Ran) -> Vec<String> {
    let panics = ran.stderr.lines().filter(|line| line.contains("panicked"));
    panics.map(|line| format!("panic: {line}")).collect()
}

fn last_line(ran: &Ran) -> &str {
    ran.stderr.lines().last().unwrap_or_default()
}
