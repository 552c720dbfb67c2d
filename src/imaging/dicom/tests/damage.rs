//! Files that are cut, flipped and made up: an error or an image, never a panic, and no patient in any text.

use proptest::prelude::*;

use super::writer::Form;
use super::*;
use crate::imaging::decoding_bytes;

const PATIENT: &str = "Doe^Jane";

/// A file with a patient, tables, a window, and an open sequence.
fn file(form: Form) -> Vec<u8> {
    let table = DicomWriter::new().u16(0x0028_3002, &[2, 0, 12]).u16(0x0028_3006, &[0, 4095]);
    DicomWriter::new()
        .form(form)
        .text(0x0008_0060, "CS", "CR")
        .text(0x0010_0010, "PN", PATIENT)
        .text(0x0010_0020, "LO", PATIENT)
        .u16(0x0028_0002, &[1])
        .text(0x0028_0004, "CS", "MONOCHROME2")
        .text(0x0028_0008, "IS", "2")
        .u16(0x0028_0010, &[2])
        .u16(0x0028_0011, &[3])
        .u16(0x0028_0100, &[16])
        .u16(0x0028_0101, &[12])
        .text(0x0028_1050, "DS", "10")
        .text(0x0028_1051, "DS", "20")
        .sequence(0x0028_3010, &table, true)
        .pixels_u16(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
        .bytes()
}

fn check(bytes: &[u8]) {
    decoding_bytes(bytes, &OPTIONS);
    if let Err(error) = decode(bytes, &OPTIONS) {
        let text = format!("{error} {error:?} {}", error.fix());
        assert!(!text.contains("Doe") && !text.contains("gave up"), "{text}");
    }
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    for form in [Form::Explicit, Form::Implicit, Form::Deflated] {
        let bytes = file(form);
        decode(&bytes, &OPTIONS).unwrap();
        for cut in 1..bytes.len() {
            check(&bytes[..cut]);
            let error = decode(&bytes[..cut], &OPTIONS).unwrap_err();
            // Where an element ends before the image is announced, the file could be a report.
            assert!(["truncated", "no-image"].contains(&error.code()), "{form:?} cut to {cut}: {error}");
        }
    }
}

#[test]
fn every_flipped_bit_is_an_image_or_an_error() {
    let bytes = file(Form::Explicit);
    for at in 128..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            check(&flipped);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_follows_the_mark_is_an_image_or_an_error(
        splices in prop::collection::vec((132_usize..400, prop::collection::vec(any::<u8>(), 1..12)), 1..6),
        form in prop::sample::select(vec![Form::Explicit, Form::Implicit, Form::BigEndian, Form::Deflated]),
    ) {
        let mut bytes = file(form);
        for (at, new) in splices {
            let at = at.min(bytes.len());
            let end = (at + new.len()).min(bytes.len());
            bytes.splice(at..end, new);
        }
        check(&bytes);
    }
}
