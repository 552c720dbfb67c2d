//! DICOM files for the tests of this room, written element by element.

pub(super) const PATIENT: u32 = 0x0010_0020;
pub(super) const ISSUER: u32 = 0x0010_0021;
pub(super) const STUDY: u32 = 0x0020_000D;
pub(super) const INSTANCE: u32 = 0x0008_0018;
pub(super) const MODEL: u32 = 0x0008_1090;

/// A grey image of 16 x 16 whose columns say what it shows, with these texts; each is left out where it is empty.
pub(super) fn dicom(shows: u8, texts: &[(u32, &str)]) -> Vec<u8> {
    let mut bytes = [vec![0; 128], b"DICM".to_vec()].concat();
    element(&mut bytes, 0x0002_0010, *b"UI", b"1.2.840.10008.1.2.1\0");
    for (tag, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        element(&mut bytes, *tag, *b"LO", text.as_bytes());
    }
    element(&mut bytes, 0x0028_0004, *b"CS", b"MONOCHROME2 ");
    for (tag, value) in
        [(0x0028_0002, 1), (0x0028_0010, 16), (0x0028_0011, 16), (0x0028_0100, 8), (0x0028_0101, 8), (0x0028_0102, 7)]
    {
        element(&mut bytes, tag, *b"US", &u16::to_le_bytes(value));
    }
    let pixels: Vec<u8> =
        (0..=255_u8).map(|at| (at % 16).wrapping_mul(shows.wrapping_mul(37)).wrapping_add(at)).collect();
    bytes.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0, 1, 0, 0]);
    bytes.extend(pixels);
    bytes
}

fn element(bytes: &mut Vec<u8>, tag: u32, kind: [u8; 2], value: &[u8]) {
    bytes.extend(((tag >> 16) as u16).to_le_bytes());
    bytes.extend((tag as u16).to_le_bytes());
    bytes.extend(kind);
    bytes.extend((value.len() as u16).to_le_bytes());
    bytes.extend(value);
}
