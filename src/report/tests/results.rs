//! Results in DICOM: which objects they are, and when they are the same.

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
    let dir = tempfile::tempdir().unwrap();
    let (source, key, outbox) = (scan(), SiteKey::new([key; 32]), dir.path().join("outbox"));
    let dicom = DicomScan { source: &source, is_named: false, results: Some((&outbox, &key)) };
    write(dir.path(), explanation, model, &radiograph(), made(0), Some(&dicom)).unwrap();
    let page = text_of(&fs::read_to_string(dir.path().join("report.html")).unwrap());
    assert!(page.contains("Overlay and scores were also written as DICOM"), "{page}");
    assert!(!fs::read_to_string(dir.path().join("report.json")).unwrap().contains("sop_instance_uid"));
    result_files(&outbox, &explanation.hash).map(|path| fs::read(path).unwrap().into_iter().map(char::from).collect())
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
