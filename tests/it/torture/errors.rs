//! File operations that fail with an error, one or all from there on.

use super::campaign::{Size, judge};
use super::faultline;
use super::scene::Scene;
use super::sweep::{Point, of_life};

/// Kinds of operations, the error, and whether all from there on fail. The first twelve are in every `make test`.
const FAULTS: [(&str, &str, bool); 30] = [
    ("write", "ENOSPC", false),
    ("create", "EACCES", false),
    ("sync", "EIO", false),
    ("open", "EMFILE", false),
    ("mkdir", "EROFS", false),
    ("read", "EIO", false),
    ("rename", "EIO", false),
    ("write", "EDQUOT", true),
    ("unlink", "EIO", false),
    ("trunc", "EIO", false),
    ("create", "EMFILE", true),
    ("create,write,rename,unlink,trunc,mkdir", "EROFS", true),
    ("write", "ENOSPC", true),
    ("create", "ENOSPC", false),
    ("mkdir", "ENOSPC", false),
    ("rename", "ENOSPC", false),
    ("write", "EDQUOT", false),
    ("write", "EIO", false),
    ("write", "EIO", true),
    ("sync", "EIO", true),
    ("sync", "ENOSPC", false),
    ("mkdir", "EACCES", false),
    ("create", "EMFILE", false),
    ("open", "EMFILE", true),
    ("open", "EACCES", false),
    ("open", "EIO", false),
    ("read", "EIO", true),
    ("list", "EIO", false),
    ("stat", "EIO", false),
    ("stat", "EACCES", false),
];

pub(super) fn sweep(size: Size) {
    if !faultline::is_permitted() {
        return;
    }
    let points = points(size.points(12));
    let mut outcomes = of_life("first life", Scene::before_the_first_life, &points, 1);
    if size == Size::Many {
        outcomes.extend(of_life("second life", || Scene::before_the_second_life().with_one_model(), &points, 1));
    }
    judge("errors", &outcomes);
}

/// The registry's own writes, each of which may be one that sled does on a thread of its own.
pub(super) fn registry_sweep(size: Size) {
    if !faultline::is_permitted() {
        return;
    }
    let n = size.points(3);
    let at = (0..n).map(|i| (i as f64 + 0.2) / n as f64);
    let write = |at| Point { kinds: "write", action: "ENOSPC", all: false, below: "state/registry/db", at };
    let points: Vec<_> = at.map(write).collect();
    judge("errors of the registry", &of_life("first life", Scene::before_the_first_life, &points, 1));
}

/// All faults once, then all again elsewhere. The places follow one another by the golden section, which spreads any number of them.
fn points(n: usize) -> Vec<Point> {
    let faults = FAULTS.into_iter().cycle().take(n);
    let mut points: Vec<_> = faults
        .enumerate()
        .map(|(i, (kinds, action, all))| Point {
            kinds,
            action,
            all,
            below: "",
            at: (0.3 + i as f64 * 0.618_034).fract(),
        })
        .collect();
    points.sort_by(|a, b| a.at.total_cmp(&b.at));
    points
}
