//! What results are made of: values that come over from files of every form, and files that are read as they were written.

use super::writer::{DicomWriter, Form};
use super::{OPTIONS, picture};
use crate::imaging::picture::Pixels;
use crate::imaging::{Attribute, DecodeError, DicomObject, SourceScan, TextEncoding, decode, result_equipment};

const NAME: Attribute = Attribute::new(0x0010_0010, *b"PN");
const COMMENT: Attribute = Attribute::new(0x0040_A160, *b"UT");

/// A scan with a study, whose patient has this name in this character set.
fn scan(set: &str, name: &[u8]) -> DicomWriter {
    DicomWriter::new()
        .text(0x0008_0005, "CS", set)
        .text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.1")
        .text(0x0008_0018, "UI", "1.2.3.4")
        .text(0x0008_0201, "SH", "-0330")
        .element(0x0010_0010, "PN", name)
        .text(0x0020_000D, "UI", "1.2.3")
        .text(0x0020_000E, "UI", "1.2.3.1")
        .element(0x7FE0_0010, "OB", &[0; 4])
}

fn source(file: &DicomWriter) -> Option<SourceScan> {
    SourceScan::read(&file.bytes(), &OPTIONS).unwrap()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_is_said_of_the_patient_comes_over_from_every_form() {
    let name = "Müller^Jörg=山田".as_bytes();
    for form in [Form::Explicit, Form::Implicit, Form::BigEndian, Form::Deflated] {
        let source = source(&scan("ISO_IR 192", name).form(form)).unwrap();
        let uids = (source.class(), source.instance(), source.study(), source.series());
        assert_eq!(uids, ("1.2.840.10008.5.1.4.1.1.1", "1.2.3.4", "1.2.3", "1.2.3.1"));
        assert_eq!((source.encoding(true), source.utc_offset()), (TextEncoding::Utf8, Some(-12_600)));
        let written = source.subject(TextEncoding::Utf8).to_file(TextEncoding::Utf8);
        assert!(holds(&written, name) && holds(&written, b"CS\x0a\x00ISO_IR 192"), "{form:?}");
        assert!(!format!("{source:?} {:?}", source.subject(TextEncoding::Utf8)).contains("ller"));
    }
}

#[test]
fn other_texts_are_written_in_the_character_set_of_the_file() {
    for (set, name, expected) in [
        ("ISO_IR 100", b"M\xfcller".as_slice(), "\u{fc}".chars().map(|letter| letter as u8).collect()),
        ("ISO_IR 101", b"M\xfcller", b"(U+00FC)".to_vec()),
        ("ISO_IR 6", b"Mueller", "ü".as_bytes().to_vec()),
        (r"\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B", b"(U+00FC)".to_vec()),
    ] {
        let source = source(&scan(set, name)).unwrap();
        let encoding = source.encoding(false);
        let written = source.subject(encoding).text(COMMENT, "ü").to_file(encoding);
        assert!(holds(&written, name) && holds(&written, &expected), "{set}");
        assert_eq!(source.encoding(true) == TextEncoding::Latin1, set == "ISO_IR 100");
    }
}

#[test]
fn a_file_without_its_identifiers_has_no_results() {
    let of_study = |uid: &str| {
        source(
            &DicomWriter::new()
                .text(0x0008_0016, "UI", "1")
                .text(0x0008_0018, "UI", "1")
                .text(0x0020_000D, "UI", uid)
                .text(0x0020_000E, "UI", "1"),
        )
    };
    assert!(of_study("1.2").is_some());
    assert!(of_study("").is_none() && of_study("study").is_none() && of_study(&"1".repeat(65)).is_none());
    assert!(SourceScan::read(&scan("", b"").bytes()[..150], &OPTIONS).is_err());
}

#[test]
fn a_written_file_is_read_as_it_was_written() {
    let number = |tag| Attribute::new(tag, *b"US");
    let image = |object: DicomObject<'static>| {
        object
            .number(number(0x0028_0002), 3)
            .text(Attribute::new(0x0028_0004, *b"CS"), "RGB")
            .number(number(0x0028_0010), 1)
            .number(number(0x0028_0011), 3)
            .number(number(0x0028_0100), 8)
            .items(Attribute::new(0x0008_1140, *b"SQ"), [DicomObject::reference("1.2", "3"), DicomObject::default()])
            .bytes(Attribute::new(0x7FE0_0010, *b"OB"), vec![1, 2, 3, 4, 5, 6, 7, 8, 9])
            .to_file(TextEncoding::Utf8)
    };
    let written = image(DicomObject::new("1.2", "1.2.3").text(NAME, "Odd"));
    assert_eq!(written.len() % 2, 0);
    let decoded = decode(&written, &OPTIONS).unwrap();
    assert_eq!((decoded.width(), decoded.height(), decoded.pixels()), (3, 1, &Pixels::U8((1..=9).collect())));
    assert_eq!(decode(&image(result_equipment("1")), &OPTIONS).unwrap_err(), DecodeError::OwnResult);
}

#[test]
fn a_report_of_ours_is_a_result_and_a_scan_of_a_device_is_none() {
    let report = result_equipment("1").to_file(TextEncoding::Ascii);
    assert_eq!(decode(&report, &OPTIONS).unwrap_err(), DecodeError::OwnResult);
    let grey = |maker: &str| {
        let header = DicomWriter::new().text(0x0008_0070, "LO", maker).text(0x0008_1090, "LO", "gradwatch explanation");
        let header = header.u16(0x0028_0010, &[1]).u16(0x0028_0011, &[1]).u16(0x0028_0100, &[8]);
        header.element(0x7FE0_0010, "OB", &[7])
    };
    assert_eq!(picture(&grey("a device")).width(), 1);
    for form in [Form::Implicit, Form::BigEndian, Form::Deflated] {
        let error = decode(&grey("gradwatch").form(form).bytes(), &OPTIONS).unwrap_err();
        assert_eq!(error, DecodeError::OwnResult, "{form:?}");
    }
}
