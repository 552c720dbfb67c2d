//! Grey: stored values, values of the modality, values of interest, levels.

use super::writer::Form;
use super::*;

const INTERCEPT: u32 = 0x0028_1052;
const SLOPE: u32 = 0x0028_1053;

fn windowed(file: DicomWriter, center: &str, width: &str) -> DicomWriter {
    file.text(0x0028_1050, "DS", center).text(0x0028_1051, "DS", width)
}

fn table(descriptor: [u16; 3], entries: &[u16]) -> DicomWriter {
    DicomWriter::new().u16(0x0028_3002, &descriptor).u16(0x0028_3006, entries)
}

#[test]
fn every_way_of_writing_gives_the_same_image() {
    let file = DicomWriter::grey(2, 2, 12).pixels_u16(&[0, 1000, 2000, 4095]);
    for form in [Form::Explicit, Form::Implicit, Form::BigEndian, Form::Deflated] {
        assert_eq!(greys(&file.clone().form(form)), [0, 16_004, 32_007, 65_535], "{form:?}");
    }
    let first = DicomWriter::new().text(0x0008_0005, "CS", "ISO_IR 100").text(0x0008_0060, "CS", "CR");
    for form in [Form::Explicit, Form::Implicit, Form::BigEndian] {
        let mut bare = first.clone().form(form).bare();
        bare = bare.u16(0x0028_0010, &[1]).u16(0x0028_0011, &[2]).u16(0x0028_0100, &[8]).pixels(&[0, 255]);
        assert_eq!(greys(&bare), [0, 65_535], "{form:?} without preamble");
    }
}

#[test]
fn bytes_in_big_endian_words_are_put_in_their_order() {
    let file = DicomWriter::grey(2, 1, 8).form(Form::BigEndian).element(0x7FE0_0010, "OW", &[10, 20]);
    assert_eq!(greys(&file), [10 * 257, 20 * 257]);
    let odd = DicomWriter::grey(3, 1, 8).form(Form::BigEndian).element(0x7FE0_0010, "OW", &[10, 20, 30]);
    assert_eq!(greys(&odd), [10 * 257, 20 * 257, 30 * 257]);
}

#[test]
fn white_is_the_largest_level_of_the_depth() {
    let of = |bits, levels: [u16; 2]| greys(&DicomWriter::grey(2, 1, bits).pixels_u16(&levels));
    assert_eq!(of(10, [0, 1023]), [0, 65_535], "stated");
    assert_eq!(of(16, [0, 4095]), [0, 65_535], "found");
    assert_eq!(of(16, [0, 65_535]), [0, 65_535]);
    let signed =
        |bits, levels: [u16; 2]| greys(&DicomWriter::grey(2, 1, bits).u16(0x0028_0103, &[1]).pixels_u16(&levels));
    assert_eq!(signed(16, [0, 4095]), [0, 65_535], "a sign that no level has");
    assert_eq!(signed(16, [0xF000, 4095]), [0, 65_535], "-4096 to 4095");
    assert_eq!(signed(12, [0x0800, 2047]), [0, 65_535], "-2048 to 2047 in 12 bits");
}

#[test]
fn bits_beside_the_value_are_left_out() {
    let file = DicomWriter::grey(2, 1, 12).pixels_u16(&[0xF000, 0x8FFF]);
    assert_eq!(greys(&file), [0, 65_535]);
    let bits = DicomWriter::grey(4, 2, 1).pixels(&[0b1010_0001]);
    assert_eq!(greys(&bits).map_to_bits(), [1, 0, 0, 0, 0, 1, 0, 1]);
}

#[test]
fn the_lowest_value_is_white_where_the_file_says_so() {
    let file = DicomWriter::image(2, 1, 8, "MONOCHROME1", 1).pixels(&[0, 255]);
    assert_eq!(greys(&file), [65_535, 0]);
}

#[test]
fn a_window_is_over_rescaled_values() {
    let file = DicomWriter::grey(4, 1, 16).text(INTERCEPT, "DS", "-1024").text(SLOPE, "DS", "2");
    let file = windowed(file, "40\\300", "401\\1500");
    // Values of -1024, -160, 40 and 976: black up to -160.5, white from 239.5 on.
    let levels = greys(&file.clone().pixels_u16(&[0, 432, 532, 1000]));
    assert_eq!(levels, [0, 82, 32_849, 65_535]);
    let exact = file.text(0x0028_1056, "CS", "LINEAR_EXACT").pixels_u16(&[0, 432, 532, 1000]);
    assert_eq!(greys(&exact)[2], 32_768);
}

#[test]
fn a_window_of_no_width_is_none_and_a_negative_slope_inverts() {
    let levels = [0_u16, 1023];
    let file = windowed(DicomWriter::grey(2, 1, 10), "512", "0").pixels_u16(&levels);
    assert_eq!(greys(&file), [0, 65_535]);
    let inverted = DicomWriter::grey(2, 1, 10).text(SLOPE, "DS", "-1").pixels_u16(&levels);
    assert_eq!(greys(&inverted), [65_535, 0]);
}

#[test]
fn tables_of_modality_and_interest_follow_each_other() {
    for is_open in [false, true] {
        let file = DicomWriter::grey(4, 1, 8)
            .sequence(0x0028_3000, &table([3, 1, 8], &[10, 20, 30]), is_open)
            .sequence(0x0028_3010, &table([2, 20, 8], &[100, 200]), is_open)
            .pixels(&[0, 1, 2, 3]);
        // 10, 10, 20, 30 and then 100, 100, 100, 200: what is beyond an end has its entry.
        assert_eq!(greys(&file), [25_700, 25_700, 25_700, 51_400]);
        let modality = DicomWriter::grey(2, 1, 8).sequence(0x0028_3000, &table([2, 0, 12], &[0, 4095]), is_open);
        assert_eq!(greys(&modality.pixels(&[0, 1])), [0, 65_535]);
    }
}

#[test]
fn frames_have_windows_of_their_own() {
    let window = windowed(DicomWriter::new(), "1", "1");
    let groups = DicomWriter::new().sequence(0x0028_9132, &window, false);
    let file = DicomWriter::grey(2, 1, 8).sequence(0x5200_9229, &groups, true).pixels(&[0, 1]);
    assert_eq!(greys(&file), [0, 65_535]);
}

trait Bits {
    fn map_to_bits(self) -> Vec<u16>;
}

impl Bits for Vec<u16> {
    fn map_to_bits(self) -> Vec<u16> {
        self.into_iter().map(|level| level / 65_535).collect()
    }
}
