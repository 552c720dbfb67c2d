//! DICOM: the image of a file, as its own elements say that it is to be shown.
//!
//! Results are written here too ([`DicomObject`]).
//!
//! Why no library reads the file: dicom-rs brings some forty crates, copies every value of a file, also those that say who
//! the patient is, and its errors print them. Here the elements are passed over where they lie, and only the values that
//! [`tags`] lists are looked at, so that no other can reach a log or a report. Those of them that identify a person are in
//! [`DicomHeader`], which cannot be printed; what a result has to say of the patient is copied into it, and into nothing
//! else ([`source_scan`]).

mod colour;
mod data_set;
mod element;
mod file;
mod frames;
mod grey;
mod header;
mod image_header;
mod jpeg2000;
mod jpeg_frame;
mod lut;
mod object;
mod own_result;
mod palette;
mod refusal;
mod rle;
mod samples;
mod source_scan;
mod syntax;
mod tags;
mod text_encoding;
mod window;

pub use self::object::{Attribute, DicomObject};
pub use self::own_result::result_equipment;
pub use self::source_scan::SourceScan;
pub use self::text_encoding::TextEncoding;

pub(super) use self::file::{begins, may_begin};
pub use self::header::{DicomHeader, dicom_header};

use self::data_set::DataSet;
use self::file::DicomFile;
use self::image_header::{ImageHeader, Photometric};
use self::refusal::{FORMAT, damaged, truncated, unsupported};
use self::syntax::Compression;
use super::decode_options::DecodeOptions;
use super::error::DecodeError;
use super::picture::{Origin, Part, Picture, Pixels};

/// The image of the chosen frame, or of the last where there are fewer.
///
/// # Errors
/// [`DecodeError`]; `NoImage` of a file that has no pixels, such as a report; `OwnResult`.
pub(super) fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Picture, DecodeError> {
    let file = DicomFile::read(bytes, options)?;
    if own_result::is_own(&file) {
        return Err(DecodeError::OwnResult);
    }
    let set = file.data_set()?;
    let header = header_of(&set)?;
    options.check(header.width, header.height)?;
    let frame = options.frame.clamp(1, header.n_frames) - 1;
    let samples = samples_of(&set, &header, file.syntax.compression, frame)?;
    let is_ycbcr = file.syntax.compression != Compression::Jpeg;
    let (colour, bits, pixels) = match header.photometric {
        Photometric::Monochrome1 | Photometric::Monochrome2 => {
            let mut levels = samples;
            let bits = grey::display(&mut levels, &header, &set, frame);
            ("grey", Some(bits), Pixels::U16(levels))
        }
        Photometric::Palette => ("palette", None, Pixels::U8(palette::colours(&samples, &set)?)),
        _ => {
            let (pixels, bits) = colour::rgb(samples, &header, is_ycbcr);
            ("rgb", Some(bits), pixels)
        }
    };
    let channels = if colour == "grey" { 1 } else { 3 };
    let picture = Picture::new(header.width, header.height, channels, pixels);
    let picture = picture.ok_or_else(|| damaged("its size is contradictory"))?;
    let part = (header.n_frames > 1).then_some(Part { kind: "frame", number: frame + 1, of: header.n_frames });
    let says_text = set.text(tags::BURNED_IN_ANNOTATION) == Some("YES");
    let left_out = set.has_overlay.then_some("without its overlay");
    Ok(Picture {
        origin: Some(Origin { format: FORMAT, colour, bits, part, left_out, full_size: None, says_text }),
        ..picture
    })
}

/// The most bytes that decoding holds at once; 0 of an image that is refused before any is decoded.
pub(super) fn decoding_bytes(bytes: &[u8], options: &DecodeOptions) -> u64 {
    memory(bytes, options).unwrap_or(0)
}

/// The samples, a stream that is put together, what its decoder holds, and the result.
fn memory(bytes: &[u8], options: &DecodeOptions) -> Result<u64, DecodeError> {
    let file = DicomFile::read(bytes, options)?;
    let header = header_of(&file.data_set()?)?;
    options.check(header.width, header.height)?;
    let bytes_a_sample = match file.syntax.compression {
        Compression::None => 6,
        Compression::Rle | Compression::Jpeg | Compression::JpegLossless => 10,
        Compression::Jpeg2000 => 24,
    };
    Ok(header.n_samples() as u64 * bytes_a_sample + file.n_inflated())
}

fn header_of(set: &DataSet) -> Result<ImageHeader, DecodeError> {
    if set.element(tags::PIXEL_DATA).is_some() {
        return ImageHeader::read(set);
    }
    let is_float =
        [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].iter().any(|tag| set.element(*tag).is_some());
    match set.element(tags::ROWS) {
        _ if is_float => Err(unsupported("floating-point pixels")),
        // An image whose pixels are announced.
        Some(_) => Err(truncated()),
        None => Err(DecodeError::NoImage),
    }
}

fn samples_of(
    set: &DataSet,
    header: &ImageHeader,
    compression: Compression,
    frame: u32,
) -> Result<Vec<u16>, DecodeError> {
    let pixels = set.element(tags::PIXEL_DATA).ok_or_else(truncated)?;
    if compression == Compression::None {
        return Ok(samples::plain(pixels, frames::plain(pixels, header, frame)?, header));
    }
    let stream = frames::compressed(set, pixels, header.n_frames, frame)?;
    match compression {
        Compression::Jpeg => jpeg_frame::samples(&stream, header, false),
        Compression::JpegLossless => jpeg_frame::samples(&stream, header, true),
        Compression::Jpeg2000 => jpeg2000::samples(&stream, header),
        _ => rle::samples(&stream, header),
    }
}

#[cfg(test)]
mod tests;
