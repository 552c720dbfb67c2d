//! Folders that name sides.

use super::*;

#[test]
fn folders_that_name_sides_are_told_and_the_strongest_has_the_picture() {
    let bench = Bench::new();
    bench.add("train/covid/a.png", &picture(100, 1));
    bench.add("train/covid/b.png", &picture(101, 1));
    bench.add("Val/covid/sub/c.png", &picture(100, 1));
    bench.add("test/normal/d.png", &picture(102, 1));
    bench.add("test/flat.png", &picture(103, 1));
    let found = find_sources(&bench.src(), &bench.options, &StopFlag::default(), &Silent).unwrap();
    let placed = found.sources.iter().filter(|source| source.relative.split('/').next().is_some_and(is_side));
    let placed: Vec<_> = placed.map(|source| (source.relative.as_str(), source.split, source.class.as_str())).collect();
    let expected = [
        ("Val/covid/sub/c.png", Some(Split::Validation), "covid"),
        ("test/flat.png", None, "test"),
        ("test/normal/d.png", Some(Split::Test), "normal"),
        ("train/covid/b.png", Some(Split::Train), "covid"),
    ];
    assert_eq!(placed, expected);
    assert_eq!(
        (found.across, found.duplicates),
        (vec!["train/covid/a.png".to_owned()], vec!["train/covid/a.png".to_owned()])
    );
}

fn is_side(folder: &str) -> bool {
    Split::named(folder).is_some()
}
