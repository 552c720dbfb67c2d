//! Folders with their classes and sides, and what is found in them.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::LimitSettings;
use crate::domain::Silent;
use crate::imaging::{Picture, Pixels, encode_png};
use crate::ingest::contested_files;
use crate::ingest::test_dicom::{INSTANCE, MODEL, dicom};

/// A folder with these files; the number says what an image shows.
fn folder(files: &[(&str, u8)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (file, number) in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, encode_png(&Picture::new(1, 1, 1, Pixels::U8(vec![*number])).unwrap()).unwrap()).unwrap();
    }
    dir
}

fn reader() -> Reader {
    Reader::new(&LimitSettings { max_file_mib: 1, max_side: 1000, max_megapixels: 1, memory_mib: 64 }, 0)
}

fn found(dir: &TempDir) -> DatasetFolder {
    find_images(dir.path(), &reader(), 2, &StopFlag::default(), &Silent).unwrap()
}

#[test]
fn folders_that_name_sides_are_recognised_and_the_strongest_has_the_image() {
    let found = found(&folder(&[
        ("train/covid/a.png", 100),
        ("train/covid/b.png", 101),
        ("Val/covid/sub/c.png", 100),
        ("test/normal/d.png", 102),
        ("test/flat.png", 103),
    ]));
    let placed = found.images.iter().map(|image| (image.relative.as_str(), image.split, image.class.as_str()));
    let expected = [
        ("Val/covid/sub/c.png", Some(Split::Validation), "covid"),
        ("test/flat.png", None, "test"),
        ("test/normal/d.png", Some(Split::Test), "normal"),
        ("train/covid/b.png", Some(Split::Train), "covid"),
    ];
    assert_eq!(placed.collect::<Vec<_>>(), expected);
    assert_eq!(
        (found.across, found.duplicates),
        (vec!["train/covid/a.png".to_owned()], vec!["train/covid/a.png".to_owned()])
    );
}

#[test]
fn a_content_counts_once_a_class_and_a_conflict_of_labels_is_reported() {
    let found = found(&folder(&[("normal/1/same.png", 1), ("normal/9/same.png", 1), ("covid/crossed.png", 1)]));
    assert_eq!((found.images.len(), found.duplicates), (2, vec!["normal/9/same.png".to_owned()]));
    assert_eq!(
        found.warnings,
        [
            "`covid/crossed.png` and `normal/1/same.png` are the same image in two classes; remove the one with the wrong label"
        ]
    );
}

#[test]
fn what_is_no_image_shows_when_files_are_decoded() {
    let dir = folder(&[("a/good.png", 1)]);
    fs::write(dir.path().join("a/bad.png"), "no image").unwrap();
    assert_eq!((found(&dir).images.len(), found(&dir).inspected.len()), (2, 0));
    let decoded =
        inspect_images(dir.path(), (&reader(), &SiteKey::new([7; 32])), 2, &StopFlag::default(), &Silent).unwrap();
    assert_eq!((decoded.images.len(), decoded.inspected.len()), (1, 1));
    assert_eq!(decoded.inspected[&decoded.images[0].hash].facts.width, 1);
    assert_eq!((decoded.failed[0].code, decoded.failed[0].name().as_str()), ("not-an-image", "a/bad.png"));
}

#[test]
fn files_with_one_dicom_number_are_one_image_and_a_conflict_under_two_labels() {
    let dir = folder(&[]);
    let put = |file: &str, shows: u8, model: &str| {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, dicom(shows, &[(INSTANCE, "1.2.3"), (MODEL, model)])).unwrap();
    };
    put("covid/a.dcm", 1, "one");
    put("covid/b.dcm", 1, "two");
    put("test/covid/c.dcm", 1, "three");
    let inspected =
        || inspect_images(dir.path(), (&reader(), &SiteKey::new([7; 32])), 2, &StopFlag::default(), &Silent).unwrap();
    for found in [inspected(), found(&dir)] {
        assert_eq!(found.images.iter().map(|image| image.relative.as_str()).collect::<Vec<_>>(), ["test/covid/c.dcm"]);
        assert_eq!((found.duplicates, found.across.len()), (vec!["covid/a.dcm".into(), "covid/b.dcm".into()], 2));
        assert_eq!(found.repeats.len(), 2);
    }
    put("normal/d.dcm", 9, "four");
    let contested = contested_files(&inspected(), &reader());
    assert_eq!(contested.into_keys().collect::<Vec<_>>(), ["normal/d.dcm", "test/covid/c.dcm"]);
}
