//! The only decoder and encoder: images in memory, their size, geometry, tones and colours. Pure functions on pixels.
//!
//! It does not depend on files, samples, recipes or randomness; callers supply random numbers.

mod affine;
mod alpha;
mod antialias;
mod bilinear;
mod blank;
mod blur;
mod border;
mod burned_in;
mod clahe;
mod colormap;
mod colourless;
mod decode;
mod decode_options;
mod depth;
mod dhash;
mod dicom;
mod displacement;
mod encode;
mod erase;
mod error;
mod exif;
mod footprint;
mod frames;
mod heat;
mod jpeg;
mod mosaic;
mod nearest;
mod noise;
mod orient;
mod pack_bits;
mod phantom;
mod picture;
mod png_chunks;
mod recompress;
mod resize;
mod similarity;
mod tag;
mod tiff;
mod tone;
mod truncation;
mod version;
mod warp;
mod webp;
mod webp_chunks;

pub use affine::Affine;
pub use colormap::ColourMap;
pub use decode::{decode, is_dicom};
pub use decode_options::DecodeOptions;
pub use dicom::{Attribute, DicomHeader, DicomObject, SourceScan, TextEncoding, dicom_header, result_equipment};
pub use displacement::Displacement;
pub use encode::{encode_jpeg, encode_png, encode_tagged_jpeg, encode_tagged_png};
pub use erase::{Patch, erase};
pub use error::{DecodeError, EncodeError};
pub use footprint::decoding_bytes;
pub use heat::{heat_picture, overlay};
pub use mosaic::{Mosaic, Tile};
pub use noise::add_noise;
pub use phantom::{Phantom, PhantomClass, PhantomImage, PhantomPatch};
pub use picture::{Picture, Pixels, Rgb8};
pub use similarity::GreyThumbnail;
pub use tag::{is_whole, read_tag};
pub use tone::Tone;
pub use version::PIXELS;
pub use warp::{BorderRule, Sampling};

#[cfg(test)]
mod resize_tests;
#[cfg(test)]
mod scipy_tests;
