//! RGB, YBR and palettes.

use super::*;

fn rgb(file: &DicomWriter) -> Vec<u8> {
    picture(file).to_rgb8().data
}

fn palette(file: DicomWriter, tag: u32, tables: [&[u16]; 3], descriptor: [u16; 3]) -> DicomWriter {
    let file = (0..3).fold(file, |file, channel| file.u16(0x0028_1101 + channel, &descriptor));
    (0..3).fold(file, |file, channel| file.u16(tag + channel, tables[channel as usize]))
}

#[test]
fn channels_are_together_or_one_behind_the_other() {
    let file = DicomWriter::image(2, 1, 8, "RGB", 3);
    assert_eq!(rgb(&file.clone().pixels(&[1, 2, 3, 4, 5, 6])), [1, 2, 3, 4, 5, 6]);
    assert_eq!(rgb(&file.u16(0x0028_0006, &[1]).pixels(&[1, 4, 2, 5, 3, 6])), [1, 2, 3, 4, 5, 6]);
    let deep = DicomWriter::image(1, 1, 16, "RGB", 3).pixels_u16(&[0, 2048, 4095]);
    assert_eq!(rgb(&deep), [0, 128, 255]);
    assert_eq!(picture(&deep).facts().colour, "rgb12");
}

#[test]
fn luminance_and_differences_become_rgb() {
    let full = DicomWriter::image(2, 1, 8, "YBR_FULL", 3).pixels(&[76, 85, 255, 255, 128, 128]);
    assert_eq!(rgb(&full), [254, 0, 0, 255, 255, 255]);
    let shared = DicomWriter::image(2, 1, 8, "YBR_FULL_422", 3).pixels(&[76, 76, 85, 255]);
    assert_eq!(rgb(&shared), [254, 0, 0, 254, 0, 0]);
}

#[test]
fn numbers_have_the_colours_of_the_palette() {
    let file = DicomWriter::image(3, 1, 8, "PALETTE COLOR", 1);
    let tables: [&[u16]; 3] = [&[0xFF00, 0], &[0, 0x8000], &[0x1000, 0]];
    let plain = palette(file.clone(), 0x0028_1201, tables, [2, 1, 16]).pixels(&[0, 1, 2]);
    assert_eq!(rgb(&plain), [255, 0, 16, 255, 0, 16, 0, 128, 0]);
    let segments: [&[u16]; 3] = [&[0, 1, 0, 1, 2, 0x8000]; 3];
    let segmented = palette(file.clone(), 0x0028_1221, segments, [3, 0, 16]).pixels(&[0, 1, 2]);
    assert_eq!(rgb(&segmented), [0, 0, 0, 64, 64, 64, 128, 128, 128]);
    assert!(refusal(&file.pixels(&[0, 1, 2])).contains("its palette is missing"));
}

#[test]
fn other_colours_are_refused_by_name() {
    for name in ["HSV", "CMYK", "YBR_PARTIAL_420"] {
        let file = DicomWriter::image(1, 1, 8, name, 3).pixels(&[0; 3]);
        assert!(refusal(&file).ends_with(&format!("the photometric interpretation {name}")));
    }
    let odd = DicomWriter::image(1, 1, 8, "Doe^Jane", 3).pixels(&[0; 3]);
    assert!(refusal(&odd).ends_with("an unknown photometric interpretation"), "a value is not printed");
}
