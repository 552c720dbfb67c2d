//! Files that are cut, overwritten or lie about their size: never a panic, never a partly decoded image.

use proptest::prelude::*;

use super::writer::{CLASSIC, Form, Numbers, file};
use super::{DecodeOptions, LIMITS, Pixels, decode, decoded, refusal};
use crate::imaging::error::DecodeError;

fn files() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for (compression, predictor) in [(1, 1), (5, 2), (8, 2), (32_773, 1), (7, 1)] {
        for is_big in [false, true] {
            for tile in [None, Some((16, 16))] {
                let form = Form { compression, predictor, tile, ..Form::new(8, 1, 1) };
                let page = (form.clone(), form.samples());
                files.push(file(Numbers { is_big, is_big_endian: tile.is_some() }, &[page.clone(), page]));
            }
        }
    }
    files
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    for bytes in files() {
        decoded(&bytes);
        for cut in (8..bytes.len()).filter(|cut| cut % 3 == 0 || bytes.len() - cut < 20) {
            let error = refusal(&bytes[..cut]);
            assert_eq!(error.code(), "truncated", "cut to {cut} of {}: {error}", bytes.len());
        }
    }
}

#[test]
fn a_directory_before_its_data_is_noticed_missing_its_data() {
    let form = Form { rows_per_strip: 9, ..Form::new(8, 1, 1) };
    let whole = form.file(&form.samples());
    // The directory, with the strip far behind the end.
    let form = form.with(273, &[whole.len() as u64]);
    assert_eq!(refusal(&form.file(&form.samples())).code(), "truncated");
    let zeros = [b"II*\0\x08\0\0\0".as_slice(), &[0; 500]].concat();
    assert_eq!(refusal(&zeros).code(), "truncated", "a file that was given its length before its content");
    assert_eq!(refusal(b"II*\0\0\0\0\0").code(), "truncated", "a file whose directory is not written yet");
}

#[test]
fn a_last_strip_that_is_stated_whole_is_read() {
    // 4 rows a strip, 9 rows: the last has one, but 4 are stated, and it is at the end but for the directory.
    let form = Form::new(8, 1, 1).with(279, &[52, 52, 52_000]);
    let samples = form.samples();
    let expected = samples.iter().map(|&sample| sample as u8).collect();
    assert_eq!(decoded(&form.file(&samples)).pixels(), &Pixels::U8(expected));
}

#[test]
fn strips_that_hold_too_little_are_damage() {
    for compression in [5, 8, 32_773] {
        let short = Form { compression, rows_per_strip: 9, ..Form::new(8, 1, 1) };
        let samples = short.samples();
        let more_rows = short.with(257, &[10]).with(278, &[10]);
        assert_eq!(refusal(&more_rows.file(&samples)).code(), "damaged", "{compression}");
    }
}

#[test]
fn a_flipped_bit_in_deflate_is_damage() {
    let form = Form { compression: 8, rows_per_strip: 9, ..Form::new(8, 1, 1) };
    let mut bytes = form.file(&form.samples());
    bytes[60] ^= 4;
    assert_eq!(refusal(&bytes).code(), "damaged");
}

#[test]
fn limits_are_kept_before_any_pixel() {
    let form = |tag, side| Form::new(8, 1, 1).with(tag, &[side]);
    for form in [form(256, 101), form(257, 4_000_000_000), form(256, u32::MAX.into())] {
        assert!(matches!(refusal(&form.file(&form.samples())), DecodeError::TooLarge { .. }));
    }
    let tile = Form { tile: Some((16, 16)), compression: 5, ..Form::new(8, 1, 1) };
    let huge = tile.clone().with(322, &[2_000_000_000]).with(323, &[2_000_000_000]);
    assert_eq!(refusal(&huge.file(&huge.samples())).code(), "unsupported");
    let samples = tile.samples();
    let jpeg = Form { compression: 7, ..tile }.with(322, &[4096]).with(323, &[4096]);
    assert_eq!(refusal(&jpeg.file(&samples)).code(), "damaged", "a stream of another size");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_damage_never_panics(which in 0..20_usize, changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut bytes = FILES.with(|files| files[which].clone());
        for (at, value) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = value;
        }
        let options = DecodeOptions { max_side: 300, max_pixels: 30_000, background: 0, least_side: None, frame: 1 };
        if let Ok((picture, _)) = decode(&bytes, &options) {
            prop_assert!(picture.width() <= 300);
        }
    }
}

thread_local! {
    static FILES: Vec<Vec<u8>> = files();
}

#[test]
fn the_classic_header_and_the_big_one_are_told_apart() {
    let form = Form::new(8, 1, 1);
    let mut bytes = file(Numbers { is_big: true, ..CLASSIC }, &[(form.clone(), form.samples())]);
    bytes[4] = 4;
    assert_eq!(decode(&bytes, &LIMITS).unwrap_err().code(), "damaged");
}
