//! Copies made again from their manifest.

use super::*;

#[test]
fn every_transform_replays_to_the_byte_in_both_formats() {
    let mut dataset = TestDataset::new();
    dataset.options.recipe = Recipe {
        semantics: Semantics::Correct,
        elastic: 0.05,
        blur: [0.5, 1.0],
        channel_shift: 20.0,
        window: 0.1,
        gamma: [0.8, 1.2],
        invert: 0.5,
        clahe: [2.0, 3.0],
        noise: 0.02,
        jpeg_quality: [60, 90],
        erasing: 0.5,
        probability: [(Transform::Clahe, 0.5)].into(),
        one_of: vec![vec![Transform::Blur, Transform::Noise]],
        ..Recipe::of(Preset::KerasNotebook)
    };
    for (format, semantics) in [
        (CopyFormat::Png, Semantics::Correct),
        (CopyFormat::Jpeg, Semantics::Keras11),
        (CopyFormat::Png, Semantics::Keras29),
    ] {
        dataset.options.encoding.format = format;
        dataset.options.recipe.semantics = semantics;
        assert_eq!(counts(&dataset.expand()).0, 21, "{format:?}");
        let whole = dataset.tree();
        let lost: Vec<_> = whole.keys().filter(|name| *name != manifest::NAME).step_by(3).collect();
        for name in lost {
            fs::remove_file(dataset.dst().join(name)).unwrap();
        }
        let replayed = dataset.replay(None, None);
        assert_eq!((replayed.written, replayed.confirmed, replayed.failed.len()), (7, 14, 0));
        assert_eq!(dataset.tree(), whole);
    }
}

#[test]
fn a_replay_can_go_elsewhere_and_writes_nothing_that_the_manifest_does_not_name() {
    let dataset = TestDataset::new();
    dataset.expand();
    let elsewhere = dataset.dir.path().join("elsewhere");
    let replayed = dataset.replay(Some(5), Some(&elsewhere));
    assert_eq!((replayed.written, replayed.confirmed), (1, 0));
    let name = &dataset.lines()[4].copy;
    assert_eq!(fs::read(elsewhere.join(name)).unwrap(), dataset.tree()[name]);
    let path = dataset.dst().join(manifest::NAME);
    let changed = fs::read_to_string(&path).unwrap().replacen("\"brightness\":", "\"brightness\":1", 1);
    fs::write(&path, changed).unwrap();
    let replayed = dataset.replay(Some(1), None);
    assert_eq!((replayed.written, replayed.failed[0].code), (0, "other-bytes"));
    for (from, to) in
        [("\"copy\":\"", "\"copy\":\"../"), ("\"size\":32", "\"size\":4000000000"), ("\"blur\":0.0", "\"blur\":1e9")]
    {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let message = dataset.replay_of(Some(1), None).unwrap_err().to_string();
        assert!(message.contains("line 1: ") && message.contains("so it was edited"), "{message}");
        fs::write(&path, text).unwrap();
    }
    fs::remove_dir_all(dataset.src().join("covid")).unwrap();
    assert_eq!(dataset.replay(Some(2), None).failed[0].code, "vanished");
    for (line, expected) in
        [(Some(22), "has 21 lines, so there is no line 22"), (Some(1), "line 1: is not a manifest entry")]
    {
        if expected.starts_with("line") {
            fs::write(&path, b"{\"copy\": 3}\n").unwrap();
        }
        let message = dataset.replay_of(line, None).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}
