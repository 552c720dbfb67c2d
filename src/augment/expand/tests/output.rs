//! How many copies there are, as what they are written, and how they are shown.

use super::*;

#[test]
fn classes_are_balanced_in_files() {
    let mut dataset = TestDataset::new();
    dataset.options.quota = Quota { copies: 4, balance: Balance::None, target_per_class: 10 };
    let count = |dataset: &TestDataset, class: &str| {
        dataset.tree().keys().filter(|name| name.starts_with(&format!("augmented/{class}/"))).count()
    };
    dataset.expand();
    assert_eq!((count(&dataset, "covid"), count(&dataset, "normal")), (10, 10));
    dataset.options.quota = Quota { copies: 4, balance: Balance::Max, target_per_class: 0 };
    dataset.expand();
    assert_eq!((count(&dataset, "covid"), count(&dataset, "normal")), (16, 16), "normal has four images");
}

#[test]
fn jpeg_copies_take_the_place_of_png_copies_and_have_8_bits_of_16() {
    let mut dataset = TestDataset::new();
    dataset.expand();
    let data = (0..40 * 30).map(|i| 20_000 + i as u16).collect();
    dataset.add("covid/deep.png", &Picture::new(40, 30, 1, Pixels::U16(data)).unwrap());
    dataset.options.encoding.format = CopyFormat::Jpeg;
    let expansion = dataset.expand();
    assert_eq!((counts(&expansion), expansion.narrowed), ((24, 0, 21, 0), 1));
    let deep = expansion.copies.iter().find(|copy| copy.path.to_str().unwrap().contains("deep")).unwrap();
    let copy = decode(&fs::read(&deep.path).unwrap(), &dataset.options.reader.decoding).unwrap();
    assert_eq!((copy.depth(), copy.facts().colour.as_str()), (8, "grey8"));
    let Pixels::U8(levels) = copy.pixels() else { panic!("8 bits") };
    assert!(levels.iter().any(|level| (70..90).contains(level)), "20,000 of 65,535 is 78 of 255: {levels:?}");
    assert!(dataset.tree().keys().all(|name| name.strip_suffix(".jpg").is_some() || name == manifest::NAME));
    let again = dataset.expand();
    assert_eq!((counts(&again), again.narrowed), ((0, 24, 0, 0), 0), "said once");
}

#[test]
fn the_manifest_says_what_depth_the_source_has() {
    let dataset = TestDataset::new();
    let levels = (0..40 * 30).map(|i| i * 3).collect();
    let mut twelve = encode_png(&Picture::new(40, 30, 1, Pixels::U16(levels)).unwrap()).unwrap();
    // Without the chunk that states 16 bits: its length, its letters, one byte and a checksum.
    let states = twelve.windows(4).position(|letters| letters == b"sBIT").unwrap();
    twelve.drain(states - 4..states + 9);
    fs::write(dataset.src().join("covid/twelve.png"), twelve).unwrap();
    dataset.expand();
    let colour = |line: &ManifestEntry| (line.source.clone(), line.source_colour.clone().unwrap());
    let colours: BTreeMap<_, _> = dataset.lines().iter().map(colour).collect();
    let expected = [("covid/a0.png", "grey8"), ("covid/twelve.png", "grey12"), ("normal/colour.png", "rgb8")];
    for (source, colour) in expected {
        assert_eq!(colours[source], colour, "{source}");
    }
    let (whole, path) = (dataset.tree(), dataset.dst().join(manifest::NAME));
    dataset.expand();
    assert_eq!(dataset.tree(), whole, "copies that were kept say the same");
    fs::remove_file(path).unwrap();
    assert_eq!(counts(&dataset.expand()), (0, 24, 0, 0));
    assert_eq!(dataset.tree(), whole, "also without the former manifest");
}

#[test]
fn what_goes_beyond_the_preset_stands_in_every_line() {
    let mut dataset = TestDataset::new();
    dataset.options.preset = Preset::ChestXray;
    dataset.expand();
    assert!(dataset.lines().iter().all(|line| line.allowed == [Transform::HorizontalFlip, Transform::Erasing]));
}

#[test]
fn a_sheet_shows_originals_and_their_copies_as_they_lie_on_the_disk() {
    let dataset = TestDataset::new();
    let expansion = dataset.expand();
    let sheets = sheets(&dataset.options, &dataset.sources(), &expansion).unwrap();
    let shape: Vec<_> = sheets
        .iter()
        .map(|sheet| (sheet.title.as_str(), sheet.rows.iter().map(Vec::len).collect::<Vec<_>>()))
        .collect();
    assert_eq!(shape, [("covid", vec![4; 3]), ("normal", vec![4; 4])]);
    let preview =
        preview(&dataset.options, &picture(0, 1), &ContentHash::of(&encode_png(&picture(0, 1)).unwrap()), "a0", 3)
            .unwrap();
    let row = sheets[0].rows.iter().find(|row| row[0].caption == "covid/a0.png").unwrap();
    let shown: Vec<_> = preview.rows.concat().iter().skip(1).map(|tile| tile.picture.pixels().clone()).collect();
    assert_eq!(shown, row[1..].iter().map(|tile| tile.picture.pixels().clone()).collect::<Vec<_>>());
}
