//! Bytes to a [`Picture`]: format by content, limits before pixels, orientation applied, alpha composited.
//!
//! Why these codecs: milliseconds of one processor, mean of 40 chest X-rays of 1024x1024. `cargo bench --bench pictures`
//! measures what is taken on other machines.
//!
//! | PNG of 344 kB, grey (EPYC 9004) | ms |
//! |---|---|
//! | png 0.18 (taken) | 3.5 |
//! | libdeflate's inflating alone | 1.5 |
//! | libdeflate, unfiltered row by row | 4.3 |
//! | zune-png 0.5 | 5.7 |
//! | libpng, through `OpenCV` 5.0 | 9.4 |
//!
//! | JPEG of quality 95 (Xeon, a busy machine, best of 15) | grey, 188 kB | RGB 4:2:0, 193 kB |
//! |---|---|---|
//! | libjpeg-turbo 3.1 (taken), with the checks of this room | 3.4 | 5.1 |
//! | libjpeg-turbo 3.1 alone | 3.3 | 4.8 |
//! | its result at half the size | 3.3 | 3.1 |
//! | at a quarter | 2.8 | 2.8 |
//! | at an eighth | 2.5 | 2.5 |
//! | zune-jpeg 0.5, strict | 4.7 | 6.9 |
//!
//! A C library, which needs cmake and nasm: it alone says where data of any mode are missing, and decodes all modes right.

use std::error::Error;
use std::io::{self, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::alpha::{Opacity, over};
use super::decode_options::DecodeOptions;
use super::depth::{depth_of, spread};
use super::dicom;
use super::error::DecodeError;
use super::exif;
use super::frames::first_frame;
use super::jpeg;
use super::picture::{Origin, Picture, Pixels};
use super::png_chunks;
use super::tiff;
use super::truncation::is_whole;
use super::webp;

/// Where a PNG's header says what its samples mean.
const PNG_COLOUR_TYPE: usize = 25;

/// Decodes a PNG, JPEG, BMP, TIFF, WebP or DICOM file of any colour type. Grey stays one channel, 16 bits stay 16 (floating
/// point in colour becomes 16), the palette is resolved, alpha is composited on the background, and the EXIF orientation is applied.
///
/// # Errors
/// [`DecodeError`]; a file that ends before its image is `Truncated`, never a partly grey image.
pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Picture, DecodeError> {
    if dicom::begins(bytes) {
        return guarded("dicom", || dicom::decode(bytes, options));
    }
    let (format, name) = format_of(bytes)?;
    if !is_whole(bytes, format) {
        return Err(DecodeError::Truncated { format: name });
    }
    guarded(name, || decode_whole(bytes, format, name, options))
}

/// Whether a file begins as DICOM, which names a patient.
pub fn is_dicom(bytes: &[u8]) -> bool {
    dicom::begins(bytes)
}

/// The decoders are fuzzed, yet a panic in one of them must cost one file only, never the service.
fn guarded(
    format: &'static str,
    decode: impl FnOnce() -> Result<Picture, DecodeError>,
) -> Result<Picture, DecodeError> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(DecodeError::Damaged { format, cause: "the decoder gave up".into() }))
}

fn decode_whole(
    bytes: &[u8],
    format: ImageFormat,
    name: &'static str,
    options: &DecodeOptions,
) -> Result<Picture, DecodeError> {
    let (picture, orientation) = match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, options)?,
        ImageFormat::Tiff => tiff::decode(bytes, options)?,
        _ => decode_other(bytes, format, name, options)?,
    };
    Ok(picture.oriented(orientation))
}

fn decode_other(
    bytes: &[u8],
    format: ImageFormat,
    name: &'static str,
    options: &DecodeOptions,
) -> Result<(Picture, Orientation), DecodeError> {
    let refused = |error: ImageError| refusal(&error, name);
    let decoder = decoder_of(bytes, format, options).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    options.check(width, height)?;
    let orientation = exif::orientation_in(bytes, format);
    let (colour, stored) = match (format, bytes.get(PNG_COLOUR_TYPE)) {
        (ImageFormat::Png, Some(3)) => ("palette", None),
        _ => colour_of(decoder.original_color_type()),
    };
    let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
    let stated = (format == ImageFormat::Png).then(|| png_chunks::stated_depth(bytes)).flatten();
    let bits = deepen(&mut image, stated).or(stored);
    let origin = Some(Origin {
        format: name,
        colour,
        bits,
        part: first_frame(bytes, format),
        left_out: None,
        full_size: None,
        says_text: false,
    });
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    Ok((Picture { origin, ..flatten(image, options.background) }, orientation))
}

fn decoder_of<'a>(
    bytes: &'a [u8],
    format: ImageFormat,
    options: &DecodeOptions,
) -> Result<Box<dyn ImageDecoder + 'a>, ImageError> {
    let limits = allocation_limit(options);
    if format == ImageFormat::WebP {
        return Ok(Box::new(webp::decoder(bytes, limits, options.background)?));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    Ok(Box::new(reader.into_decoder()?))
}

/// The decoder's own guard against headers that promise more than they hold.
fn allocation_limit(options: &DecodeOptions) -> Limits {
    let mut guard = Limits::no_limits();
    guard.max_alloc = Some(options.max_bytes());
    guard
}

fn format_of(bytes: &[u8]) -> Result<(ImageFormat, &'static str), DecodeError> {
    match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => Ok((ImageFormat::Png, "png")),
        Ok(ImageFormat::Jpeg) => Ok((ImageFormat::Jpeg, "jpeg")),
        Ok(ImageFormat::Bmp) => Ok((ImageFormat::Bmp, "bmp")),
        Ok(ImageFormat::WebP) => Ok((ImageFormat::WebP, "webp")),
        _ if tiff::begins(bytes) => Ok((ImageFormat::Tiff, "tiff")),
        _ => Err(unknown(bytes)),
    }
}

/// An empty file and the first bytes of a known signature are files still being written; the rest is named where it can be.
fn unknown(bytes: &[u8]) -> DecodeError {
    const STARTS: [(&[u8], &str); 7] = [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpeg"),
        (b"RIFF", "webp"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"II+\0", "tiff"),
        (b"MM\0+", "tiff"),
    ];
    const OTHERS: [(usize, &[u8], &str); 6] = [
        (0, b"GIF8", "a GIF file"),
        (0, b"%PDF", "a PDF document"),
        (0, b"PK", "a ZIP archive or office document"),
        (0, b"\x1f\x8b", "a gzip archive"),
        (0, b"\x93NUMPY", "a NumPy array"),
        (4, b"ftyp", "a HEIC, AVIF or video file"),
    ];
    if bytes.is_empty() {
        return DecodeError::Truncated { format: "empty" };
    }
    let begun = |start: &[u8]| start.starts_with(bytes) || (bytes.len() < 12 && bytes.starts_with(start));
    if let Some((_, format)) = STARTS.iter().find(|(start, _)| begun(start)) {
        return DecodeError::Truncated { format };
    }
    if dicom::may_begin(bytes) {
        return DecodeError::Truncated { format: "dicom" };
    }
    let found = OTHERS.iter().find(|(at, mark, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    let text = std::str::from_utf8(&bytes[..bytes.len().min(64)]).is_ok_and(|text| !text.contains('\0'));
    DecodeError::NotAnImage {
        found: found.map_or(if text { "it looks like text" } else { "its first bytes are unknown" }, |(.., name)| name),
    }
}

fn refusal(error: &ImageError, format: &'static str) -> DecodeError {
    let cause = error.to_string().replace('\n', " ");
    match error {
        // Asked directly: `source` of this one skips the error that it wraps.
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => DecodeError::Truncated { format },
        _ if ends_early(error) => DecodeError::Truncated { format },
        ImageError::Unsupported(_) => DecodeError::Unsupported { format, cause },
        _ => DecodeError::Damaged { format, cause },
    }
}

fn ends_early(error: &(dyn Error + 'static)) -> bool {
    let own = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    own || error.source().is_some_and(ends_early)
}

/// The colour type, and the bits a channel as stored.
fn colour_of(colour: ExtendedColorType) -> (&'static str, Option<u32>) {
    use ExtendedColorType as C;
    match colour {
        C::L1 => ("grey", Some(1)),
        C::L2 => ("grey", Some(2)),
        C::L4 => ("grey", Some(4)),
        C::L8 => ("grey", Some(8)),
        C::L16 => ("grey", Some(16)),
        C::La8 => ("greya", Some(8)),
        C::La16 => ("greya", Some(16)),
        C::Rgb8 | C::Bgr8 => ("rgb", Some(8)),
        C::Rgb16 => ("rgb", Some(16)),
        C::Rgba8 | C::Bgra8 => ("rgba", Some(8)),
        C::Rgba16 => ("rgba", Some(16)),
        C::Rgb32F | C::Rgba32F => ("float", None),
        _ => ("other", None),
    }
}

/// Levels of 16 bits spread over their whole range from the depth that they show, which is returned; `None` of an image
/// of other samples, which is left as it is.
fn deepen(image: &mut DynamicImage, stated: Option<u32>) -> Option<u32> {
    match image {
        DynamicImage::ImageLuma16(grey) => Some(deepen_samples::<1>(grey, 1, stated)),
        DynamicImage::ImageLumaA16(grey) => Some(deepen_samples::<2>(grey, 1, stated)),
        DynamicImage::ImageRgb16(rgb) => Some(deepen_samples::<3>(rgb, 3, stated)),
        DynamicImage::ImageRgba16(rgba) => Some(deepen_samples::<4>(rgba, 3, stated)),
        _ => None,
    }
}

/// `N` samples a pixel, of which the first `n_colours` are levels and say how deep they are, where they can be seen; an alpha
/// behind them has a depth of its own.
fn deepen_samples<const N: usize>(samples: &mut [u16], n_colours: usize, stated: Option<u32>) -> u32 {
    let largest = |samples: &[u16], channels: std::ops::Range<usize>| {
        let seen = samples.as_chunks::<N>().0.iter().filter(|pixel| pixel[n_colours..] != [0; 1]);
        seen.flat_map(|pixel| &pixel[channels.clone()]).copied().max().unwrap_or(0)
    };
    let shown = [0..n_colours, n_colours..N].map(|channels| largest(samples, channels));
    // Levels beyond the stated depth are on the whole range, as the PNG specification demands.
    let fits = |bits: &u32| u32::from(shown[0]) < 1 << bits;
    let colours = stated.map_or_else(|| depth_of(shown[0]), |stated| Some(stated).filter(fits).unwrap_or(16));
    let depths = [colours, depth_of(shown[1])];
    for pixel in samples.as_chunks_mut::<N>().0 {
        let (levels, alpha) = pixel.split_at_mut(n_colours);
        spread(levels, depths[0]);
        spread(alpha, depths[1]);
    }
    stated.unwrap_or(depths[0])
}

fn flatten(image: DynamicImage, background: u8) -> Picture {
    let (width, height) = (image.width(), image.height());
    let (dark, deep) = (background, u16::from(background) * 257);
    let (channels, pixels) = match image {
        DynamicImage::ImageLuma8(grey) => (1, Pixels::U8(grey.into_raw())),
        DynamicImage::ImageLumaA8(grey) => (1, Pixels::U8(composited::<_, 2, 1>(grey.into_raw(), dark))),
        DynamicImage::ImageRgb8(rgb) => (3, Pixels::U8(rgb.into_raw())),
        DynamicImage::ImageRgba8(rgba) => (3, Pixels::U8(composited::<_, 4, 3>(rgba.into_raw(), dark))),
        DynamicImage::ImageLuma16(grey) => (1, Pixels::U16(grey.into_raw())),
        DynamicImage::ImageLumaA16(grey) => (1, Pixels::U16(composited::<_, 2, 1>(grey.into_raw(), deep))),
        DynamicImage::ImageRgb16(rgb) => (3, Pixels::U16(rgb.into_raw())),
        DynamicImage::ImageRgba16(rgba) => (3, Pixels::U16(composited::<_, 4, 3>(rgba.into_raw(), deep))),
        other => (3, Pixels::U16(composited::<_, 4, 3>(other.into_rgba16().into_raw(), deep))),
    };
    Picture { width, height, channels, pixels, origin: None }
}

/// `N` samples a pixel with alpha last to `M` without: `v * alpha + background * (1 - alpha)`, rounded once. In place: an
/// image can be as large as the memory allows.
fn composited<T: Opacity, const N: usize, const M: usize>(mut samples: Vec<T>, background: T) -> Vec<T> {
    let n_pixels = samples.len() / N;
    for at in 0..n_pixels {
        let pixel: [T; N] = std::array::from_fn(|i| samples[at * N + i]);
        let shown: [T; M] = std::array::from_fn(|i| over(pixel[i], pixel[N - 1], background));
        samples[at * M..][..M].copy_from_slice(&shown);
    }
    samples.truncate(n_pixels * M);
    samples.shrink_to_fit();
    samples
}

#[cfg(test)]
mod tests;
