//! What a JPEG file says of itself, read from its segments before any pixel is decoded: its frame, its scans, which
//! tables they lack, how colour and orientation are stored. It judges nothing that can be decoded.

use super::frame::{Frame, ScanHeader, be16, damaged, unsupported};
use super::segments::{self, Segment, segments};
use super::tables::DefinedTables;
use crate::imaging::error::DecodeError;

/// What is read of a file before its pixels are decoded.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) frame: Frame,
    pub(super) scans: Vec<ScanHeader>,
    /// The first table that a scan needs and the file does not have before it.
    pub(super) lacks: Option<&'static str>,
    /// The height behind the first scan (DNL), pixels.
    pub(super) later_height: Option<u32>,
    /// The number of Adobe's colour transform.
    pub(super) adobe: Option<u8>,
    /// Whether the file follows JFIF, whose colour is grey or `YCbCr`.
    pub(super) is_jfif: bool,
    /// The TIFF block of the EXIF segment.
    pub(super) exif: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// # Errors
    /// `Damaged` where the segments contradict each other, `Unsupported` where there is no image among them.
    pub(super) fn read(jpeg: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut frame, mut tables, mut scans) = (None, DefinedTables::default(), Vec::new());
        let (mut lacks, mut later_height, mut adobe, mut exif) = (None, None, None, None);
        let mut is_jfif = false;
        for segment in segments(jpeg) {
            let Segment { marker, content, .. } = segment;
            match marker {
                segments::HUFFMAN_TABLES => tables.define_huffman(content),
                segments::QUANTISATION_TABLES => tables.define_quantisation(content),
                0xC0..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF if frame.is_some() => {
                    return Err(damaged("it has two frame headers"));
                }
                0xC0..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => frame = Some(Frame::read(marker, content)?),
                segments::START_OF_SCAN => {
                    let frame = frame.as_ref().ok_or_else(|| damaged("its frame header is missing"))?;
                    let scan = ScanHeader::read(content)?;
                    lacks = lacks.or(tables.lacking(frame, &scan));
                    scans.push(scan);
                }
                segments::NUMBER_OF_LINES => later_height = be16(content, 0),
                0xDE => return Err(unsupported("hierarchical JPEG, with the image in several sizes")),
                0xF7 => return Err(unsupported("JPEG-LS")),
                _ => {
                    is_jfif |= is_jfif_segment(segment);
                    adobe = adobe.or(adobe_transform(segment));
                    exif = exif.or(exif_block(segment));
                }
            }
        }
        let frame = frame.ok_or_else(|| unsupported("tables only, for other files, and no image"))?;
        Ok(Self { frame, scans, lacks, later_height, adobe, is_jfif, exif })
    }
}

/// Whether it is the segment that JFIF begins with.
fn is_jfif_segment(segment: Segment) -> bool {
    segment.marker == 0xE0 && segment.content.starts_with(b"JFIF\0") && segment.content.len() >= 14
}

/// The number of the colour transform in Adobe's segment: 0 none, 1 `YCbCr`, 2 YCCK.
pub(super) fn adobe_transform(segment: Segment) -> Option<u8> {
    let is_adobe = segment.marker == 0xEE && segment.content.starts_with(b"Adobe");
    segment.content.get(11).copied().filter(|_| is_adobe)
}

fn exif_block(segment: Segment<'_>) -> Option<&[u8]> {
    segment.content.strip_prefix(b"Exif\0\0").filter(|_| segment.marker == 0xE1)
}
