//! Micro benchmarks of the imaging room: `cargo bench --bench pictures`, `make bench`.
//!
//! Inputs are generated. A scan is a synthetic image brought to 1024x1024, with the grain of a detector; times of one
//! picture on one thread.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "a benchmark may fail loudly, and its groups share what they measure on"
)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use gradwatch::domain::{Fill, Interpolation};
use gradwatch::imaging::{
    Affine, BorderRule, DecodeOptions, Phantom, PhantomClass, Picture, Pixels, Rgb8, Sampling, Tone, add_noise, decode,
    encode_jpeg, encode_png,
};

fn main() {
    divan::main();
}

const OPTIONS: DecodeOptions =
    DecodeOptions { max_side: 4096, max_pixels: 1 << 24, background: 0, least_side: None, frame: 1 };

fn words() -> impl Iterator<Item = u32> {
    (0_u32..).map(|i| i.wrapping_mul(2_654_435_769).rotate_left(i % 31))
}

fn scan(side: u32) -> Picture {
    let phantom = Phantom { class: PhantomClass::Patchy, seed: 1 }.image().picture;
    let mut scan = phantom.resized(side, side);
    add_noise(&mut scan, 0.008, words());
    scan
}

fn colour(picture: &Picture) -> Picture {
    Rgb8 { width: picture.width(), height: picture.height(), data: picture.to_rgb8().data }.into()
}

fn of_kind(side: u32, channels: u32) -> Picture {
    if channels == 1 { scan(side) } else { colour(&scan(side)) }
}

fn sixteen_bits(picture: &Picture) -> Picture {
    let Pixels::U8(data) = picture.pixels() else { unreachable!("a scan has 8 bits") };
    let data = data.iter().map(|&v| u16::from(v) * 257).collect();
    Picture::new(picture.width(), picture.height(), 1, Pixels::U16(data)).unwrap()
}

mod decoding {
    use super::*;

    fn run(bencher: Bencher, file: &[u8]) {
        bencher.counter(BytesCount::of_slice(file)).bench(|| decode(black_box(file), &OPTIONS).unwrap());
    }

    #[divan::bench]
    fn png_grey(bencher: Bencher) {
        run(bencher, &encode_png(&scan(1024)).unwrap());
    }

    #[divan::bench]
    fn jpeg_grey(bencher: Bencher) {
        run(bencher, &encode_jpeg(&scan(1024), 95).unwrap());
    }

    #[divan::bench]
    fn jpeg_colour(bencher: Bencher) {
        run(bencher, &encode_jpeg(&colour(&scan(1024)), 95).unwrap());
    }
}

mod resizing {
    use super::*;

    #[divan::bench(args = [1, 3])]
    fn from_1024_to_224(bencher: Bencher, channels: u32) {
        let picture = of_kind(1024, channels);
        bencher.bench(|| black_box(&picture).resized(224, 224));
    }

    #[divan::bench]
    fn from_1024_to_224_in_16_bits(bencher: Bencher) {
        let picture = sixteen_bits(&scan(1024));
        bencher.bench(|| black_box(&picture).resized(224, 224));
    }
}

mod warping {
    use imageproc::geometric_transformations::{Border, Interpolation as Way, Projection, warp_into};

    use super::*;

    const KINDS: [(u32, u32); 6] = [(224, 1), (512, 1), (1024, 1), (224, 3), (512, 3), (1024, 3)];
    const SAMPLING: Sampling =
        Sampling { interpolation: Interpolation::Bilinear, fill: Fill::Nearest, value: 0, rule: BorderRule::Grid };

    /// Seven degrees, a little larger.
    fn map(side: u32) -> Affine {
        Affine::zoom([1.05, 1.05]).then(Affine::rotation(7.0)).about_centre(side, side)
    }

    fn run(bencher: Bencher, (side, channels): (u32, u32), warp: impl Fn(&Picture, &Affine) -> Picture + Sync) {
        let (picture, map) = (of_kind(side, channels), map(side));
        bencher.counter(ItemsCount::new(side * side)).bench(|| warp(black_box(&picture), black_box(&map)));
    }

    #[divan::bench(args = KINDS)]
    fn fastest(bencher: Bencher, kind: (u32, u32)) {
        run(bencher, kind, |picture, map| picture.warped(map, None, SAMPLING));
    }

    #[divan::bench(args = KINDS)]
    fn portable(bencher: Bencher, kind: (u32, u32)) {
        run(bencher, kind, |picture, map| picture.warped_portably(map, SAMPLING));
    }

    #[divan::bench(args = [Interpolation::Nearest, Interpolation::Bicubic])]
    fn grey_224_by(bencher: Bencher, interpolation: Interpolation) {
        run(bencher, (224, 1), |picture, map| picture.warped(map, None, Sampling { interpolation, ..SAMPLING }));
    }

    #[divan::bench]
    fn grey_224_in_16_bits(bencher: Bencher) {
        let (picture, map) = (sixteen_bits(&scan(224)), map(224));
        bencher.bench(|| black_box(&picture).warped(black_box(&map), None, SAMPLING));
    }

    /// imageproc's `warp`, the usual way in Rust; its matrix maps the other way.
    #[divan::bench(args = KINDS)]
    fn imageproc(bencher: Bencher, (side, channels): (u32, u32)) {
        let m = map(side).0.map(|value| value as f32);
        let matrix = Projection::from_matrix([m[0], m[1], m[2], m[3], m[4], m[5], 0.0, 0.0, 1.0]).unwrap().invert();
        let Pixels::U8(data) = of_kind(side, channels).pixels().clone() else { unreachable!("a scan has 8 bits") };
        let bencher = bencher.counter(ItemsCount::new(side * side));
        if channels == 1 {
            let (from, mut to) =
                (image::GrayImage::from_raw(side, side, data).unwrap(), image::GrayImage::new(side, side));
            bencher.bench_local(|| warp_into(black_box(&from), matrix, Way::Bilinear, Border::Replicate, &mut to));
        } else {
            let (from, mut to) =
                (image::RgbImage::from_raw(side, side, data).unwrap(), image::RgbImage::new(side, side));
            bencher.bench_local(|| warp_into(black_box(&from), matrix, Way::Bilinear, Border::Replicate, &mut to));
        }
    }
}

mod points {
    use super::*;

    #[divan::bench]
    fn tone(bencher: Bencher) {
        let (picture, tone) = (scan(224), Tone { brightness: 1.1, contrast: 0.9, gamma: 1.05, ..Tone::IDENTITY });
        bencher.with_inputs(|| picture.clone()).bench_values(|picture| picture.toned(black_box(tone)));
    }

    #[divan::bench]
    fn noise(bencher: Bencher) {
        let picture = scan(224);
        bencher.with_inputs(|| picture.clone()).bench_local_refs(|picture| add_noise(picture, 0.01, words()));
    }

    #[divan::bench]
    fn blur(bencher: Bencher) {
        let picture = scan(224);
        bencher.bench(|| black_box(&picture).blurred(1.0));
    }

    #[divan::bench]
    fn clahe(bencher: Bencher) {
        let picture = scan(224);
        bencher.bench(|| black_box(&picture).equalized_locally(2.0, 8));
    }
}

mod encoding {
    use super::*;

    #[divan::bench(args = [1, 3])]
    fn png_224(bencher: Bencher, channels: u32) {
        let picture = of_kind(224, channels);
        bencher.bench(|| encode_png(black_box(&picture)).unwrap());
    }

    #[divan::bench(args = [1, 3])]
    fn jpeg_224(bencher: Bencher, channels: u32) {
        let picture = of_kind(224, channels);
        bencher.bench(|| encode_jpeg(black_box(&picture), 95).unwrap());
    }
}
