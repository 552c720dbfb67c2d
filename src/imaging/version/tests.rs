//! Pixels of generated files of many kinds, pinned: decoded, and as the network takes them.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Luma, LumaA, Rgb, Rgba};

use super::PIXELS;
use crate::domain::ContentHash;
use crate::imaging::{DecodeOptions, Picture, Pixels, decode, encode_jpeg};

const LIMITS: DecodeOptions =
    DecodeOptions { max_side: 1000, max_pixels: 1_000_000, background: 40, least_side: None, frame: 1 };

/// For each file: its name, and the start of the hashes of its bytes, of its pixels, and of those at 224x224 and 20x20.
const GOLDEN: (u32, &[[&str; 5]]) = (
    2,
    &[
        ["grey png", "6bdc1013", "a70ad398", "3c68d93f", "f4b45424"],
        ["grey alpha png", "1e6f14a6", "9024fff7", "8bc98021", "3f27cfd7"],
        ["rgb png", "131aad13", "89471afc", "411dd1c3", "262aff12"],
        ["rgb alpha png", "db924a85", "8381eb7f", "1f234564", "cd605362"],
        ["16-bit grey png", "7cedd5bb", "33aede5e", "0b95b1e5", "132884c5"],
        ["16-bit rgb png", "3f8459f4", "43d6cbc6", "10e27390", "d33aefe2"],
        ["16-bit alpha png", "4fc369ab", "e1635ffc", "d86beb9d", "7f92a616"],
        ["12-bit grey png", "d217ac91", "85ff5a6e", "bbc4d8f0", "7e4613e0"],
        ["16-bit grey tiff", "982da954", "33aede5e", "0b95b1e5", "132884c5"],
        ["rgb bmp", "c3abe130", "89471afc", "411dd1c3", "262aff12"],
        ["rgb webp", "be00a302", "89471afc", "411dd1c3", "262aff12"],
        ["grey jpeg", "b43285e8", "415892b5", "96758b73", "b01097a3"],
        ["rgb jpeg", "8d8026f8", "b7b3b0a3", "478aa23d", "96f928d3"],
        ["turned jpeg", "c82779b3", "1780779e", "e81ee372", "771c9261"],
        ["mirrored jpeg", "83163a8b", "a64b15bc", "f1b9f364", "fc75a2ff"],
    ],
);

/// Something smooth and something wild, 0 to 65535, other in each channel.
fn level(x: u32, y: u32, channel: u32) -> u16 {
    let wild = (x * 7919 + y * 104_729 + channel * 31).wrapping_mul(2_654_435_769) >> 18;
    (x * 400 + y * 250 + channel * 9000 + wild) as u16
}

fn deep<const N: usize>(x: u32, y: u32) -> [u16; N] {
    std::array::from_fn(|channel| level(x, y, channel as u32))
}

fn shallow<const N: usize>(x: u32, y: u32) -> [u8; N] {
    deep::<N>(x, y).map(|level| (level >> 8) as u8)
}

const SIZE: (u32, u32) = (61, 47);

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn tiff_file(grey: &image::ImageBuffer<Luma<u16>, Vec<u16>>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
    encoder.write_image::<::tiff::encoder::colortype::Gray16>(grey.width(), grey.height(), grey).unwrap();
    bytes.into_inner()
}

/// The JPEG with an EXIF block that says how to turn it.
fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() + 2) as u16;
    [&jpeg[..2], &[0xff, 0xe1], &length.to_be_bytes(), &exif, &jpeg[2..]].concat()
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    use image::ImageBuffer as Buffer;
    let (w, h) = SIZE;
    let rgb = Buffer::from_fn(w, h, |x, y| Rgb(shallow(x, y)));
    let deep_grey = Buffer::from_fn(w, h, |x, y| Luma(deep(x, y)));
    let shallow_grey = Buffer::from_fn(w, h, |x, y| Luma([level(x, y, 0) >> 4]));
    let jpeg = |channels: u32| {
        let samples = |(x, y): (u32, u32)| shallow::<3>(x / 4 * 4, y / 4 * 4).into_iter().take(channels as usize);
        let all = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(samples).collect();
        encode_jpeg(&Picture::new(w, h, channels, Pixels::U8(all)).unwrap(), 90).unwrap()
    };
    vec![
        ("grey png", file(Buffer::from_fn(w, h, |x, y| Luma(shallow(x, y))), ImageFormat::Png)),
        ("grey alpha png", file(Buffer::from_fn(w, h, |x, y| LumaA(shallow(x, y))), ImageFormat::Png)),
        ("rgb png", file(rgb.clone(), ImageFormat::Png)),
        ("rgb alpha png", file(Buffer::from_fn(w, h, |x, y| Rgba(shallow(x, y))), ImageFormat::Png)),
        ("16-bit grey png", file(deep_grey.clone(), ImageFormat::Png)),
        ("16-bit rgb png", file(Buffer::from_fn(w, h, |x, y| Rgb(deep(x, y))), ImageFormat::Png)),
        ("16-bit alpha png", file(Buffer::from_fn(w, h, |x, y| Rgba(deep(x, y))), ImageFormat::Png)),
        ("12-bit grey png", file(shallow_grey, ImageFormat::Png)),
        ("16-bit grey tiff", tiff_file(&deep_grey)),
        ("rgb bmp", file(rgb.clone(), ImageFormat::Bmp)),
        ("rgb webp", file(rgb, ImageFormat::WebP)),
        ("grey jpeg", jpeg(1)),
        ("rgb jpeg", jpeg(3)),
        ("turned jpeg", turned(&jpeg(3), 6)),
        ("mirrored jpeg", turned(&jpeg(1), 5)),
    ]
}

/// The start of the hashes of pixels of [`files`] that are JPEG, decoded at a half and at a quarter of their size.
const SCALED: &[[&str; 3]] = &[
    ["grey jpeg", "8d44e0c3", "e78b838d"],
    ["rgb jpeg", "ac3308bf", "b7b9e3c5"],
    ["turned jpeg", "a5aadfc8", "a655fea0"],
    ["mirrored jpeg", "051f5873", "ec35b5c5"],
];

#[test]
fn pixels_of_smaller_decoding_are_those_of_their_number() {
    let at = |bytes: &[u8], side| hash(&decode(bytes, &DecodeOptions { least_side: Some(side), ..LIMITS }).unwrap());
    let jpeg = files().into_iter().filter(|(name, _)| name.ends_with("jpeg"));
    let found: Vec<_> = jpeg.map(|(name, bytes)| [name.to_owned(), at(&bytes, 23), at(&bytes, 11)]).collect();
    assert_eq!(found, SCALED, "see `pixels_are_those_of_their_number`");
}

fn hash(picture: &Picture) -> String {
    let samples = match picture.pixels() {
        Pixels::U8(samples) => samples.clone(),
        Pixels::U16(samples) => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
    };
    let form = [picture.width(), picture.height(), picture.channels(), picture.depth()].map(u32::to_le_bytes);
    ContentHash::of_parts([form.concat().as_slice(), &samples]).short()
}

#[test]
fn pixels_are_those_of_their_number() {
    let found: Vec<[String; 5]> = files()
        .into_iter()
        .map(|(name, bytes)| {
            let picture = decode(&bytes, &LIMITS).unwrap();
            let sizes = [224, 20].map(|side| hash(&Picture::from(picture.resized(side, side).to_rgb8())));
            let [large, small] = sizes;
            [name.to_owned(), ContentHash::of(&bytes).short(), hash(&picture), large, small]
        })
        .collect();
    let (version, golden) = GOLDEN;
    assert_eq!(PIXELS, version, "GOLDEN is of another PIXELS: see that its values are of this one");
    let column = |row: &[String; 5], at: usize| row[at].clone();
    for (found, golden) in found.iter().zip(golden) {
        assert_eq!(
            [column(found, 0), column(found, 1)],
            [golden[0], golden[1]],
            "the test's own file is another: its encoder has changed. Take over the row's new hashes; PIXELS stays"
        );
    }
    assert_eq!(
        found, golden,
        "the same files give other pixels than in version {version}. If that was not meant, undo it. If it was, raise PIXELS \
         in src/imaging/version.rs by one, so that models, cached features and copies are made anew once, and put the new \
         hashes into GOLDEN"
    );
}
