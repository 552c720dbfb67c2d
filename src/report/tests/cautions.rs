//! What stands against a scan is read where the verdict is.

use super::*;

#[test]
fn a_blank_scan_reads_as_no_clear_answer_in_page_record_and_gallery() {
    let dir = tempfile::tempdir().unwrap();
    let plain = explanation("blank.png", ["patchy", "plain"]);
    let blank =
        Explanation { status: ExplanationStatus::Blank, warnings: vec!["No image content.".to_owned()], ..plain };
    let folder = dir.path().join("blank");
    write(&folder, &scan_report(&blank, &model(["patchy", "plain"])), made(0), None).unwrap();
    let page = text_of(&fs::read_to_string(folder.join("report.html")).unwrap());
    assert!(page.contains("no image content The scan is blank, so its scores mean nothing."), "{page}");
    assert!(page.contains("No image content.") && !page.contains("one class above 0.5"), "{page}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!((&json["status"], &json["warnings"][0]), (&"blank".into(), &"No image content.".into()));
    Gallery::new(dir.path()).write(&UNKNOWN).unwrap();
    let table = fs::read_to_string(dir.path().join("results.csv")).unwrap();
    assert!(table.contains(",blank,1,"), "{table}");
    assert!(fs::read_to_string(dir.path().join("index.html")).unwrap().contains("no image content"));
}
