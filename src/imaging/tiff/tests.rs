//! TIFF files of every kind that is read, made here by a writer of its own, decoded to the right levels; the others refused.

mod combinations;
mod damage;
mod kinds;
mod page_choice;
mod refused;
mod writer;

use super::decode;
use crate::imaging::decode_options::DecodeOptions;
use crate::imaging::error::DecodeError;
use crate::imaging::picture::{Picture, Pixels};

const LIMITS: DecodeOptions =
    DecodeOptions { max_side: 100, max_pixels: 5000, background: 0, least_side: None, frame: 1 };

fn decoded(bytes: &[u8]) -> Picture {
    decode(bytes, &LIMITS).unwrap_or_else(|error| panic!("{error}")).0
}

fn refusal(bytes: &[u8]) -> DecodeError {
    decode(bytes, &LIMITS).unwrap_err()
}
