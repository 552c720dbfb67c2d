//! Compressed pixels.

use super::*;
use crate::imaging::encode_jpeg;

const JPEG: &str = "1.2.840.10008.1.2.4.50";
const RLE: &str = "1.2.840.10008.1.2.5";

/// A frame of run-length segments, each of bytes as they are.
fn rle(segments: &[&[u8]]) -> Vec<u8> {
    let mut header = vec![segments.len() as u32];
    let mut data = Vec::new();
    for segment in segments {
        header.push(64 + data.len() as u32);
        data.push(segment.len() as u8 - 1);
        data.extend(*segment);
    }
    header.resize(16, 0);
    header.iter().flat_map(|word| word.to_le_bytes()).chain(data).collect()
}

#[test]
fn run_lengths_hold_the_higher_byte_first() {
    let file = DicomWriter::grey(2, 1, 16).fragments(RLE, &[&rle(&[&[0x12, 0xFF], &[0x34, 0xFF]])]);
    assert_eq!(greys(&file), [0x1234, 0xFFFF]);
    let colours = DicomWriter::image(2, 1, 8, "RGB", 3).fragments(RLE, &[&rle(&[&[1, 2], &[3, 4], &[5, 6]])]);
    assert_eq!(picture(&colours).to_rgb8().data, [1, 3, 5, 2, 4, 6]);
    let short = DicomWriter::grey(3, 1, 8).fragments(RLE, &[&rle(&[&[1, 2]])]);
    assert!(refusal(&short).contains("too few bytes"));
}

#[test]
fn a_jpeg_stream_is_decoded_also_in_pieces() {
    let grey = Picture::new(16, 16, 1, Pixels::U8((0..=255).collect())).unwrap();
    let stream = encode_jpeg(&grey, 95).unwrap();
    let expected = decode(&stream, &OPTIONS).unwrap().to_rgb8();
    let (begin, end) = stream.split_at(stream.len() / 4 * 2);
    for fragments in [vec![stream.as_slice()], vec![begin, end]] {
        let file = DicomWriter::grey(16, 16, 8).fragments(JPEG, &fragments);
        assert_eq!(picture(&file).to_rgb8(), expected);
    }
    let other = DicomWriter::grey(16, 15, 8).fragments(JPEG, &[&stream]);
    assert!(refusal(&other).contains("another size"));
}

#[test]
fn frames_are_found_without_a_table() {
    let stream = |level| encode_jpeg(&Picture::new(8, 8, 1, Pixels::U8(vec![level; 64])).unwrap(), 95).unwrap();
    let (dark, light) = (stream(10), stream(200));
    let (begin, end) = light.split_at(light.len() / 4 * 2);
    let file = DicomWriter::grey(8, 8, 8).text(0x0028_0008, "IS", "2").fragments(JPEG, &[&dark, begin, end]);
    let shown = decode(&file.bytes(), &DecodeOptions { frame: 2, ..OPTIONS }).unwrap();
    assert_eq!((shown.to_rgb8().data[0], shown.facts().part.as_deref()), (200, Some("frame 2 of 2")));
}

#[test]
fn other_compressions_are_refused_by_name() {
    let file = DicomWriter::grey(8, 8, 8).fragments("1.2.840.10008.1.2.4.80", &[&[0; 8]]);
    assert!(refusal(&file).ends_with("JPEG-LS compression"));
    let no_stream = DicomWriter::grey(8, 8, 8).fragments("1.2.840.10008.1.2.4.90", &[&[0; 8]]);
    assert!(refusal(&no_stream).ends_with("no JPEG 2000 codestream"));
}
