//! Animations made here: their first frame, wherever it lies on the canvas.

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use crate::imaging::{DecodeOptions, Pixels, decode};

const OPTIONS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 102, least_side: None, frame: 1 };
const CANVAS: [u32; 2] = [8, 6];

/// A level of the frame's own for each of its 4x2 pixels.
fn level(x: u32, y: u32) -> u8 {
    (11 + 29 * x + 101 * y) as u8
}

/// The chunk with the pixels of a frame of 4x2, all with this alpha.
fn pixels(alpha: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let frame = RgbaImage::from_fn(4, 2, |x, y| Rgba([level(x, y), level(x, y), level(x, y), alpha]));
    DynamicImage::from(frame).write_to(&mut bytes, ImageFormat::WebP).unwrap();
    bytes.into_inner()[12..].to_vec()
}

fn chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    [kind.as_bytes(), (data.len() as u32).to_le_bytes().as_slice(), data, &[0][..data.len() % 2]].concat()
}

fn three(v: u32) -> [u8; 3] {
    [v as u8, (v >> 8) as u8, (v >> 16) as u8]
}

/// `n_frames` equal frames at (2, 4) of a canvas of 8x6 whose own background is green.
fn animation(n_frames: usize, has_alpha: bool, alpha: u8, flags: u8) -> Vec<u8> {
    let [width, height] = CANVAS.map(|side| three(side - 1));
    let header = [&[2 | u8::from(has_alpha) << 4, 0, 0, 0][..], &width, &height].concat();
    let place = [three(1), three(2), three(3), three(1), three(100)].concat();
    let frame = chunk("ANMF", &[&place[..], &[flags], &pixels(alpha)].concat());
    let body = [b"WEBP", &chunk("VP8X", &header)[..], &chunk("ANIM", &[0, 255, 0, 255, 0, 0]), &frame.repeat(n_frames)];
    chunk("RIFF", &body.concat())
}

fn check(bytes: &[u8], part: Option<&str>, expected: impl Fn(u8) -> u8) {
    let picture = decode(bytes, &OPTIONS).unwrap();
    let [width, height] = CANVAS;
    assert_eq!((picture.width(), picture.height(), picture.facts().part.as_deref()), (width, height, part));
    let at = |x: u32, y: u32| match (x, y) {
        (2..6, 4..6) => expected(level(x - 2, y - 4)),
        _ => OPTIONS.background,
    };
    let levels = (0..width * height).flat_map(|i| [at(i % width, i / width); 3]).collect();
    assert_eq!(picture.pixels(), &Pixels::U8(levels));
}

#[test]
fn the_first_frame_lies_at_its_place_on_the_canvas_and_the_rest_shows_the_background() {
    for flags in [0, 1, 2, 3] {
        for has_alpha in [false, true] {
            check(&animation(3, has_alpha, 255, flags), Some("frame 1 of 3"), |level| level);
        }
        let over = |level: u8| ((u32::from(level) * 51 + 102 * 204 + 127) / 255) as u8;
        check(&animation(2, true, 51, flags), Some("frame 1 of 2"), over);
        check(&animation(1, true, 255, flags), None, |level| level);
    }
}

#[test]
fn an_animation_cut_anywhere_is_truncated() {
    let bytes = animation(2, true, 255, 0);
    for cut in 0..bytes.len() {
        assert_eq!(decode(&bytes[..cut], &OPTIONS).unwrap_err().code(), "truncated", "cut to {cut} of {}", bytes.len());
    }
}
