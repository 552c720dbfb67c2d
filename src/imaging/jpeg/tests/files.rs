//! JPEG files of every mode, written by two encoders and edited by segment.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use turbojpeg::{Colorspace, Compressor, Image, PixelFormat, Subsamp, Transform, TransformOp, transform};

use crate::imaging::jpeg::segments::segments;

pub(super) const WIDTH: u32 = 61;
pub(super) const HEIGHT: u32 = 45;

/// Something smooth and something wild; `n` samples a pixel.
pub(super) fn samples(n: usize) -> Vec<u8> {
    let level = |i: usize| {
        let (x, y) = (i / n % WIDTH as usize, i / n / WIDTH as usize);
        let wild = (x * 7919 + y * 104_729 + i % n * 31).wrapping_mul(2_654_435_769) >> 26 & 31;
        (x * 2 + y * 2 + i % n * 9 + wild) as u8
    };
    (0..n * (WIDTH * HEIGHT) as usize).map(level).collect()
}

fn image(pixels: &[u8], format: PixelFormat) -> Image<&[u8]> {
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    Image { pixels, width, height, pitch: width * format.size(), format }
}

/// [`samples`] by libjpeg-turbo, at quality 95 unless `set` changes it.
pub(super) fn by_library(format: PixelFormat, set: impl Fn(&mut Compressor)) -> Vec<u8> {
    let mut compressor = Compressor::new().unwrap();
    set(&mut compressor);
    compressor.compress_to_vec(image(&samples(format.size()), format)).unwrap()
}

/// RGB by libjpeg-turbo.
pub(super) fn sampled(subsamp: Subsamp) -> Vec<u8> {
    by_library(PixelFormat::RGB, |compressor| compressor.set_subsamp(subsamp).unwrap())
}

/// Four inks by libjpeg-turbo, stored as `colours`.
pub(super) fn inks(colours: Colorspace) -> Vec<u8> {
    by_library(PixelFormat::CMYK, |compressor| compressor.set_colorspace(colours).unwrap())
}

/// The same coefficients in another coding.
pub(super) fn recoded(jpeg: &[u8], progressive: bool, arithmetic: bool) -> Vec<u8> {
    let mut way = Transform::op(TransformOp::None);
    (way.progressive, way.arithmetic) = (progressive, arithmetic);
    transform(&way, jpeg).unwrap().to_vec()
}

/// RGB by the program's own encoder; one scan a channel if `apart`, restart marks every 3 units if `restarts` (it cannot
/// write both).
pub(super) fn by_encoder(sampling: SamplingFactor, apart: bool, restarts: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_sampling_factor(sampling);
    encoder.set_optimized_huffman_tables(apart);
    if restarts {
        encoder.set_restart_interval(3);
    }
    encoder.encode(&samples(3), WIDTH as u16, HEIGHT as u16, ColorType::Rgb).unwrap();
    bytes
}

/// A frame of one channel for each of `planes`, a size and a level that it has everywhere but in its upper left, with one
/// scan for each; `factors` are those of the frame.
pub(super) fn assembled(size: (u16, u16), planes: &[(u16, u16, u8)], factors: &[u8]) -> Vec<u8> {
    let grey = |&(width, height, level): &(u16, u16, u8)| {
        let mut bytes = Vec::new();
        let mut plane = vec![level; usize::from(width) * usize::from(height)];
        plane[0] = 255 - level;
        Encoder::new(&mut bytes, 95).encode(&plane, width, height, ColorType::Luma).unwrap();
        parts(&bytes)
    };
    let mut scans = Vec::new();
    let mut frame = vec![8];
    frame.extend([size.1.to_be_bytes(), size.0.to_be_bytes()].concat());
    frame.push(planes.len() as u8);
    let mut tables = Vec::new();
    for (id, (plane, &factor)) in (1..).zip(planes.iter().zip(factors)) {
        frame.extend([id, factor, 0]);
        let file = grey(plane);
        let (_, _, data) = file.iter().find(|part| part.0 == 0xDA).unwrap().clone();
        scans.push((0xDA, vec![1, id, 0, 0, 63, 0], data));
        tables = file.into_iter().filter(|part| matches!(part.0, 0xC4 | 0xDB)).collect();
    }
    joined(&[tables, vec![(0xC0, frame, vec![])], scans, vec![(0xD9, vec![], vec![])]].concat())
}

/// A marker, what its segment holds, and the data behind it.
pub(super) type Part = (u8, Vec<u8>, Vec<u8>);

pub(super) fn parts(jpeg: &[u8]) -> Vec<Part> {
    segments(jpeg).map(|segment| (segment.marker, segment.content.to_vec(), segment.data.to_vec())).collect()
}

pub(super) fn joined(parts: &[Part]) -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8];
    for (marker, content, data) in parts {
        jpeg.extend([0xFF, *marker]);
        if *marker != 0xD9 {
            jpeg.extend((content.len() as u16 + 2).to_be_bytes());
        }
        jpeg.extend([content.as_slice(), data].concat());
    }
    jpeg
}

/// `jpeg` with each of its segments changed by `edit`, or left out.
pub(super) fn edited(jpeg: &[u8], edit: impl Fn(Part) -> Option<Part>) -> Vec<u8> {
    joined(&parts(jpeg).into_iter().filter_map(edit).collect::<Vec<_>>())
}

/// A whole file of each mode, by name.
pub(super) fn every_mode() -> Vec<(String, Vec<u8>)> {
    use Subsamp as S;
    let mut files = Vec::new();
    for subsamp in [S::None, S::Sub2x1, S::Sub2x2, S::Sub1x2, S::Sub4x1, S::Sub1x4, S::Gray] {
        for (progressive, arithmetic) in [(false, false), (true, false), (false, true), (true, true)] {
            let name = format!("{subsamp:?}, progressive {progressive}, arithmetic {arithmetic}");
            files.push((name, recoded(&sampled(subsamp), progressive, arithmetic)));
        }
    }
    for (apart, restarts) in [(false, true), (true, false)] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2] {
            let name = format!("{sampling:?}, apart {apart}, restarts {restarts}");
            files.push((name, by_encoder(sampling, apart, restarts)));
        }
    }
    for colours in [Colorspace::CMYK, Colorspace::YCCK] {
        files.push((format!("{colours:?}"), inks(colours)));
    }
    files.push(("lossless".into(), by_library(PixelFormat::GRAY, |compressor| compressor.set_lossless(true).unwrap())));
    files
}
