//! Files of every kind, made here, decoded; cut anywhere, refused.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};

use super::*;
use crate::imaging::png_chunks::crc32;
use crate::imaging::{encode_jpeg, encode_png};

const LIMITS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };

fn noisy(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
        let v = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_769) >> 24;
        image::Rgb([v as u8, (v / 2) as u8, 255 - v as u8])
    }))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    if format == ImageFormat::Tiff {
        return encoded_tiff(image);
    }
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn encoded_tiff(image: &DynamicImage) -> Vec<u8> {
    use ::tiff::encoder::{TiffEncoder, colortype};
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let (width, height) = (image.width(), image.height());
    match image {
        DynamicImage::ImageLuma16(grey) => encoder.write_image::<colortype::Gray16>(width, height, grey),
        DynamicImage::ImageRgb8(rgb) => encoder.write_image::<colortype::RGB8>(width, height, rgb),
        other => panic!("{:?}", other.color()),
    }
    .unwrap();
    bytes.into_inner()
}

fn every_format() -> [(ImageFormat, &'static str); 5] {
    [
        (ImageFormat::Png, "png"),
        (ImageFormat::Jpeg, "jpeg"),
        (ImageFormat::Bmp, "bmp"),
        (ImageFormat::Tiff, "tiff"),
        (ImageFormat::WebP, "webp"),
    ]
}

#[test]
fn every_format_decodes_to_its_pixels_by_content() {
    let image = noisy(33, 21);
    for (format, name) in every_format() {
        let picture = decode(&encoded(&image, format), &LIMITS).unwrap();
        let facts = picture.facts();
        assert_eq!((facts.width, facts.height, facts.format.as_str(), facts.colour.as_str()), (33, 21, name, "rgb8"));
        if format != ImageFormat::Jpeg {
            assert_eq!(picture.to_rgb8().data, image.as_bytes(), "{name}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    for (format, name) in every_format() {
        let bytes = encoded(&noisy(33, 21), format);
        for cut in (0..bytes.len()).filter(|cut| cut % 7 == 0 || bytes.len() - cut < 16) {
            let error = decode(&bytes[..cut], &LIMITS).unwrap_err();
            assert_eq!(error.code(), "truncated", "{name} cut to {cut} of {}: {error}", bytes.len());
        }
    }
}

#[test]
fn a_file_whose_end_is_still_zeros_is_truncated() {
    for (format, name) in [(ImageFormat::Png, "png"), (ImageFormat::Jpeg, "jpeg")] {
        let mut bytes = encoded(&noisy(33, 21), format);
        bytes.truncate(bytes.len() / 2);
        let chunk = if name == "png" { 33 } else { bytes.len() };
        bytes.truncate(chunk);
        bytes.resize(4000, 0);
        assert_eq!(decode(&bytes, &LIMITS).unwrap_err().code(), "truncated", "{name}");
    }
}

#[test]
fn a_jpeg_with_a_foreign_marker_in_its_data_is_refused_and_a_grey_picture_is_not() {
    let mut bytes = encoded(&noisy(64, 64), ImageFormat::Jpeg);
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4].copy_from_slice(&[0xFF, 0xC1, 0, 2]);
    let error = decode(&bytes, &LIMITS).unwrap_err();
    assert!(["damaged", "truncated"].contains(&error.code()), "{error}");
    let grey = Picture::new(64, 64, 1, Pixels::U8(vec![128; 64 * 64])).unwrap();
    decode(&encode_jpeg(&grey, 95).unwrap(), &LIMITS).unwrap();
}

#[test]
fn a_flipped_bit_in_a_png_is_damage() {
    let mut bytes = encoded(&noisy(33, 21), ImageFormat::Png);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    assert_eq!(decode(&bytes, &LIMITS).unwrap_err().code(), "damaged");
}

#[test]
fn limits_are_kept_before_any_pixel() {
    let mut bytes = encode_png(&Picture::new(1, 1, 1, Pixels::U8(vec![0])).unwrap()).unwrap();
    // The header alone promises 101 columns; there are no pixels for them.
    bytes[16..20].copy_from_slice(&101_u32.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = decode(&bytes, &LIMITS).unwrap_err();
    assert_eq!(error.to_string(), "the image is too large: 101x1 pixels, the limit is 100 per side and 5000 in total");
    let bytes = encoded(&noisy(80, 80), ImageFormat::Tiff);
    assert_eq!(decode(&bytes, &LIMITS).unwrap_err().code(), "too-large");
}

#[test]
fn what_is_no_picture_is_named() {
    for (bytes, found) in [
        (b"hello, world, this is text".as_slice(), "it looks like text"),
        (b"%PDF-1.7 and so on", "a PDF document"),
        (b"GIF89a and so on", "a GIF file"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07", "its first bytes are unknown"),
    ] {
        assert_eq!(decode(bytes, &LIMITS), Err(DecodeError::NotAnImage { found }));
    }
    assert_eq!(decode(b"", &LIMITS).unwrap_err().code(), "truncated");
    assert_eq!(decode(b"RIFF\x10\0\0\0WE", &LIMITS).unwrap_err().code(), "truncated");
}

#[test]
fn alpha_lies_on_the_background_and_grey_stays_grey() {
    let rgba = image::RgbaImage::from_pixel(2, 1, image::Rgba([200, 100, 50, 128]));
    let picture = decode(&encoded(&rgba.into(), ImageFormat::Png), &LIMITS).unwrap();
    assert_eq!(picture.pixels(), &Pixels::U8(vec![100, 50, 25, 100, 50, 25]));
    assert_eq!(picture.facts().colour, "rgba8");
    let grey = image::GrayAlphaImage::from_pixel(1, 1, image::LumaA([200, 0]));
    let picture = decode(&encoded(&grey.clone().into(), ImageFormat::Png), &LIMITS).unwrap();
    assert_eq!((picture.channels(), picture.pixels()), (1, &Pixels::U8(vec![0])));
    let on_grey = DecodeOptions { background: 102, ..LIMITS };
    let picture = decode(&encoded(&grey.into(), ImageFormat::Png), &on_grey).unwrap();
    assert_eq!(picture.pixels(), &Pixels::U8(vec![102]));
    let deep =
        image::ImageBuffer::<image::LumaA<u16>, Vec<u16>>::from_raw(2, 1, vec![40_000, 0, 40_000, 65_535]).unwrap();
    let picture = decode(&encoded(&deep.into(), ImageFormat::Png), &on_grey).unwrap();
    assert_eq!(picture.pixels(), &Pixels::U16(vec![102 * 257, 40_000]));
}

#[test]
fn sixteen_bits_stay_sixteen() {
    let levels = [0_u16, 1, 257, 40_001, 65_535, 3];
    let image: DynamicImage =
        image::ImageBuffer::<image::Luma<u16>, _>::from_raw(3, 2, levels.to_vec()).unwrap().into();
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let picture = decode(&encoded(&image, format), &LIMITS).unwrap();
        assert_eq!((picture.pixels(), picture.facts().colour.as_str()), (&Pixels::U16(levels.to_vec()), "grey16"));
    }
}

#[test]
fn white_is_the_largest_level_of_the_depth_that_the_pixels_show() {
    for (largest, colour, white) in [(4095, "grey12", 65_535), (4000, "grey12", 64_015), (700, "grey10", 44_843)] {
        let levels = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![0, largest]).unwrap();
        for format in [ImageFormat::Png, ImageFormat::Tiff] {
            let picture = decode(&encoded(&levels.clone().into(), format), &LIMITS).unwrap();
            assert_eq!((picture.pixels(), picture.facts().colour.as_str()), (&Pixels::U16(vec![0, white]), colour));
        }
    }
}

#[test]
fn an_alpha_has_a_depth_of_its_own() {
    let pixels = vec![4095, 0, 4095, 65_535, 4095, 0, 4095, 0];
    let levels = image::ImageBuffer::<image::Rgba<u16>, _>::from_raw(2, 1, pixels).unwrap();
    let picture = decode(&encoded(&levels.into(), ImageFormat::Png), &LIMITS).unwrap();
    assert_eq!(picture.pixels(), &Pixels::U16(vec![65_535, 0, 65_535, 0, 0, 0]));
    assert_eq!(picture.facts().colour, "rgba12");
}

#[test]
fn a_depth_that_another_program_states_is_white_unless_levels_are_on_the_whole_range() {
    for (bits, largest, white, colour) in
        [(12, 2000, 32_007, "grey12"), (12, 40_000, 40_000, "grey12"), (10, 200, 12_812, "grey10")]
    {
        let levels = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![0, largest]).unwrap();
        let png = encoded(&levels.into(), ImageFormat::Png);
        let picture = decode(&crate::imaging::png_chunks::with_chunk(&png, "IDAT", "sBIT", &[bits]), &LIMITS).unwrap();
        assert_eq!((picture.pixels(), picture.facts().colour.as_str()), (&Pixels::U16(vec![0, white]), colour));
    }
}

#[test]
fn the_level_of_transparent_pixels_does_not_count_for_the_depth() {
    let pixels = vec![4095, 65_535, 65_535, 0];
    let levels = image::ImageBuffer::<image::LumaA<u16>, _>::from_raw(2, 1, pixels).unwrap();
    let picture = decode(&encoded(&levels.into(), ImageFormat::Png), &LIMITS).unwrap();
    assert_eq!((picture.pixels(), picture.facts().colour.as_str()), (&Pixels::U16(vec![65_535, 0]), "greya12"));
}

#[test]
fn a_stated_depth_is_believed() {
    let dark = Picture::new(2, 1, 1, Pixels::U16(vec![0, 700])).unwrap();
    let back = decode(&encode_png(&dark).unwrap(), &LIMITS).unwrap();
    assert_eq!((back.pixels(), back.facts().colour.as_str()), (dark.pixels(), "grey16"));
}

#[test]
fn a_palette_is_resolved() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    encoder.write_header().unwrap().write_image_data(&[0b00_01_10_11]).unwrap();
    let picture = decode(&bytes, &LIMITS).unwrap();
    assert_eq!(picture.pixels(), &Pixels::U8((1..=12).collect()));
    assert_eq!(picture.facts().colour, "palette");
}

/// A 16x8 grey image, black but for its white upper left quarter.
fn corner() -> Picture {
    let data = (0..16 * 8).map(|i| if i % 16 < 8 && i / 16 < 4 { 255 } else { 0 }).collect();
    Picture::new(16, 8, 1, Pixels::U8(data)).unwrap()
}

/// A TIFF block (little-endian) with one short entry for each of `tags`, behind which `data` lies.
fn tiff(tags: &[(u16, u32)], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([3, 0, 1, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    }
    [bytes.as_slice(), &[0; 4], data].concat()
}

const ORIENTATION: u16 = 0x112;

/// [`corner`] in each format that can say how it is turned, saying `orientation`.
fn oriented(orientation: u32) -> [(&'static str, Vec<u8>); 3] {
    let exif = tiff(&[(ORIENTATION, orientation)], b"");
    let jpeg = encode_jpeg(&corner(), 100).unwrap();
    let length = (exif.len() as u16 + 8).to_be_bytes();
    let jpeg = [&jpeg[..2], b"\xFF\xE1", &length, b"Exif\0\0", &exif, &jpeg[2..]].concat();
    let png = encode_png(&corner()).unwrap();
    let chunk = [b"eXIf".as_slice(), &exif].concat();
    let (length, crc) = ((exif.len() as u32).to_be_bytes(), crc32(&chunk).to_be_bytes());
    let png = [&png[..33], &length, &chunk, &crc, &png[33..]].concat();
    let Pixels::U8(data) = corner().pixels else { panic!("8 bits stay 8") };
    let n_tags = 9;
    let tags = [
        (0x100, 16),
        (0x101, 8),
        (0x102, 8),
        (0x103, 1),
        (0x106, 1),
        (0x111, 8 + 2 + n_tags * 12 + 4),
        (ORIENTATION, orientation),
        (0x116, 8),
        (0x117, 128),
    ];
    [("jpeg", jpeg), ("png", png), ("tiff", tiff(&tags, &data))]
}

#[test]
fn all_eight_orientations_are_applied_in_every_format() {
    // (orientation, is it turned, is the white corner on the right, at the bottom) as EXIF 2.32 defines them.
    let cases = [
        (1, false, false, false),
        (2, false, true, false),
        (3, false, true, true),
        (4, false, false, true),
        (5, true, false, false),
        (6, true, true, false),
        (7, true, true, true),
        (8, true, false, true),
    ];
    for (orientation, turned, right, bottom) in cases {
        for (format, bytes) in oriented(orientation) {
            let picture = decode(&bytes, &LIMITS).unwrap();
            let (width, height) = if turned { (8, 16) } else { (16, 8) };
            assert_eq!((picture.width(), picture.height()), (width, height), "{format}, {orientation}");
            assert_eq!(picture.facts().format, format);
            let Pixels::U8(data) = picture.pixels() else { panic!("8 bits stay 8") };
            let (x, y) = (if right { width - 1 } else { 0 }, if bottom { height - 1 } else { 0 });
            let is_white = |x: u32, y: u32| data[(y * width + x) as usize] > 128;
            assert!(is_white(x, y), "{format}, {orientation}: the white corner");
            assert!(!is_white(width - 1 - x, y) && !is_white(x, height - 1 - y), "{format}, {orientation}: the others");
        }
    }
}
