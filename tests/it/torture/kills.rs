//! SIGKILL, and writes torn in half, all over a first life and a second one.

use super::campaign::{Size, judge};
use super::faultline::{self, CHANGES};
use super::scene::Scene;
use super::sweep::{Point, of_life};

pub(super) fn sweep(size: Size) {
    if !faultline::is_permitted() {
        return;
    }
    let n = size.points(12) / 2;
    let mut outcomes = of_life("first life", Scene::before_the_first_life, &points(n), size.in_a_row());
    outcomes.extend(of_life("second life", Scene::before_the_second_life, &points(n), size.in_a_row()));
    judge("kills and torn writes", &outcomes);
}

/// Spread over the life; every third one tears.
fn points(n: usize) -> Vec<Point> {
    let kill = |n| if n % 3 == 1 { ("tear", "write") } else { ("kill", CHANGES) };
    (0..n)
        .map(|i| (kill(i), (i as f64 + 0.5) / n as f64))
        .map(|((action, kinds), at)| Point { kinds, action, all: false, below: "", at })
        .collect()
}
