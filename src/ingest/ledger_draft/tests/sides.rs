//! Files in folders that name a side: the strongest that holds an image has it, whatever comes first and whatever goes.

use super::*;

fn side(desk: &Desk, content: &str) -> (Option<Split>, String) {
    let sample = desk.sample(content).unwrap();
    (sample.side, sample.path.clone())
}

#[test]
fn the_strongest_folder_has_the_picture_in_any_order() {
    let paths = ["datasets/d/c/a.png", "datasets/d/train/c/a.png", "datasets/d/val/c/a.png", "datasets/d/test/c/a.png"];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]] {
        let mut desk = Desk::default();
        for at in order {
            desk.admit(paths[at], "x");
        }
        assert_eq!((desk.ledger.samples.size(), desk.ledger.counters[Counter::Samples]), (1, 1), "it counts once");
        assert_eq!(side(&desk, "x"), (Some(Split::Test), paths[3].to_owned()));
        desk.decide("x", Split::Test);
        desk.remove(paths[3]);
        assert_eq!(side(&desk, "x"), (Some(Split::Validation), paths[2].to_owned()));
        assert_eq!(desk.sample("x").unwrap().split, None, "to be decided anew");
        desk.remove(paths[2]);
        desk.remove(paths[1]);
        assert_eq!(side(&desk, "x"), (None, paths[0].to_owned()));
    }
}

#[test]
fn a_picture_that_moved_to_another_side_is_decided_anew() {
    let mut desk = Desk::default();
    desk.admit("datasets/d/train/c/a.png", "x");
    desk.decide("x", Split::Train);
    for (from, to, split) in
        [("train/c/a.png", "train/c/b.png", Some(Split::Train)), ("train/c/b.png", "val/c/b.png", None)]
    {
        desk.there.remove(&format!("datasets/d/{from}"));
        assert_eq!(desk.admit(&format!("datasets/d/{to}"), "x"), Admission::Known);
        assert_eq!(desk.sample("x").unwrap().split, split, "{to}");
    }
    assert_eq!(side(&desk, "x"), (Some(Split::Validation), "datasets/d/val/c/b.png".to_owned()));
}
