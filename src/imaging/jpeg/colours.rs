//! A stream inside another file, which says what its colours are and may hold its tables.

const START_OF_IMAGE: [u8; 2] = [0xFF, 0xD8];
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// What three channels are by the file that holds a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::imaging) enum StreamColours {
    Grey,
    Rgb,
    Ycbcr,
}

/// One JPEG file of `tables` and `stream`; `None` if either is no JPEG. An application segment of the stream may
/// contradict `colours`, so these are left out.
pub(in crate::imaging) fn with_colours(stream: &[u8], tables: &[u8], colours: StreamColours) -> Option<Vec<u8>> {
    let begins = |bytes: &[u8]| bytes.starts_with(&START_OF_IMAGE);
    if !begins(stream) || !(tables.is_empty() || begins(tables)) {
        return None;
    }
    let tables = tables.strip_suffix(&END_OF_IMAGE).unwrap_or(tables);
    let mut merged = START_OF_IMAGE.to_vec();
    if colours != StreamColours::Grey {
        merged.extend(adobe(colours));
    }
    merged.extend(tables.get(2..).unwrap_or_default());
    merged.extend(without_application_segments(&stream[2..]));
    Some(merged)
}

/// Adobe's segment says whether three channels are RGB (0) or YCbCr (1).
fn adobe(colours: StreamColours) -> [u8; 16] {
    let transform = u8::from(colours == StreamColours::Ycbcr);
    [0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform]
}

/// The segments before the first scan but for those of applications, and all that follows.
fn without_application_segments(mut rest: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(rest.len());
    while let [0xFF, marker @ 0xC0..=0xFE, high, low, ..] = *rest {
        let length = 2 + usize::from(u16::from_be_bytes([high, low]));
        let Some((segment, after)) = rest.split_at_checked(length).filter(|_| marker != 0xDA) else { break };
        if !(0xE0..=0xEF).contains(&marker) {
            kept.extend(segment);
        }
        rest = after;
    }
    kept.extend(rest);
    kept
}
