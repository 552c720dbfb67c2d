//! The page of a dataset: what it says in words, and when it is written.

use std::cell::Cell;

use super::*;
use crate::domain::{DicomFacts, ImageFacts, Sample, Split};

const HOSTILE: &str = "<img src=x onerror=alert(1)>.png";

fn samples() -> Vec<Sample> {
    let split = |number: usize| if number.is_multiple_of(4) { Split::Validation } else { Split::Train };
    let dicom = |number: usize| {
        let fact = |text: &str| Some(text.to_owned());
        let (modality, manufacturer) = (fact("CR"), fact("Example"));
        let model = fact(if number.is_multiple_of(2) { "One" } else { "<Two>" });
        let site = fact("5a17e");
        (number >= 12).then(|| Box::new(DicomFacts { site, modality, manufacturer, model, ..DicomFacts::default() }))
    };
    let sample = |number: usize| Sample {
        dataset: DatasetName::new("phantoms").unwrap(),
        split: Some(split(number)),
        group: (number < 6).then(|| format!("DOE {}", number / 2)),
        image: ImageFacts { width: 64, height: 48 + number as u32 / 8, ..ImageFacts::example() },
        dicom: dicom(number),
        ..Sample::example(&number.to_string(), if number.is_multiple_of(3) { "patchy" } else { "plain" })
    };
    (0..16).map(sample).collect()
}

fn decision(model: &ModelRecord) -> Decision {
    Decision {
        dataset: model.dataset.clone(),
        run_id: model.run_id.clone(),
        promoted: true,
        previous: None,
        n_validation: 20,
        candidate_correct: 17,
        previous_correct: None,
        paired: None,
        reason: "first model".to_owned(),
        by_hand: false,
        at: "2025-11-23T12:13:25Z".to_owned(),
    }
}

/// Writes the page of `samples` as one who has no thumbnails yet.
fn written(dir: &Path, samples: &[Sample], read: &dyn Fn(&Sample) -> Option<Picture>) -> (bool, String) {
    written_with(dir, samples, &mut ExampleThumbnails::default(), read)
}

/// Writes the page of `samples` with one model and files left out; whether it shows all images.
fn written_with(
    dir: &Path,
    samples: &[Sample],
    thumbnails: &mut ExampleThumbnails,
    read: &dyn Fn(&Sample) -> Option<Picture>,
) -> (bool, String) {
    let model = model(["patchy", "plain"]);
    let (dataset, decision) = (model.dataset.clone(), decision(&model));
    let left_out = UnusedFiles {
        code: "truncated".to_owned(),
        n: 8,
        fix: "copy it again".to_owned(),
        files: vec![(HOSTILE.to_owned(), "it is cut off".to_owned())],
    };
    let report = DatasetReport {
        dataset: &dataset,
        samples,
        files: FileTotals { n: 26, copies: 2, repeats: 1 },
        warnings: vec!["12 of 16 images are <alike>".to_owned()],
        left_out: vec![left_out],
        has_features: true,
        models: vec![PastModel { model: &model, decision: Some(&decision), is_best: true }],
    };
    let is_whole = write_dataset(dir, &report, thumbnails, read).unwrap();
    (is_whole, fs::read_to_string(dataset_page(dir, &dataset)).unwrap())
}

#[test]
fn the_page_of_a_dataset_says_everything_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let (is_whole, page) = written(dir.path(), &samples(), &|_| Some(radiograph()));
    assert!(is_whole);
    assert!(!page.contains("DOE"), "names of groups may be patients'");
    assert!(!page.contains("<img src=x") && page.contains("&lt;img src=x"), "{page}");
    assert_eq!(page.matches("src=\"data:image/jpeg").count(), 12);
    insta::assert_snapshot!(text_of(&page));
}

#[test]
fn the_page_of_a_dataset_without_images_says_where_to_put_them() {
    let dir = tempfile::tempdir().unwrap();
    let page = text_of(&written(dir.path(), &[], &|_| None).1);
    assert!(page.contains("No images in the inbox") && page.contains("datasets/phantoms/&lt;class&gt;/"), "{page}");
    assert!(page.contains("0003-1f2e3d4c") && !page.contains("Sizes"), "{page}");
}

#[test]
fn a_page_that_shows_this_already_is_left_alone_and_its_images_are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let samples = samples();
    let first = written(dir.path(), &samples, &|_| Some(radiograph()));
    assert_eq!(written(dir.path(), &samples, &|_| panic!("not read")), first);
    let (is_whole, other) = written(dir.path(), &samples[1..], &|_| None);
    assert!(!is_whole && other.contains("Cannot be read"));
    assert!(written(dir.path(), &samples[1..], &|_| Some(radiograph())).0, "it is made again");
}

#[test]
fn a_change_reads_new_examples_only_and_drops_those_that_are_none_any_more() {
    let (dir, samples) = (tempfile::tempdir().unwrap(), samples());
    let (mut thumbnails, n_read) = (ExampleThumbnails::default(), Cell::new(0));
    let mut n_read_of = |samples: &[Sample]| {
        let read = |_: &Sample| {
            n_read.set(n_read.get() + 1);
            Some(radiograph())
        };
        assert!(written_with(dir.path(), samples, &mut thumbnails, &read).0);
        n_read.take()
    };
    assert_eq!(n_read_of(&samples), 12);
    assert_eq!(n_read_of(&samples[1..]), 0, "class patchy has no other");
    assert_eq!(n_read_of(&samples), 1, "it was dropped");
}

#[test]
fn the_page_of_a_hundred_thousand_images_stays_small() {
    let sample = |number: u32| {
        let mut sample = Sample::example(&number.to_string(), &format!("class {}", number % 200));
        (sample.image.width, sample.image.height) = (number % 3000, number % 1000);
        sample
    };
    let samples: Vec<_> = (0..100_000).map(sample).collect();
    let dir = tempfile::tempdir().unwrap();
    let page = written(dir.path(), &samples, &|_| None).1;
    assert!(page.len() < 150_000, "{} bytes", page.len());
    assert!(text_of(&page).contains("150 more classes with fewer images"));
}

#[test]
fn the_gallery_links_to_pages_of_datasets_also_without_reports() {
    let dir = tempfile::tempdir().unwrap();
    let needless = Listed { n_reports: 0, n_obsolete: 0, unreadable: Vec::new() };
    let as_written = || {
        let mut gallery = Gallery::new(dir.path());
        gallery.survey().unwrap();
        gallery.as_written(&UNKNOWN).unwrap()
    };
    assert_eq!(as_written(), Some(needless));
    written(dir.path(), &samples(), &|_| None);
    assert_eq!(as_written(), None, "it has to be written");
    let mut gallery = Gallery::new(dir.path());
    gallery.write(&UNKNOWN).unwrap();
    assert!(as_written().is_some());
    gallery.add(&report(dir.path(), "a.png", ["patchy", "plain"], 0));
    gallery.write(&UNKNOWN).unwrap();
    let index = || fs::read_to_string(dir.path().join("index.html")).unwrap();
    assert_eq!(index().matches(r#"href="phantoms/dataset.html""#).count(), 2, "in the heading and beside the report");
    remove_dataset_page(dir.path(), &DatasetName::new("phantoms").unwrap()).unwrap();
    gallery.write(&UNKNOWN).unwrap();
    assert!(!index().contains("dataset.html") && dir.path().join("phantoms").is_dir());
}
