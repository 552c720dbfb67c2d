//! A [`Picture`] to bytes: PNG and JPEG.
//!
//! Why these codecs: milliseconds of one processor (EPYC, a busy machine, best of 9), mean of 60 chest X-rays, 224x224.
//!
//! | PNG | grey, ms | kB | RGB, ms | kB |
//! |---|---|---|---|---|
//! | png 0.18, fast, each row by Paeth's filter (taken) | 0.15 | 20.8 | 0.38 | 59.4 |
//! | the same, each row by the filter that seems best | 0.25 | 20.8 | 0.45 | 59.3 |
//! | the same, each row less the row above | 0.13 | 23.1 | 0.35 | 66.8 |
//!
//! | JPEG, quality 95 | grey, ms | kB | RGB, ms | kB |
//! |---|---|---|---|---|
//! | libjpeg-turbo 3.1 (taken) | 0.17 | 11.4 | 0.27 | 12.5 |
//! | jpeg-encoder 0.7 with SIMD | 0.59 | 11.5 | 0.89 | 12.5 |
//!
//! Others, measured earlier: the png crate's balanced level took 40 times as long as fast for files as large; libdeflate
//! twice, libpng through `OpenCV` 4.5 times, for larger ones.

use std::borrow::Cow;

use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::error::EncodeError;
use super::picture::{Picture, Pixels};
use super::tag;

/// What the sBIT chunk says of each channel.
const SIXTEEN_BITS: [u8; 3] = [16; 3];

/// PNG with the image's own channels and depth; 16 bits are stated, so that they are never taken for fewer.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses.
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>, EncodeError> {
    png(picture, None)
}

/// As [`encode_png`], with `tag` (Latin-1) in a text chunk right behind the header, where [`read_tag`] finds it without
/// decoding.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses the image or the tag.
///
/// [`read_tag`]: super::read_tag
pub fn encode_tagged_png(picture: &Picture, tag: &str) -> Result<Vec<u8>, EncodeError> {
    png(picture, Some(tag))
}

/// JPEG; grey stays one channel, 16 bits become 8 with one rounding. Colour is stored at full resolution from quality 90
/// on, and at half below, as cameras do. `quality`: 1 to 100.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses, as for sides above 65500.
pub fn encode_jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, EncodeError> {
    let data = match &picture.pixels {
        Pixels::U8(data) => Cow::Borrowed(data),
        Pixels::U16(_) => Cow::Owned(picture.levels8()),
    };
    let (format, subsamp) = match (picture.channels, quality) {
        (1, _) => (PixelFormat::GRAY, Subsamp::Gray),
        (_, ..90) => (PixelFormat::RGB, Subsamp::Sub2x2),
        (_, _) => (PixelFormat::RGB, Subsamp::None),
    };
    let (width, height) = (picture.width as usize, picture.height as usize);
    let image = Image { pixels: data.as_slice(), width, pitch: width * format.size(), height, format };
    compressed(image, subsamp, quality).map_err(|error| refused(picture, "JPEG", &error))
}

fn compressed(image: Image<&[u8]>, subsamp: Subsamp, quality: u8) -> turbojpeg::Result<Vec<u8>> {
    let mut compressor = Compressor::new()?;
    compressor.set_quality(i32::from(quality.clamp(1, 100)))?;
    compressor.set_subsamp(subsamp)?;
    Ok(compressor.compress_to_owned(image)?.to_vec())
}

/// As [`encode_jpeg`], with `tag` in a comment right behind the JFIF header, where [`read_tag`] finds it without decoding.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses the image.
///
/// [`read_tag`]: super::read_tag
pub fn encode_tagged_jpeg(picture: &Picture, quality: u8, tag: &str) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = encode_jpeg(picture, quality)?;
    bytes.splice(tag::BEHIND_JFIF..tag::BEHIND_JFIF, tag::jpeg_comment(tag));
    Ok(bytes)
}

fn png(picture: &Picture, tag: Option<&str>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(picture.width as usize * picture.height as usize / 2);
    let mut encoder = Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(if picture.channels == 1 { ColorType::Grayscale } else { ColorType::Rgb });
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Paeth);
    if let Some(tag) = tag {
        let added = encoder.add_text_chunk(tag::KEYWORD.to_owned(), tag.to_owned());
        added.map_err(|error| refused(picture, "PNG", &error))?;
    }
    let written = match &picture.pixels {
        Pixels::U8(data) => {
            encoder.set_depth(BitDepth::Eight);
            encoder.write_header().and_then(|mut writer| writer.write_image_data(data))
        }
        Pixels::U16(data) => {
            encoder.set_depth(BitDepth::Sixteen);
            let big_endian: Vec<u8> = data.iter().flat_map(|v| v.to_be_bytes()).collect();
            encoder.write_header().and_then(|mut writer| {
                // The levels use the whole range, also where the image is dark.
                writer.write_chunk(png::chunk::sBIT, &SIXTEEN_BITS[..picture.channels as usize])?;
                writer.write_image_data(&big_endian)
            })
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
    use crate::imaging::{DecodeOptions, decode, is_whole, read_tag};

    const OPTIONS: DecodeOptions =
        DecodeOptions { max_side: 1000, max_pixels: 1_000_000, background: 0, least_side: None, frame: 1 };

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
            let back = decode(&encode_png(&picture).unwrap(), &OPTIONS).unwrap();
            assert_eq!(back.pixels(), picture.pixels());
            assert_eq!(back.facts().colour, picture.facts().colour);
        }
    }

    #[test]
    fn the_tag_is_found_at_the_front_the_end_mark_at_the_end_and_the_picture_is_the_same() {
        let (picture, tag) = (&pictures()[1], "0123456789abcdef".repeat(4));
        for (plain, tagged) in [
            (encode_png(picture).unwrap(), encode_tagged_png(picture, &tag).unwrap()),
            (encode_jpeg(picture, 90).unwrap(), encode_tagged_jpeg(picture, 90, &tag).unwrap()),
        ] {
            let start = &tagged[..160];
            assert_eq!((read_tag(start), read_tag(&plain)), (Some(tag.as_str()), None));
            assert_eq!(read_tag(&tagged[..90]), None, "the tag is cut off");
            assert!(is_whole(start, &tagged[tagged.len() - 16..]));
            assert!(!is_whole(start, &tagged[tagged.len() - 16..tagged.len() - 1]) && !is_whole(start, &[0; 16]));
            assert_eq!(decode(&tagged, &OPTIONS), decode(&plain, &OPTIONS));
        }
        assert_eq!((read_tag(b""), is_whole(b"", b"\xFF\xD9")), (None, false));
    }

    #[test]
    fn jpeg_keeps_the_channels_in_eight_bits_and_nearly_the_levels() {
        for quality in [80, 95] {
            let data = (0..64 * 48 * 3).map(|i| (i / 3 % 64 * 3 + i % 3 * 20) as u8).collect();
            let picture = Picture::new(64, 48, 3, Pixels::U8(data)).unwrap();
            let back = decode(&encode_jpeg(&picture, quality).unwrap(), &OPTIONS).unwrap();
            let (a, b) = (back.to_rgb8().data, picture.to_rgb8().data);
            assert!(a.iter().zip(&b).all(|(a, b)| a.abs_diff(*b) < 12), "quality {quality}");
        }
        for picture in pictures() {
            let back = decode(&encode_jpeg(&picture, 90).unwrap(), &OPTIONS).unwrap();
            assert_eq!((back.channels(), back.depth()), (picture.channels(), 8));
        }
    }
}
