//! What samples mean: alpha, palettes, inks, inverted grey, ranges of floats and integers, stated depths, JPEG.

use super::writer::{Form, OLD_LZW};
use super::{DecodeOptions, LIMITS, Pixels, decode, decoded, refusal};
use crate::imaging::picture::Picture;

/// One pixel.
fn pixel(form: Form, samples: &[u64]) -> Picture {
    let form = Form { width: 1, height: 1, ..form };
    decoded(&form.file(samples))
}

fn refused_pixels(form: Form, samples: &[u64]) -> String {
    let form = Form { width: samples.len() / form.n_samples, height: 1, ..form };
    let error = refusal(&form.file(samples));
    assert_eq!(error.code(), "unsupported");
    error.to_string()
}

#[test]
fn alpha_is_multiplied_once_by_whoever_has_to() {
    let form = |extra: &[u64]| Form { extra: extra.to_vec(), ..Form::new(8, 2, 3 + extra.len()) };
    assert_eq!(pixel(form(&[2]), &[200, 100, 50, 128]).pixels(), &Pixels::U8(vec![100, 50, 25]));
    assert_eq!(pixel(form(&[1]), &[100, 50, 25, 128]).pixels(), &Pixels::U8(vec![100, 50, 25]));
    assert_eq!(pixel(form(&[0, 2]), &[200, 100, 50, 9, 128]).pixels(), &Pixels::U8(vec![100, 50, 25]));
    assert_eq!(pixel(form(&[1]), &[100, 50, 25, 128]).facts().colour, "rgba8");
    let on_grey = DecodeOptions { background: 100, ..LIMITS };
    let one = Form { width: 1, height: 1, ..form(&[1]) };
    let (picture, _) = decode(&one.file(&[100, 50, 25, 128]), &on_grey).unwrap();
    assert_eq!(picture.pixels(), &Pixels::U8(vec![150, 100, 75]));
}

#[test]
fn alpha_of_16_bits_and_of_floats_has_the_scale_of_colours_that_it_multiplied() {
    let grey = |kind| Form { extra: vec![kind], ..Form::new(16, 1, 2) };
    assert_eq!(pixel(grey(1), &[1000, 65_535]).pixels(), &Pixels::U16(vec![1000]));
    assert_eq!(pixel(grey(2), &[1023, 65_535]).pixels(), &Pixels::U16(vec![65_535]));
    let float = Form { extra: vec![1], format: 3, ..Form::new(32, 1, 2) };
    let bits = |value: f32| u64::from(value.to_bits());
    assert_eq!(pixel(float.clone(), &[bits(0.5), bits(255.0)]).pixels(), &Pixels::U16(vec![129]));
    let float = Form { extra: vec![2], ..float };
    assert_eq!(pixel(float, &[bits(0.5), bits(255.0)]).pixels(), &Pixels::U16(vec![32_768]));
}

#[test]
fn zero_is_white_where_it_is_said() {
    assert_eq!(pixel(Form::new(1, 0, 1), &[1]).pixels(), &Pixels::U8(vec![0]));
    assert_eq!(pixel(Form::new(8, 0, 1), &[5]).pixels(), &Pixels::U8(vec![250]));
    assert_eq!(pixel(Form::new(12, 0, 1), &[4095]).pixels(), &Pixels::U16(vec![0]));
    assert_eq!(pixel(Form::new(16, 0, 1), &[65_000]).pixels(), &Pixels::U16(vec![535]));
}

#[test]
fn a_palette_is_resolved_however_its_levels_are_written() {
    for bits in [1, 2, 4, 8] {
        let n = 1 << bits;
        for factor in [1, 256, 257] {
            let map: Vec<u64> = (0..3 * n).map(|i| (i * 37 % 251) * factor).collect();
            let form = Form::new(bits, 3, 1).with(320, &map);
            let samples = form.samples();
            let colour = |&number: &u64| [0, 1, 2].map(|c| ((c * n + number) * 37 % 251) as u8);
            let picture = decoded(&form.file(&samples));
            assert_eq!(picture.pixels(), &Pixels::U8(samples.iter().flat_map(colour).collect()));
            assert_eq!(picture.facts().colour, "palette");
        }
    }
    let short = Form::new(8, 3, 1).with(320, &[0; 30]);
    assert_eq!(refusal(&short.file(&short.samples())).code(), "damaged");
}

#[test]
fn inks_become_light() {
    assert_eq!(pixel(Form::new(8, 5, 4), &[255, 0, 51, 0]).pixels(), &Pixels::U8(vec![0, 255, 204]));
    assert_eq!(pixel(Form::new(8, 5, 4), &[0, 0, 0, 255]).pixels(), &Pixels::U8(vec![0, 0, 0]));
    let picture = pixel(Form { extra: vec![0], ..Form::new(8, 5, 5) }, &[0, 0, 0, 51, 7]);
    assert_eq!((picture.pixels(), picture.facts().colour.as_str()), (&Pixels::U8(vec![204; 3]), "cmyk8"));
}

#[test]
fn sixteen_bits_have_the_depth_that_is_stated_or_shown() {
    let level =
        |form: Form, sample| (pixel(form.clone(), &[sample]).pixels().clone(), pixel(form, &[sample]).facts().colour);
    let of = |level, colour: &str| (Pixels::U16(vec![level]), colour.to_owned());
    let form = || Form::new(16, 1, 1);
    assert_eq!(level(form(), 4095), of(65_535, "grey12"));
    assert_eq!(level(form().with(281, &[4095]), 700), of(11_203, "grey12"));
    assert_eq!(level(form().with(281, &[65_535]), 700), of(700, "grey16"));
    assert_eq!(level(form().with(281, &[700]), 700), of(44_843, "grey10"), "the largest sample is no depth");
    assert_eq!(level(form().with(281, &[1023]), 4095), of(65_535, "grey12"), "what samples contradict is no depth");
    assert_eq!(level(Form::new(12, 1, 1), 700), of(11_203, "grey12"));
}

fn floats(values: &[f32]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits().into()).collect()
}

#[test]
fn floats_are_from_0_to_1_or_to_255_or_as_stated() {
    let form = || Form { format: 3, width: 2, height: 1, ..Form::new(32, 1, 1) };
    let levels = |form: Form, values: &[f32]| decoded(&form.file(&floats(values))).pixels().clone();
    assert_eq!(levels(form(), &[0.0, 1.0]), Pixels::U16(vec![0, 65_535]));
    assert_eq!(levels(form(), &[0.0, 0.2]), Pixels::U16(vec![0, 13_107]));
    assert_eq!(levels(form(), &[-0.000_01, 1.000_01]), Pixels::U16(vec![0, 65_535]));
    assert_eq!(levels(form(), &[51.0, 255.0]), Pixels::U16(vec![13_107, 65_535]));
    let stated = || form().with_doubles(340, -1000.0).with_doubles(341, 3000.0);
    assert_eq!(levels(stated(), &[-1000.0, 3000.0]), Pixels::U16(vec![0, 65_535]));
    assert_eq!(levels(stated(), &[0.0, 1000.0]), Pixels::U16(vec![16_384, 32_768]));
    for (form, values) in [
        (form(), [0.0, 256.0]),
        (form(), [-1.0, 1.0]),
        (form(), [0.0, f32::NAN]),
        (form(), [0.0, f32::INFINITY]),
        (stated(), [0.0, 4000.0]),
    ] {
        assert!(refused_pixels(form, &floats(&values)).contains("floating-point samples"));
    }
}

#[test]
fn integers_of_32_bits_are_read_where_their_range_is_known() {
    let form = || Form { width: 1, height: 1, ..Form::new(32, 1, 1) };
    let level = |form: Form, sample| decoded(&form.file(&[sample])).pixels().clone();
    assert_eq!(level(form(), 4095), Pixels::U16(vec![65_535]));
    assert_eq!(level(form(), 40_000), Pixels::U16(vec![40_000]));
    assert_eq!(level(form(), 0xC000_0000), Pixels::U16(vec![49_151]));
    assert_eq!(level(form().with(341, &[1_000_000]), 500_000), Pixels::U16(vec![32_768]));
    assert!(refused_pixels(form(), &[70_000]).contains("32-bit integers up to 70000"));
    let predicted = Form { predictor: 2, compression: 5, ..Form::new(32, 2, 3) };
    let samples: Vec<u64> = predicted.samples();
    let levels = samples.iter().map(|&v| (v as f64 / f64::from(u32::MAX) * 65_535.0).round() as u16).collect();
    assert_eq!(decoded(&predicted.file(&samples)).pixels(), &Pixels::U16(levels));
}

#[test]
fn signed_samples_are_read_where_none_is_below_0() {
    for bits in [8, 16, 32] {
        let signed = Form { format: 2, ..Form::new(bits, 1, 1) };
        let unsigned = pixel(Form::new(bits, 1, 1), &[100]);
        assert_eq!(pixel(signed.clone(), &[100]).pixels(), unsigned.pixels(), "{bits} bits");
        assert!(refused_pixels(signed, &[1 << (bits - 1)]).contains("samples below 0"), "{bits} bits");
    }
}

#[test]
fn jpeg_strips_and_tiles_of_grey_and_of_both_kinds_of_colour() {
    // The encoder writes YCbCr without a marker of Adobe's, so that the tag alone says so.
    for (photometric, n_samples, is_planar) in [(1, 1, false), (0, 1, false), (6, 3, false), (2, 3, true)] {
        for tile in [None, Some((16, 16))] {
            let form = Form { compression: 7, tile, is_planar, ..Form::new(8, photometric, n_samples) };
            let smooth = (0..form.width * form.height * n_samples)
                .map(|i| (i / n_samples % 13 * 10 + i % n_samples * 20) as u64);
            let samples: Vec<u64> = smooth.collect();
            let Pixels::U8(found) = decoded(&form.file(&samples)).pixels().clone() else { panic!("8 bits stay 8") };
            let stored = |level: u8| if photometric == 0 { 255 - level } else { level };
            let off = found.iter().zip(&samples).map(|(&found, &sample)| stored(found).abs_diff(sample as u8)).max();
            assert!(off.unwrap() <= 6, "{form:?}: {off:?}");
        }
    }
}

#[test]
fn tables_of_jpeg_streams_stand_in_a_tag() {
    let form = Form { compression: 7, rows_per_strip: 9, ..Form::new(8, 1, 1) };
    let samples = vec![77; form.width * form.height];
    let whole = form.file(&samples);
    let stream = whole.windows(2).position(|bytes| bytes == [0xFF, 0xD8]).unwrap();
    let frame = stream + whole[stream..].windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
    let tables = [&whole[stream..frame], &[0xFF, 0xD9]].concat();
    let form = form.with_bytes(347, &tables);
    let with_tag = form.file(&samples);
    assert_eq!(decoded(&with_tag).pixels(), &Pixels::U8(vec![77; 13 * 9]));
    // Without the tables in the stream itself.
    let bare = without(&with_tag, stream + 2..frame);
    assert_eq!(decoded(&bare).pixels(), &Pixels::U8(vec![77; 13 * 9]));
}

/// The bytes of a range overwritten with those of comments, so that nothing moves.
fn without(bytes: &[u8], range: std::ops::Range<usize>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = range.len() as u16 - 2;
    bytes[range.clone()].fill(0);
    bytes[range.start..range.start + 2].copy_from_slice(&[0xFF, 0xFE]);
    bytes[range.start + 2..range.start + 4].copy_from_slice(&length.to_be_bytes());
    bytes
}

#[test]
fn lzw_of_the_first_programs_is_read() {
    let form = Form { compression: OLD_LZW, ..Form::new(8, 1, 1) }.with(259, &[5]);
    let samples = form.samples();
    let expected = samples.iter().map(|&sample| sample as u8).collect();
    assert_eq!(decoded(&form.file(&samples)).pixels(), &Pixels::U8(expected));
}
