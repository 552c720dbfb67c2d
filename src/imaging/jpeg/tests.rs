//! JPEG of every mode: whole, it is decoded to its pixels; cut and closed, it is refused; what is not decoded has a name.

use jpeg_encoder::SamplingFactor;
use turbojpeg::{Colorspace, PixelFormat, Subsamp};

use self::files::{HEIGHT, WIDTH, assembled, by_encoder, by_library, edited, every_mode, inks, joined, parts, recoded};
use self::files::{sampled, samples};
use super::*;

mod files;

const LIMITS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };

fn pixels(jpeg: &[u8]) -> Vec<u8> {
    let (picture, _) = decode(jpeg, &LIMITS).unwrap();
    let Pixels::U8(pixels) = picture.pixels else { panic!("8 bits stay 8") };
    pixels
}

fn error(jpeg: &[u8]) -> DecodeError {
    decode(jpeg, &LIMITS).unwrap_err()
}

fn is_far(a: &[u8], b: &[u8], tolerance: u32) -> bool {
    let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    a.len() != b.len() || sum > tolerance * a.len() as u32
}

#[test]
fn a_whole_file_of_each_mode_is_decoded() {
    for (mode, jpeg) in every_mode() {
        let (picture, _) = decode(&jpeg, &LIMITS).unwrap_or_else(|error| panic!("{mode}: {error}"));
        assert_eq!((picture.width, picture.height), (WIDTH, HEIGHT), "{mode}");
    }
}

#[test]
fn a_file_cut_anywhere_and_closed_is_refused_in_each_mode() {
    for (mode, jpeg) in every_mode() {
        let first =
            parts(&jpeg).iter().take_while(|part| part.0 != 0xDA).map(|part| part.1.len() + 4).sum::<usize>() + 12;
        // Arithmetic data do not show that the last few blocks are missing.
        let last = jpeg.len() - if mode.contains("arithmetic true") { 32 } else { 3 };
        for cut in (first..last).step_by((last - first) / 24).chain([last]) {
            let mut closed = jpeg[..cut].to_vec();
            while closed.last() == Some(&0xFF) {
                closed.pop();
            }
            let outcome = decode(&[&closed, b"\xFF\xD9".as_slice()].concat(), &LIMITS);
            let code = outcome.as_ref().map_or_else(DecodeError::code, |_| "decoded");
            assert!(
                ["truncated", "damaged", "unsupported"].contains(&code),
                "{mode}, cut to {cut} of {}: {outcome:?}",
                jpeg.len()
            );
        }
    }
}

#[test]
fn the_coding_changes_no_pixel() {
    for subsamp in [Subsamp::None, Subsamp::Sub2x1, Subsamp::Sub2x2, Subsamp::Sub1x2, Subsamp::Gray] {
        let jpeg = sampled(subsamp);
        for (progressive, arithmetic) in [(true, false), (false, true), (true, true)] {
            assert!(pixels(&recoded(&jpeg, progressive, arithmetic)) == pixels(&jpeg), "{subsamp:?}");
        }
    }
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2] {
        let together = pixels(&by_encoder(sampling, false, false));
        for (apart, restarts) in [(true, false), (false, true)] {
            assert!(pixels(&by_encoder(sampling, apart, restarts)) == together, "{sampling:?}, apart {apart}");
        }
    }
}

#[test]
fn colour_is_read_as_it_is_stored() {
    let rgb = by_library(PixelFormat::RGB, |compressor| compressor.set_colorspace(Colorspace::RGB).unwrap());
    assert!(!is_far(&pixels(&rgb), &samples(3), 4), "RGB");
    let named = edited(&rgb, |mut part| {
        // Channels called R, G and B say it without Adobe's segment.
        let at = match part.0 {
            0xEE => return None,
            0xC0 => [6, 9, 12],
            0xDA => [1, 3, 5],
            _ => return Some(part),
        };
        at.iter().zip(b"RGB").for_each(|(&at, &name)| part.1[at] = name);
        Some(part)
    });
    assert!(pixels(&named) == pixels(&rgb));
    let stored = samples(4);
    for colours in [Colorspace::CMYK, Colorspace::YCCK] {
        assert!(!is_far(&pixels(&inks(colours)), &cmyk::to_rgb(&stored), 4), "{colours:?}");
    }
    assert_eq!(decode(&inks(Colorspace::CMYK), &LIMITS).unwrap().0.facts().colour, "cmyk8");
}

#[test]
fn no_ink_is_white_and_full_black_is_black() {
    let cases = [([255, 255, 255, 255], [255; 3]), ([255, 255, 255, 0], [0; 3]), ([0, 255, 255, 255], [0, 255, 255])];
    for (stored, rgb) in cases {
        assert_eq!(cmyk::to_rgb(&stored), rgb);
    }
}

#[test]
fn lossless_jpeg_keeps_each_sample() {
    for (format, n) in [(PixelFormat::GRAY, 1), (PixelFormat::RGB, 3)] {
        let jpeg = by_library(format, |compressor| compressor.set_lossless(true).unwrap());
        assert!(pixels(&jpeg) == samples(n));
    }
}

#[test]
fn luma_below_chroma_is_read_as_luma_of_full_size() {
    let (small, full) = ((16, 16, 90), (32, 32, 90));
    let chroma = [(32, 32, 60), (32, 32, 200)];
    let halved = pixels(&assembled((32, 32), &[small, chroma[0], chroma[1]], &[0x11, 0x22, 0x22]));
    let whole = pixels(&assembled((32, 32), &[full, chroma[0], chroma[1]], &[0x11; 3]));
    assert!(!is_far(&halved, &whole, 1));
}

#[test]
fn what_programs_write_into_headers_loses_no_image() {
    let jpeg = by_library(PixelFormat::RGB, |compressor| compressor.set_subsamp(Subsamp::Sub2x2).unwrap());
    let behind = [&jpeg, b"appended \xFF\xD8\xFF".as_slice()].concat();
    let between = [&jpeg[..2], b"\0\x01\xFF\0\xFF\xFF", &jpeg[2..]].concat();
    let jfif_3 = edited(&jpeg, |mut part| {
        if part.0 == 0xE0 {
            part.1[5] = 3;
        }
        Some(part)
    });
    let no_band = edited(&jpeg, |mut part| {
        if part.0 == 0xDA {
            *part.1.last_chunk_mut().unwrap() = [0_u8; 3];
        }
        Some(part)
    });
    for (name, file) in [("behind", behind), ("between", between), ("JFIF 3", jfif_3), ("no band", no_band)] {
        assert!(pixels(&file) == pixels(&jpeg), "{name}");
    }
}

#[test]
fn missing_scans_and_restarts_are_missing_data() {
    let progressive = recoded(&sampled(Subsamp::Sub2x2), true, false);
    let apart = by_encoder(SamplingFactor::F_2_2, true, false);
    for jpeg in [&progressive, &apart] {
        let mut kept = parts(jpeg);
        let last = kept.iter().rposition(|part| part.0 == 0xDA).unwrap();
        kept.remove(last);
        assert_eq!(error(&joined(&kept)).code(), "truncated");
    }
    let restarted = by_encoder(SamplingFactor::F_2_2, false, true);
    let mark = |number: u8| restarted.windows(2).position(|pair| pair == [0xFF, number]).unwrap();
    let lost = [&restarted[..mark(0xD1)], &restarted[mark(0xD2)..]].concat();
    assert_eq!(error(&lost).code(), "damaged");
    let extra = [&restarted[..mark(0xD1)], &[1; 40], &restarted[mark(0xD1)..]].concat();
    assert_eq!(error(&extra).code(), "damaged");
}

#[test]
fn the_smallest_images_are_whole() {
    for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(sampling);
        encoder.encode(&[200, 100, 50], 1, 1, jpeg_encoder::ColorType::Rgb).unwrap();
        assert_eq!(pixels(&bytes).len(), 3);
    }
}

#[track_caller]
fn check_name(name: &str, jpeg: &[u8]) {
    let error = error(jpeg);
    assert_eq!(error.code(), "unsupported", "{error}");
    assert!(error.to_string().contains(name), "{error}");
}

/// The bytes of the frame header of a sequential `jpeg` changed, and its marker.
fn framed(jpeg: &[u8], marker: u8, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    edited(jpeg, |mut part| {
        if part.0 == 0xC0 {
            part.0 = marker;
            change(&mut part.1);
        }
        Some(part)
    })
}

#[test]
fn what_is_not_decoded_is_refused_by_name() {
    let jpeg = sampled(Subsamp::None);
    check_name("12 bits", &framed(&jpeg, 0xC1, |frame| frame[0] = 12));
    check_name("lossless JPEG with 16 bits", &framed(&jpeg, 0xC3, |frame| frame[0] = 16));
    check_name("lossless JPEG with arithmetic", &framed(&jpeg, 0xCB, |_| ()));
    check_name("lossless JPEG with subsampled", &framed(&sampled(Subsamp::Sub2x2), 0xC3, |_| ()));
    check_name("hierarchical", &framed(&jpeg, 0xC5, |_| ()));
    check_name("JPEG-LS", &framed(&jpeg, 0xF7, |_| ()));
    check_name("DNL", &framed(&jpeg, 0xC0, |frame| frame[1..3].fill(0)));
    check_name("Huffman tables", &edited(&jpeg, |part| (part.0 != 0xC4).then_some(part)));
    check_name("quantisation tables", &edited(&jpeg, |part| (part.0 != 0xDB).then_some(part)));
    check_name("tables only", &edited(&jpeg, |part| matches!(part.0, 0xC4 | 0xDB | 0xD9).then_some(part)));
    check_name("no Adobe segment", &edited(&inks(Colorspace::CMYK), |part| (part.0 != 0xEE).then_some(part)));
    check_name("neither one, three nor four", &assembled((16, 16), &[(16, 16, 9); 2], &[0x11; 2]));
    let fraction = assembled((24, 16), &[(24, 16, 9), (16, 16, 9), (8, 16, 9)], &[0x31, 0x21, 0x11]);
    check_name("by a fraction", &fraction);
}

#[test]
fn thousands_of_scans_are_refused_before_any_is_decoded() {
    let mut many = parts(&recoded(&sampled(Subsamp::None), true, false));
    let scan = many.iter().rposition(|part| part.0 == 0xDA).unwrap();
    let again = many[scan].clone();
    many.splice(scan..scan, std::iter::repeat_n(again, 500));
    check_name("more than 500 scans", &joined(&many));
}

#[test]
fn a_second_frame_and_a_scan_without_one_are_damage() {
    let jpeg = sampled(Subsamp::None);
    assert_eq!(error(&edited(&jpeg, |part| (part.0 != 0xC0).then_some(part))).code(), "damaged");
    let mut twice = parts(&jpeg);
    let frame = twice.iter().position(|part| part.0 == 0xC0).unwrap();
    twice.insert(frame, twice[frame].clone());
    assert_eq!(error(&joined(&twice)).code(), "damaged");
}

#[test]
fn a_jpeg_is_decoded_as_small_as_is_enough_and_not_smaller() {
    let jpeg = sampled(Subsamp::Sub2x2);
    let cases =
        [(None, (61, 45)), (Some(46), (61, 45)), (Some(24), (61, 45)), (Some(23), (31, 23)), (Some(12), (16, 12))];
    for (least_side, size) in cases.into_iter().chain([(Some(6), (8, 6)), (Some(1), (8, 6))]) {
        let (picture, _) = decode(&jpeg, &DecodeOptions { least_side, ..LIMITS }).unwrap();
        assert_eq!((picture.width, picture.height), size, "{least_side:?}");
        let facts = picture.facts();
        assert_eq!((facts.width, facts.height), (WIDTH, HEIGHT), "the file is as large as it was");
    }
}

#[test]
fn a_smaller_image_shows_the_same_and_turns_the_same() {
    for (mode, jpeg) in every_mode().into_iter().filter(|(mode, _)| mode != "lossless") {
        let half = DecodeOptions { least_side: Some(23), ..LIMITS };
        let (small, _) = decode(&jpeg, &half).unwrap_or_else(|error| panic!("{mode}: {error}"));
        let Pixels::U8(levels) = &small.pixels else { panic!("8 bits stay 8") };
        let mean = |levels: &[u8]| levels.iter().map(|&level| f64::from(level)).sum::<f64>() / levels.len() as f64;
        assert!((mean(levels) - mean(&pixels(&jpeg))).abs() < 3.0, "{mode}");
        let turned = small.oriented(Orientation::Rotate90).facts();
        assert_eq!((turned.width, turned.height), (HEIGHT, WIDTH), "{mode}");
    }
}

#[test]
fn a_cut_file_is_refused_at_each_size() {
    for jpeg in [sampled(Subsamp::Sub2x2), recoded(&sampled(Subsamp::Sub2x2), true, false)] {
        let closed = [&jpeg[..jpeg.len() / 2], b"\0\xFF\xD9".as_slice()].concat();
        for least_side in [6, 12, 23] {
            let options = DecodeOptions { least_side: Some(least_side), ..LIMITS };
            assert_eq!(decode(&closed, &options).unwrap_err().code(), "truncated");
        }
    }
}
