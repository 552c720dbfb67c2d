//! A JPEG file with nothing but what its pixels need, for the decoder. The decoder warns of what programs write into
//! headers as it does of missing data; of this stream every warning is about the image.

use super::header::{Header, adobe_transform};
use super::segments::{self, END_OF_IMAGE, START_OF_IMAGE, Segment, segments};

/// What JFIF says of colour is all that counts of it: version 1.1, no density, no thumbnail.
const JFIF: &[u8] = b"\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

/// `jpeg` without comments, metadata, bytes between its segments and behind its end, and with the coefficients of a
/// sequential scan as the standard has them (all; some cameras write none). `padding` stands behind the data of each
/// scan; it is empty but where the end of arithmetic data is tested.
pub(super) fn bare(jpeg: &[u8], header: &Header, padding: &[u8]) -> Vec<u8> {
    let mut stream = Vec::with_capacity(jpeg.len() + JFIF.len());
    stream.extend([0xFF, START_OF_IMAGE]);
    if header.is_jfif {
        stream.extend(JFIF);
    }
    let coding = header.frame.coding;
    let is_sequential = !coding.is_progressive() && !coding.is_lossless();
    for segment in segments(jpeg).filter(|&segment| shapes_pixels(segment)) {
        let Segment { marker, content, data } = segment;
        stream.extend([0xFF, marker]);
        stream.extend((content.len() as u16 + 2).to_be_bytes());
        stream.extend(content);
        if marker == segments::START_OF_SCAN {
            if is_sequential {
                let selection = stream.len() - 3;
                stream[selection..].copy_from_slice(&[0, 63, 0]);
            }
            stream.extend(data);
            stream.extend(padding);
        }
    }
    stream.extend([0xFF, END_OF_IMAGE]);
    stream
}

/// Tables, arithmetic conditions, restart interval, frame, scans, and Adobe's colour transform.
fn shapes_pixels(segment: Segment) -> bool {
    let is_coding = matches!(segment.marker, 0xC0..=0xCF | 0xDA | 0xDB | 0xDD);
    is_coding || adobe_transform(segment).is_some()
}
