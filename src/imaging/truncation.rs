//! Whether a file is complete, from its structure alone: decoders paint over a missing end, and a half-grey image
//! must never be learned from.

use image::ImageFormat;

use super::jpeg;

/// Whether the structure of `bytes` reaches its end mark. BMP and TIFF have none; their decoders do report missing
/// pixels.
pub(super) fn is_whole(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Png => png_is_whole(bytes),
        ImageFormat::Jpeg => jpeg::reaches_its_end(bytes),
        ImageFormat::WebP => webp_is_whole(bytes),
        ImageFormat::Bmp => bmp_header_is_whole(bytes),
        _ => true,
    }
}

/// Walks the chunks to IEND. Bytes that are no chunk are left to the decoder, unless they are the zeros of a file that
/// was given its length before its content.
fn png_is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    loop {
        let Some((length, kind)) = be32(rest).zip(rest.get(4..8)) else { return false };
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return rest.iter().any(|&byte| byte != 0);
        }
        match rest.get(12 + length as usize..) {
            None => return false,
            Some(_) if kind == b"IEND" => return true,
            Some(after) => rest = after,
        }
    }
}

/// The RIFF header names the length.
fn webp_is_whole(bytes: &[u8]) -> bool {
    let length = bytes.get(4..8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    length.is_some_and(|length| bytes.len() as u64 >= u64::from(length) + 8)
}

/// The file header says where the pixels begin; the header between is all or nothing.
fn bmp_header_is_whole(bytes: &[u8]) -> bool {
    let pixels = bytes.get(10..14).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    pixels.is_some_and(|pixels| bytes.len() as u64 > u64::from(pixels))
}

fn be32(bytes: &[u8]) -> Option<u32> {
    bytes.get(..4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}
