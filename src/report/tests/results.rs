//! Results in DICOM: which objects they are, and when they are the same.

use super::record::ReplacedReport;
use super::*;
use crate::domain::ImageFacts;
use crate::imaging::{Attribute, DicomObject, SourceScan, TextEncoding};
use crate::privacy::SiteKey;

const OPTIONS: DecodeOptions =
    DecodeOptions { max_side: 9000, max_pixels: 9_000_000, background: 0, least_side: None, frame: 1 };

/// Of an archive half an hour behind three hours west of Greenwich.
fn scan() -> SourceScan {
    let object = DicomObject::new("1.2.840.10008.5.1.4.1.1.1", "1.2.3.4")
        .text(Attribute::new(0x0008_0201, *b"SH"), "-0330")
        .text(Attribute::new(0x0010_0010, *b"PN"), "Doe^Jane")
        .text(Attribute::new(0x0020_000D, *b"UI"), "1.2.3")
        .text(Attribute::new(0x0020_000E, *b"UI"), "1.2.3.1");
    SourceScan::read(&object.to_file(TextEncoding::Ascii), &OPTIONS).unwrap().unwrap()
}

/// Picture and structured report, each as letters of one byte.
fn results(explanation: &Explanation, model: &ModelRecord, key: u8) -> [String; 2] {
    results_in(tempfile::tempdir().unwrap().path(), explanation, model, (key, 0))
}

/// As [`results`], of a report in `folder` that is made after some seconds.
fn results_in(folder: &Path, explanation: &Explanation, model: &ModelRecord, (key, seconds): (u8, u64)) -> [String; 2] {
    let (source, key, outbox) = (scan(), SiteKey::new([key; 32]), folder.join("outbox"));
    let dicom = DicomScan { source: &source, is_named: false, results: Some((&outbox, &key)) };
    write(folder, &scan_report(explanation, model), made(seconds), Some(&dicom)).unwrap();
    let page = text_of(&fs::read_to_string(folder.join("report.html")).unwrap());
    assert!(page.contains("Overlay and scores were also written as DICOM"), "{page}");
    assert!(!fs::read_to_string(folder.join("report.json")).unwrap().contains("sop_instance_uid"));
    let mut files = unsent_results(&outbox, &explanation.hash).unwrap();
    files.sort();
    let [capture, report] = files.try_into().unwrap();
    [capture, report].map(|path| fs::read(path).unwrap().into_iter().map(char::from).collect())
}

/// The identifiers of ours in it, without those of the program.
fn identifiers(object: &str) -> Vec<&str> {
    let found = object.match_indices("2.25.").map(|(at, _)| &object[at..]);
    let found = found.map(|rest| &rest[..rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap()]);
    found.filter(|uid| !uid.starts_with("2.25.74192189377306")).collect()
}

#[test]
fn repeated_work_writes_the_same_objects_and_another_model_or_key_others() {
    let classes = ["patchy", "plain"];
    let (explanation, model) = (explanation("a.dcm", classes), model(classes));
    let first = results(&explanation, &model, 1);
    assert_eq!(results(&explanation, &model, 1), first);
    let other_run = RunId::new("0004-1f2e3d4c").unwrap();
    let by_other = Explanation { model: other_run.clone(), ..explanation.clone() };
    let other_frame = ImageFacts { part: Some("frame 2 of 3".to_owned()), ..explanation.image.clone() };
    let of_frame = Explanation { image: other_frame, ..explanation.clone() };
    let others = [
        results(&by_other, &ModelRecord { run_id: other_run, ..model.clone() }, 1),
        results(&of_frame, &model, 1),
        results(&explanation, &model, 2),
    ];
    for (one, other) in others.iter().flat_map(|others| first.iter().zip(others)) {
        let (one, other) = (identifiers(one), identifiers(other));
        assert!(one.iter().all(|uid| uid.len() <= 64 && !other.contains(uid)), "{one:?} {other:?}");
    }
    let [capture, report] = first;
    assert!(identifiers(&report).contains(&identifiers(&capture)[0]), "the report refers to the picture");
    assert!(others[1][1].contains("\u{8}\0`\u{11}IS\u{2}\x002 "), "it refers to the frame");
}

#[test]
fn one_identifier_has_one_content_whenever_work_is_repeated() {
    let classes = ["patchy", "plain"];
    let (first, model) = (explanation("a.dcm", classes), model(classes));
    let dir = tempfile::tempdir().unwrap();
    let results = |explanation: &Explanation, seconds| results_in(dir.path(), explanation, &model, (1, seconds));
    let [capture, report] = results(&first, 0);
    // Cut off after the outbox; what was sent meanwhile is written once more, as it was.
    fs::remove_dir_all(dir.path().join("outbox")).unwrap();
    fs::remove_file(dir.path().join("report.html")).unwrap();
    assert_eq!(results(&first, 60), [capture.clone(), report.clone()]);
    let warned = Explanation { warnings: vec!["Something else.".to_owned()], ..first.clone() };
    let [capture_after, report_after] = results(&warned, 120);
    assert_ne!(identifiers(&report_after)[0], identifiers(&report)[0]);
    assert_ne!(identifiers(&capture_after)[0], identifiers(&capture)[0]);
    let series = |object: &str| identifiers(object).last().map(|&uid| uid.to_owned());
    assert_eq!(series(&capture_after), series(&capture), "it is in the same series");
}

#[test]
fn models_of_two_datasets_keep_their_results_apart_for_owner_and_group_alone() {
    use std::os::unix::fs::PermissionsExt;
    let classes = ["patchy", "plain"];
    let (explanation, model) = (explanation("a.dcm", classes), model(classes));
    let dataset = crate::domain::DatasetName::new("another").unwrap();
    let of_other = Explanation { dataset: dataset.clone(), ..explanation.clone() };
    let dir = tempfile::tempdir().unwrap();
    let (source, key, outbox) = (scan(), SiteKey::new([1; 32]), dir.path().join("outbox"));
    let dicom = DicomScan { source: &source, is_named: false, results: Some((&outbox, &key)) };
    write(&dir.path().join("a"), &scan_report(&explanation, &model), made(0), Some(&dicom)).unwrap();
    let other_model = ModelRecord { dataset, ..model };
    write(&dir.path().join("b"), &scan_report(&of_other, &other_model), made(0), Some(&dicom)).unwrap();
    let sending = outbox.join("sending");
    fs::create_dir(&sending).unwrap();
    let first = unsent_results(&outbox, &explanation.hash).unwrap().remove(0);
    fs::rename(&first, sending.join(first.file_name().unwrap())).unwrap();
    fs::write(outbox.join("of-somebody-else.sc.dcm"), "").unwrap();
    let files = unsent_results(&outbox, &explanation.hash).unwrap();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "{}", file.display());
    }
    assert!(unsent_results(&dir.path().join("nowhere"), &explanation.hash).unwrap().is_empty());
}

#[test]
fn what_stands_against_the_scan_and_when_it_was_made_stands_in_the_report() {
    let classes = ["größer", "plain"];
    let [capture, report] = results(&explanation("a.dcm", classes), &model(classes), 1);
    // 2025-11-23T12:13:20Z
    for result in [&capture, &report] {
        assert!(
            result.contains("DA\u{8}\x0020251123") && result.contains("TM\u{6}\x00084320"),
            "in the zone of the scan"
        );
        assert!(result.contains("Doe^Jane") && result.contains("CS\n\0ISO_IR 192"));
    }
    let utf8: String = "größer".bytes().map(char::from).collect();
    for part in ["The backbone is the built-in one.", "Research use only", "0003-1f2e3d4c", "0.851953", utf8.as_str()] {
        assert!(report.contains(part), "{part}");
    }
}

#[test]
fn a_report_that_is_replaced_is_named_and_results_are_written_again_only_when_they_differ() {
    let dir = tempfile::tempdir().unwrap();
    let classes = ["patchy", "plain"];
    let (first, model) = (explanation("a.dcm", classes), model(classes));
    let by = |number: u32, scores: [f64; 2], seconds| {
        let run_id = RunId::new(format!("000{number}-1f2e3d4c")).unwrap();
        let explanation = Explanation { model: run_id.clone(), scores: scores.to_vec(), ..first.clone() };
        results_in(dir.path(), &explanation, &ModelRecord { run_id, ..model.clone() }, (1, seconds))
    };
    let record = || ReportRecord::stored(dir.path()).unwrap();
    let page = || text_of(&fs::read_to_string(dir.path().join("report.html")).unwrap());
    let written = by(3, [0.85, 0.07], 0);
    assert!(record().replaces.is_none() && !page().contains("Explained again"));

    assert_eq!(by(4, [0.854, 0.074], 90_000), written, "the same in percent");
    let replaced = ReplacedReport { model: first.model.clone(), created: record_time(0) };
    assert_eq!((&record().replaces, record().model.as_str()), (&Some(replaced), "0004-1f2e3d4c"));
    assert!(page().contains("before by 0003-1f2e3d4c"), "{}", page());
    let json = fs::read(dir.path().join("report.json")).unwrap();
    by(4, [0.854, 0.074], 91_000);
    assert_eq!(fs::read(dir.path().join("report.json")).unwrap(), json, "work that is repeated writes the same");

    fs::remove_dir_all(dir.path().join("outbox")).unwrap();
    let other = by(5, [0.86, 0.07], 92_000);
    assert!(other[1] != written[1], "another score");
    assert_eq!(record().replaces.unwrap().model.as_str(), "0004-1f2e3d4c");
}

/// The time of a report that is made after some seconds.
fn record_time(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(made(seconds)).to_string()
}
