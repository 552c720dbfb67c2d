//! A [`Picture`] to bytes: PNG (fast level: beyond it files shrink by a hundredth and take ten times as long) and JPEG.

use png::{BitDepth, ColorType, Compression, Encoder};

use super::error::EncodeError;
use super::picture::{Picture, Pixels};

/// The keyword of the text chunk that marks a file as written by this program.
const KEYWORD: &str = "gradwatch";
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The last chunk of every PNG, whole.
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

/// PNG with the picture's own channels and depth.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses.
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    png(picture, None)
}

/// As [`encode_png`], with `tag` (Latin-1) in a text chunk right behind the header, where [`read_png_tag`] finds it
/// without decoding.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses the picture or the tag.
pub fn encode_tagged_png(picture: &Picture, tag: &str) -> Result<Vec<u8>, EncodeError> {
    png(picture, Some(tag))
}

/// The tag of a PNG, from its first bytes (33 for the header, 22 and the tag's own length for the tag).
pub fn read_png_tag(start: &[u8]) -> Option<&str> {
    const TEXT_CHUNK: usize = 33;
    if !start.starts_with(SIGNATURE) {
        return None;
    }
    let chunk = start.get(TEXT_CHUNK..)?;
    let length = u32::from_be_bytes(*chunk.first_chunk()?) as usize;
    let body = chunk.get(4..)?.strip_prefix(b"tEXt")?.get(..length)?;
    let tag = body.strip_prefix(KEYWORD.as_bytes())?.strip_prefix(b"\0")?;
    std::str::from_utf8(tag).ok()
}

/// Whether a PNG's last bytes (at least 12) are the end mark that a cut-off or zero-filled file lacks.
pub fn is_whole_png(end: &[u8]) -> bool {
    end.ends_with(END)
}

/// JPEG; grey stays one channel, 16 bits become 8. `quality`: 1 to 100.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses, as for sides above 65535.
pub fn encode_jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, EncodeError> {
    let refused = |error: image::ImageError| refused(picture, "JPEG", &error);
    let (data, colour) = match (&picture.pixels, picture.channels) {
        (Pixels::U8(grey), 1) => (grey.clone(), image::ExtendedColorType::L8),
        (Pixels::U16(_), 1) => (picture.to_rgb8().data.into_iter().step_by(3).collect(), image::ExtendedColorType::L8),
        _ => (picture.to_rgb8().data, image::ExtendedColorType::Rgb8),
    };
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100));
    encoder.encode(&data, picture.width, picture.height, colour).map_err(refused)?;
    Ok(bytes)
}

fn png(picture: &Picture, tag: Option<&str>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(picture.width as usize * picture.height as usize / 2);
    let mut encoder = Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(if picture.channels == 1 { ColorType::Grayscale } else { ColorType::Rgb });
    encoder.set_compression(Compression::Fast);
    if let Some(tag) = tag {
        encoder.add_text_chunk(KEYWORD.to_owned(), tag.to_owned()).map_err(|error| refused(picture, "PNG", &error))?;
    }
    let written = match &picture.pixels {
        Pixels::U8(data) => {
            encoder.set_depth(BitDepth::Eight);
            encoder.write_header().and_then(|mut writer| writer.write_image_data(data))
        }
        Pixels::U16(data) => {
            encoder.set_depth(BitDepth::Sixteen);
            let big_endian: Vec<u8> = data.iter().flat_map(|v| v.to_be_bytes()).collect();
            encoder.write_header().and_then(|mut writer| writer.write_image_data(&big_endian))
        }
    };
    written.map_err(|error| refused(picture, "PNG", &error))?;
    Ok(bytes)
}

fn refused(picture: &Picture, format: &'static str, error: &dyn std::error::Error) -> EncodeError {
    EncodeError { width: picture.width, height: picture.height, format, cause: error.to_string().replace('\n', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{DecodeLimits, decode};

    const LIMITS: DecodeLimits = DecodeLimits { max_side: 1000, max_pixels: 1_000_000 };

    fn pictures() -> Vec<Picture> {
        let bytes = |n: u32| Pixels::U8((0..n).map(|i| (i * 7) as u8).collect());
        let words = |n: u32| Pixels::U16((0..n).map(|i| (i * 777) as u16).collect());
        [(1, bytes(35)), (3, bytes(105)), (1, words(35)), (3, words(105))]
            .into_iter()
            .map(|(channels, pixels)| Picture::new(7, 5, channels, pixels).unwrap())
            .collect()
    }

    #[test]
    fn png_round_trips_every_kind_of_picture() {
        for picture in pictures() {
            let back = decode(&encode_png(&picture).unwrap(), &LIMITS).unwrap();
            assert_eq!(back.pixels(), picture.pixels());
            assert_eq!(back.facts().colour, picture.facts().colour);
        }
    }

    #[test]
    fn the_tag_is_found_at_the_front_and_the_end_mark_at_the_end() {
        let bytes = encode_tagged_png(&pictures()[0], "plan 1").unwrap();
        assert_eq!(read_png_tag(&bytes[..64]), Some("plan 1"));
        assert!(is_whole_png(&bytes) && !is_whole_png(&bytes[..bytes.len() - 1]));
        assert_eq!(read_png_tag(&encode_png(&pictures()[0]).unwrap()), None);
        assert_eq!(read_png_tag(&bytes[..40]), None);
    }

    #[test]
    fn jpeg_keeps_the_channels_in_eight_bits() {
        for picture in pictures() {
            let back = decode(&encode_jpeg(&picture, 90).unwrap(), &LIMITS).unwrap();
            assert_eq!((back.channels(), back.depth()), (picture.channels(), 8));
        }
    }
}
