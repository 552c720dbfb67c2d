//! Lists of groups that come, change, break and go.

use super::*;

/// Two images of class `c` on decided sides, and an inbox to write lists into.
fn desk() -> (tempfile::TempDir, Desk) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("datasets/d")).unwrap();
    let mut desk = Desk { inbox: dir.path().to_owned(), ..Desk::default() };
    for (content, split) in [("x", Split::Train), ("y", Split::Validation)] {
        desk.admit(&format!("datasets/d/c/{content}.png"), content);
        desk.decide(content, split);
    }
    (dir, desk)
}

const LIST: &str = "datasets/d/groups.csv";

fn list(desk: &mut Desk, text: &str) -> usize {
    std::fs::write(desk.inbox.join(LIST), text).unwrap();
    let stamp = desk.inspected(text).stamp;
    desk.step(|ledger_draft| ledger_draft.admit_list(LIST, stamp, &DatasetName::new("d").unwrap()))
}

fn groups_and_sides(desk: &Desk) -> [(Option<String>, Option<Split>); 2] {
    ["x", "y"].map(|content| desk.sample(content).map(|sample| (sample.group.clone(), sample.split)).unwrap())
}

#[test]
fn a_list_regroups_what_is_known_and_what_comes() {
    let (_dir, mut desk) = desk();
    let before = groups_and_sides(&desk);
    assert_eq!(list(&mut desk, "file,group\nc/x.png,one\n"), 1);
    let one = Some("one".to_owned());
    assert_eq!(groups_and_sides(&desk), [(one.clone(), None), (None, Some(Split::Validation))]);
    assert_eq!(list(&mut desk, "file,group\nx.png,one\nnew.png,one\n"), 0, "the same said again");
    desk.admit("datasets/d/c/new.png", "z");
    assert_eq!(desk.sample("z").unwrap().group, one);
    // A file that is moved keeps the side that its group, which did not change, has.
    desk.decide("x", Split::Train);
    desk.there.remove("datasets/d/c/x.png");
    desk.admit("datasets/d/c/sub/x.png", "x");
    assert_eq!(groups_and_sides(&desk)[0], (one, Some(Split::Train)));

    std::fs::remove_file(desk.inbox.join(LIST)).unwrap();
    desk.remove(LIST);
    assert_eq!(groups_and_sides(&desk), [(None, None), before[1].clone()]);
    assert!(!desk.ledger.files.contains_key(LIST));
}

#[test]
fn a_list_that_broke_changes_nothing() {
    let (_dir, mut desk) = desk();
    list(&mut desk, "file,group\nx.png,one\n");
    desk.decide("x", Split::Train);
    let before = groups_and_sides(&desk);
    std::fs::write(desk.inbox.join(LIST), "patient,picture\n").unwrap();
    let stamp = desk.inspected("broken").stamp;
    assert!(desk.reject(LIST, stamp) && !desk.reject(LIST, stamp), "reported once");
    desk.there.remove("datasets/d/c/x.png");
    desk.admit("datasets/d/c/sub/x.png", "x");
    assert_eq!(groups_and_sides(&desk), before);
}
