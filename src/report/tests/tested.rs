//! A model that was tested says so, and by what it is to be judged.

use super::*;
use crate::domain::{Split, TestRecord};

/// Of 5 and 7 test images, 11 right.
fn tested() -> ModelRecord {
    let mut confusion = Confusion::new(2);
    for (truth, predicted, n) in [(0, 0, 5), (1, 1, 6), (1, 0, 1)] {
        (0..n).for_each(|_| confusion.count(truth, predicted));
    }
    let classes = ["patchy", "plain"];
    let mut model = model(classes);
    model.test = Some(TestRecord { confusion, assessment: assessment(classes) });
    model.counts.values_mut().for_each(|count| count.test = 6);
    model
}

#[test]
fn a_report_tells_the_test_and_not_the_validation_that_the_model_was_chosen_on() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, model: &ModelRecord| {
        let explanation = explanation("scan 12.png", ["patchy", "plain"]);
        write(&dir.path().join(name), &scan_report(&explanation, model), made(0), None).unwrap();
        let page = text_of(&fs::read_to_string(dir.path().join(name).join("report.html")).unwrap());
        let json = fs::read(dir.path().join(name).join("report.json")).unwrap();
        (page, serde_json::from_slice::<ReportRecord>(&json).unwrap().quality)
    };
    let (page, quality) = write("tested", &tested());
    assert_eq!((quality.measured_on, quality.accuracy.hits, quality.accuracy.n), (Split::Test, 11, 12));
    assert!(page.contains("Measured once, on the test set (12 images), which was used neither"), "{page}");
    assert!(page.contains("Validation\nTest\npatchy\n38\n10\n6\n"), "{page}");
    let (page, quality) = write("untested", &model(["patchy", "plain"]));
    assert_eq!((quality.measured_on, quality.accuracy.n), (Split::Validation, 20));
    assert!(page.contains("Measured on the validation set (20 images)") && !page.contains("\nTest\n"), "{page}");
}
