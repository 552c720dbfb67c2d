//! Decodes files for `scripts/compare-decoders` and `scripts/compare-dicom`, which compare the pixels with those of other
//! programs, and for `scripts/measure-text`, which counts the images in which text is seen:
//! `cargo bench --bench decode_files < PATHS > PIXELS`.
//!
//! One path a line comes in. For each, one line of JSON goes out: what the file is, or `code` and `error` of its refusal.
//! Behind the line of an image stand its samples, `width * height * channels` of `bits / 8` bytes, little-endian.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it prepares a comparison: it may fail loudly")]

use std::fs;
use std::io::{self, BufRead, BufWriter, Write};

use gradwatch::imaging::{DecodeError, DecodeOptions, Picture, Pixels, decode};
use serde_json::{Value, json};

/// Larger than any file that is compared; transparent pixels lie on black.
const OPTIONS: DecodeOptions =
    DecodeOptions { max_side: 65_535, max_pixels: 200_000_000, background: 0, least_side: None, frame: 1 };

fn main() {
    let mut out = BufWriter::new(io::stdout().lock());
    for path in io::stdin().lock().lines().map(Result::unwrap) {
        let decoded = decode(&fs::read(&path).unwrap(), &OPTIONS);
        let (header, samples) = decoded.as_ref().map_or_else(|error| (refusal(error), Vec::new()), image);
        writeln!(out, "{header}").unwrap();
        out.write_all(&samples).unwrap();
    }
    out.flush().unwrap();
}

fn refusal(error: &DecodeError) -> Value {
    json!({ "code": error.code(), "error": error.to_string() })
}

fn image(picture: &Picture) -> (Value, Vec<u8>) {
    let facts = picture.facts();
    let samples = match picture.pixels() {
        Pixels::U8(samples) => samples.clone(),
        Pixels::U16(samples) => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
    };
    let (channels, bits) = (picture.channels(), picture.depth());
    let header = json!({ "format": facts.format, "colour": facts.colour, "part": facts.part, "width": facts.width,
        "height": facts.height, "channels": channels, "bits": bits, "text": facts.text });
    (header, samples)
}
