//! Files of every kind, written here element by element; cut, flipped and contradictory ones are refused.

mod colours;
mod damage;
mod greys;
mod results;
mod streams;
mod writer;

use self::writer::DicomWriter;
use crate::imaging::picture::Pixels;
use crate::imaging::{DecodeError, DecodeOptions, Picture, decode};

const OPTIONS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };

fn picture(file: &DicomWriter) -> Picture {
    decode(&file.bytes(), &OPTIONS).unwrap()
}

fn refusal(file: &DicomWriter) -> String {
    decode(&file.bytes(), &OPTIONS).unwrap_err().to_string()
}

/// The levels of a grey image, 0 to 65535.
fn greys(file: &DicomWriter) -> Vec<u16> {
    match picture(file).pixels {
        Pixels::U16(levels) => levels,
        Pixels::U8(_) => panic!("grey has 16 bits"),
    }
}

#[test]
fn files_without_pixels_are_no_images() {
    let report = DicomWriter::new().text(0x0008_0060, "CS", "SR").text(0x0010_0010, "PN", "Doe^Jane");
    assert_eq!(decode(&report.bytes(), &OPTIONS).unwrap_err(), DecodeError::NoImage);
    let announced = DicomWriter::new().u16(0x0028_0010, &[3]);
    assert_eq!(decode(&announced.bytes(), &OPTIONS).unwrap_err().code(), "truncated");
    assert!(refusal(&DicomWriter::grey(2, 2, 16).element(0x7FE0_0008, "OF", &[0; 16])).contains("floating-point"));
}

#[test]
fn facts_name_what_the_file_was() {
    let file = DicomWriter::grey(3, 2, 12).pixels_u16(&[0, 1, 2, 3, 4, 4095]);
    let facts = picture(&file).facts();
    let expected = (3, 2, "dicom", "grey12", None);
    assert_eq!((facts.width, facts.height, facts.format.as_str(), facts.colour.as_str(), facts.part), expected);
    let overlay = DicomWriter::grey(3, 2, 12).u16(0x6000_0010, &[2]).pixels_u16(&[0; 6]);
    assert_eq!(picture(&overlay).facts().part.as_deref(), Some("without its overlay"));
}

#[test]
fn limits_are_kept_before_any_pixel() {
    let file = DicomWriter::grey(101, 1, 16).pixels_u16(&[0]);
    assert_eq!(decode(&file.bytes(), &OPTIONS).unwrap_err().code(), "too-large");
}

#[test]
fn the_chosen_frame_is_shown_or_the_last() {
    let file = DicomWriter::grey(2, 1, 8).text(0x0028_0008, "IS", "3").pixels(&[1, 2, 3, 4, 5, 6]);
    for (frame, first, part) in [(1, 1, "frame 1 of 3"), (2, 3, "frame 2 of 3"), (9, 5, "frame 3 of 3")] {
        let shown = decode(&file.bytes(), &DecodeOptions { frame, ..OPTIONS }).unwrap();
        assert_eq!((shown.to_rgb8().data[0], shown.facts().part.as_deref()), (first, Some(part)));
    }
}
