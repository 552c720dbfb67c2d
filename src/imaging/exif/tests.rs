//! All eight orientations, in every place of a PNG and a WebP that can hold EXIF.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, Luma};

use super::*;
use crate::imaging::{DecodeOptions, Picture, Pixels, decode, encode_png};

const LIMITS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };
/// How a zlib stream of one uncompressed block begins.
const STORED: [u8; 3] = [0x78, 0x01, 0x01];

/// 4x2 pixels, each with a level of its own.
fn levels(x: u32, y: u32) -> u8 {
    (20 + 30 * x + 100 * y) as u8
}

fn png() -> Vec<u8> {
    let data = (0..8).map(|i| levels(i % 4, i / 4)).collect();
    encode_png(&Picture::new(4, 2, 1, Pixels::U8(data)).unwrap()).unwrap()
}

fn webp(chunks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image: DynamicImage = GrayImage::from_fn(4, 2, |x, y| Luma([levels(x, y)])).into();
    image.write_to(&mut bytes, ImageFormat::WebP).unwrap();
    let chunk = |block: &&[u8]| {
        let padding = &[0][..block.len() % 2];
        [b"EXIF", (block.len() as u32).to_le_bytes().as_slice(), block, padding].concat()
    };
    let exif: Vec<u8> = chunks.iter().flat_map(chunk).collect();
    let header = b"VP8X\x0A\0\0\0\x08\0\0\0\x03\0\0\x01\0\0";
    let body = [b"WEBP", header.as_slice(), &bytes.into_inner()[12..], &exif].concat();
    [b"RIFF", (body.len() as u32).to_le_bytes().as_slice(), &body].concat()
}

/// An EXIF block whose second entry states `value`, as a number of the type `kind`.
fn block(is_big_endian: bool, kind: u16, value: u32) -> Vec<u8> {
    let short = |v: u16| if is_big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let long = |v: u32| if is_big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let placed = match kind {
        BYTE => [value as u8, 0, 0, 0],
        SHORT => [short(value as u16), [0; 2]].concat().try_into().unwrap(),
        _ => long(value),
    };
    let order: &[u8] = if is_big_endian { b"MM" } else { b"II" };
    let entry = |tag: u16, kind: u16, value: [u8; 4]| [&short(tag)[..], &short(kind), &long(1), &value].concat();
    let entries = [entry(0x100, SHORT, [0; 4]), entry(ORIENTATION, kind, placed)].concat();
    [order, &short(42), &long(8), &short(2), &entries, &[0; 4]].concat()
}

/// The text of a raw profile as `ImageMagick` writes it.
fn profile_text(block: &[u8]) -> Vec<u8> {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    let mut text = format!("\nexif\n{:8}", block.len()).into_bytes();
    for (i, byte) in block.iter().enumerate() {
        text.extend(if i % 36 == 0 { "\n" } else { "" }.bytes());
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

/// `text` as a zlib stream of one stored block.
fn deflated(text: &[u8]) -> Vec<u8> {
    let length = text.len() as u16;
    let (a, b) = text
        .iter()
        .fold((1_u32, 0_u32), |(a, b), &byte| ((a + u32::from(byte)) % 65_521, (a + u32::from(byte) + b) % 65_521));
    [&STORED[..], &length.to_le_bytes(), &(!length).to_le_bytes(), text, &(b << 16 | a).to_be_bytes()].concat()
}

/// Files that state `block`, each in another place.
fn files(block: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let prefixed = [PREFIX, block].concat();
    let in_png = |before, kind, data: &[u8]| png_chunks::with_chunk(&png(), before, kind, data);
    let named = |name: &str, text: &[u8]| [name.as_bytes(), b"\0", text].concat();
    let (text, packed) = (profile_text(block), [&[0][..], &deflated(&profile_text(&prefixed))].concat());
    vec![
        ("png before pixels", in_png("IDAT", "eXIf", block)),
        ("png after pixels", in_png("IEND", "eXIf", block)),
        ("png prefixed", in_png("IEND", "eXIf", &prefixed)),
        ("png text", in_png("IDAT", "tEXt", &named("Raw profile type exif", &text))),
        ("png text after pixels", in_png("IEND", "tEXt", &named("Raw profile type exif", &text))),
        ("png compressed text", in_png("IDAT", "zTXt", &named("Raw profile type APP1", &packed))),
        ("webp", webp(&[block])),
        ("webp prefixed", webp(&[&prefixed])),
        ("webp odd length", webp(&[b"broken!", &[&prefixed, b"!".as_slice()].concat()])),
    ]
}

/// Where the pixel at (x, y) of the upright image is stored, by EXIF 2.32: its rows and columns for each orientation.
fn stored_at(orientation: u32, x: u32, y: u32) -> (u32, u32) {
    match orientation {
        2 => (3 - x, y),
        3 => (3 - x, 1 - y),
        4 => (x, 1 - y),
        5 => (y, x),
        6 => (y, 1 - x),
        7 => (3 - y, 1 - x),
        8 => (3 - y, x),
        _ => (x, y),
    }
}

fn check(place: &str, bytes: &[u8], orientation: u32) {
    let picture = decode(bytes, &LIMITS).unwrap();
    let (width, height) = if orientation > 4 { (2, 4) } else { (4, 2) };
    assert_eq!((picture.width(), picture.height()), (width, height), "{place}, {orientation}");
    let upright = (0..width * height).map(|i| stored_at(orientation, i % width, i / width));
    let expected: Vec<u8> = upright.flat_map(|(x, y)| [levels(x, y); 3]).collect();
    assert_eq!(picture.to_rgb8().data, expected, "{place}, {orientation}");
}

#[test]
fn all_eight_orientations_are_applied_wherever_they_stand() {
    for orientation in 1..=8 {
        for is_big_endian in [false, true] {
            for (place, bytes) in files(&block(is_big_endian, SHORT, orientation)) {
                check(place, &bytes, orientation);
            }
        }
    }
}

#[test]
fn a_number_of_another_type_is_understood_and_an_orientation_that_does_not_exist_is_not() {
    for kind in [BYTE, SHORT, LONG] {
        for is_big_endian in [false, true] {
            assert_eq!(orientation_of(&block(is_big_endian, kind, 6)), Some(Orientation::Rotate90));
        }
    }
    for value in [0, 9, 255] {
        assert_eq!(orientation_of(&block(false, SHORT, value)), None);
    }
    assert_eq!(orientation_of(&block(true, LONG, 0x0001_0006)), None);
}

#[test]
fn a_broken_block_costs_nothing_and_the_first_valid_one_counts() {
    let whole = block(false, SHORT, 6);
    let broken =
        [b"".as_slice(), b"II", b"II*\0\xff\xff\xff\xff", &whole[..30], b"Exif\0\0", b"not EXIF at all", &[0; 40]];
    for broken in broken {
        for (place, bytes) in files(broken) {
            check(place, &bytes, 1);
        }
        let bytes = png_chunks::with_chunk(&png(), "IDAT", "eXIf", broken);
        check("png", &png_chunks::with_chunk(&bytes, "IEND", "eXIf", &whole), 6);
        check("webp", &webp(&[broken, &whole, &block(false, SHORT, 3)]), 6);
    }
    let text =
        |text: &[u8]| png_chunks::with_chunk(&png(), "IDAT", "tEXt", &[b"Raw profile type exif\0", text].concat());
    for broken in [b"".as_slice(), b"\nexif", b"\nexif\n 4\n", b"\nexif\n 4\n4x", b"\nexif\n 4\n4"] {
        check("png text", &text(broken), 1);
    }
    for broken in [b"\0".as_slice(), b"\0\x78\x01\x01", b"\x01abc", b""] {
        let data = [b"Raw profile type APP1\0", broken].concat();
        check("png compressed text", &png_chunks::with_chunk(&png(), "IDAT", "zTXt", &data), 1);
    }
}
