//! How much memory an image takes while it is decoded, from its file's header alone.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat, ImageReader};

use super::decode_options::DecodeOptions;
use super::{dicom, exif, jpeg, tiff};

/// The most bytes that decoding `file` holds at once, beside the file itself; 0 of an image that is refused for its size.
/// `None` where the header is not understood.
pub fn decoding_bytes(file: &[u8], options: &DecodeOptions) -> Option<u64> {
    // A decoder that panics does so again when it decodes, where that is an error.
    catch_unwind(AssertUnwindSafe(|| by_header(file, options))).ok().flatten()
}

fn by_header(file: &[u8], options: &DecodeOptions) -> Option<u64> {
    if dicom::begins(file) {
        return Some(dicom::decoding_bytes(file, options));
    }
    if tiff::begins(file) {
        return Some(tiff::decoding_bytes(file, options));
    }
    let format = image::guess_format(file).ok()?;
    if format == ImageFormat::Jpeg {
        return Some(jpeg::decoding_bytes(file, options));
    }
    let mut decoder = ImageReader::with_format(Cursor::new(file), format).into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if options.check(width, height).is_err() {
        return Some(0);
    }
    let samples = decoder.total_bytes();
    // A canvas or planes beside the result.
    let working = if format == ImageFormat::WebP { samples } else { 0 };
    let orientation = exif::orientation_in(file, format).or_else(|| decoder.orientation().ok());
    let is_turned = orientation.is_some_and(turns);
    Some(samples + working.max(if is_turned { samples } else { 0 }))
}

/// Whether rows become columns, for which the image is held twice.
fn turns(orientation: Orientation) -> bool {
    orientation.to_exif() > 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::png_chunks::with_chunk;
    use crate::imaging::{Picture, Pixels, encode_jpeg, encode_png};

    const OPTIONS: DecodeOptions =
        DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };

    fn picture(channels: u32, is_deep: bool) -> Picture {
        let n = 40 * 30 * channels as usize;
        let pixels = if is_deep { Pixels::U16(vec![999; n]) } else { Pixels::U8(vec![9; n]) };
        Picture::new(40, 30, channels, pixels).unwrap()
    }

    #[test]
    fn a_header_tells_the_bytes_of_all_samples() {
        for (channels, is_deep, bytes) in [(1, false, 1200), (3, false, 3600), (1, true, 2400), (3, true, 7200)] {
            let png = encode_png(&picture(channels, is_deep)).unwrap();
            assert_eq!(decoding_bytes(&png, &OPTIONS), Some(bytes));
            assert_eq!(picture(channels, is_deep).n_bytes(), bytes);
            // The pixels themselves are not looked at.
            assert_eq!(decoding_bytes(&png[..png.len() - 20], &OPTIONS), Some(bytes));
        }
        let jpeg = encode_jpeg(&picture(1, false), 90).unwrap();
        assert_eq!(decoding_bytes(&jpeg, &OPTIONS), Some(1200));
        assert_eq!(decoding_bytes(&jpeg, &DecodeOptions { max_side: 39, ..OPTIONS }), Some(0), "it is refused");
        let mut tiff = Cursor::new(Vec::new());
        let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
        encoder.write_image::<::tiff::encoder::colortype::Gray16>(40, 30, &[999; 1200]).unwrap();
        // A strip, its levels, and the result, which may be held twice.
        assert_eq!(decoding_bytes(tiff.get_ref(), &OPTIONS), Some(4 * 2400));
    }

    #[test]
    fn a_turned_image_is_held_twice_a_refused_one_not_at_all() {
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let png = with_chunk(&encode_png(&picture(1, false)).unwrap(), "IEND", "eXIf", exif);
        assert_eq!(decoding_bytes(&png, &OPTIONS), Some(2400));
        assert_eq!(decoding_bytes(&png, &DecodeOptions { max_side: 39, ..OPTIONS }), Some(0));
        assert_eq!(decoding_bytes(b"no image", &OPTIONS), None);
        assert_eq!(decoding_bytes(&png[..20], &OPTIONS), None);
    }
}
