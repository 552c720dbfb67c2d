//! Animated PNG files; WebP's are in `webp`.

use crate::imaging::{DecodeOptions, Pixels, decode};

const OPTIONS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };

/// `n_frames` frames of 2x1, whose levels are those of the first and then others; `still` is an image apart from them.
fn animation(n_frames: u32, still: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_animated(n_frames, 0).unwrap();
    encoder.set_sep_def_img(still).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for i in 0..n_frames + u32::from(still) {
        writer.write_image_data(&[10 + i as u8, 200 - i as u8]).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

#[test]
fn the_first_frame_of_an_animated_png_is_decoded_and_says_so() {
    let cases = [
        (3, false, Some("frame 1 of 3")),
        (1, false, None),
        (1, true, Some("frame 1 of 2")),
        (3, true, Some("frame 1 of 4")),
    ];
    for (n_frames, still, part) in cases {
        let picture = decode(&animation(n_frames, still), &OPTIONS).unwrap();
        assert_eq!(picture.pixels(), &Pixels::U8(vec![10, 200]));
        assert_eq!(picture.facts().part.as_deref(), part, "{n_frames} frames, a still image apart: {still}");
    }
}
