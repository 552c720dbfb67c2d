//! How the samples of an image are stored, from its tags alone: the combinations that are read. All others are refused
//! here by name, before any of the data is touched. docs/FORMATS.md has the table.

use super::compression::Packing;
use super::directory::Directory;
use super::grid::ChunkGrid;
use super::meaning::{AlphaKind, Meaning, alpha_of, meaning_of};
use super::refusal::{damaged, unsupported};
use super::sample_kind::{SampleKind, kind_of};
use super::tags;
use crate::imaging::error::DecodeError;

/// What was done to the samples before they were packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Each sample less the one to its left.
    Horizontal,
    /// The bytes of floats, sorted by their place, each less the one before.
    FloatingPoint,
}

#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) meaning: Meaning,
    pub(super) kind: SampleKind,
    /// Stored a pixel, with those that are left out.
    pub(super) n_samples: usize,
    /// The sample that is the alpha.
    pub(super) alpha: Option<(usize, AlphaKind)>,
    pub(super) packing: Packing,
    pub(super) predictor: Predictor,
    /// Each channel in strips or tiles of its own.
    pub(super) is_planar: bool,
    /// The first pixel of a byte is in its lowest bit.
    pub(super) is_bit_reversed: bool,
    pub(super) grid: ChunkGrid,
}

impl Layout {
    /// # Errors
    /// `Unsupported` with the name of what is not read; `Damaged` where tags contradict each other.
    pub(super) fn of(directory: &Directory) -> Result<Self, DecodeError> {
        let number = |tag, default| Ok::<_, DecodeError>(directory.number(tag)?.unwrap_or(default));
        if number(tags::IMAGE_DEPTH, 1)? > 1 {
            return Err(unsupported("a volume; save its slices one by one"));
        }
        let packing = Packing::of(number(tags::COMPRESSION, 1)?)?;
        let meaning = meaning_of(directory)?;
        let n_samples = number(tags::SAMPLES_PER_PIXEL, 1)? as usize;
        let n_samples = if (meaning.n_colours()..=usize::from(u16::MAX)).contains(&n_samples) {
            n_samples
        } else {
            return Err(damaged(format!("{n_samples} samples a pixel are not enough for its colours, or too many")));
        };
        let is_planar = n_samples > 1 && is_planar(directory)?;
        let layout = Self {
            meaning,
            kind: kind_of(directory, n_samples)?,
            n_samples,
            alpha: alpha_of(directory, meaning.n_colours(), n_samples)?,
            packing,
            predictor: predictor_of(directory, packing)?,
            is_planar,
            is_bit_reversed: packing != Packing::Jpeg && number(tags::FILL_ORDER, 1)? == 2,
            grid: ChunkGrid::of(directory, if is_planar { n_samples } else { 1 })?,
        };
        layout.check()?;
        Ok(layout)
    }

    /// Samples a pixel in one strip or tile.
    pub(super) fn n_together(&self) -> usize {
        if self.is_planar { 1 } else { self.n_samples }
    }

    /// The combinations that are not read although each part is.
    fn check(&self) -> Result<(), DecodeError> {
        use SampleKind::{Float, Signed, Unsigned};
        let refused = match (self.meaning, self.kind) {
            (Meaning::Grey | Meaning::Rgb, _)
            | (Meaning::InvertedGrey, Unsigned(_) | Float(_))
            | (Meaning::Palette, Unsigned(..=8))
            | (Meaning::Cmyk | Meaning::JpegYcbcr, Unsigned(8)) => None,
            (Meaning::InvertedGrey, Signed(_)) => Some("signed samples of which 0 is white"),
            (Meaning::Palette, _) => Some("a palette of more than 256 colours"),
            (Meaning::Cmyk, _) => Some("CMYK of other than 8 bits"),
            (Meaning::JpegYcbcr, _) => Some("YCbCr of other than 8 bits"),
        };
        let is_associated = self.alpha.is_some_and(|(_, kind)| kind == AlphaKind::Associated);
        let mixes = is_associated && !matches!(self.meaning, Meaning::Grey | Meaning::Rgb | Meaning::Palette);
        let refused = refused.or(mixes.then_some("associated alpha of colours that are no light"));
        refused.or(self.refused_jpeg()).or(self.refused_predictor()).map_or(Ok(()), |cause| Err(unsupported(cause)))
    }

    fn refused_jpeg(&self) -> Option<&'static str> {
        let is_jpeg = self.packing == Packing::Jpeg;
        match self.meaning {
            Meaning::JpegYcbcr if !is_jpeg => Some("YCbCr without JPEG compression"),
            Meaning::JpegYcbcr if self.is_planar => Some("YCbCr in separate planes"),
            _ if !is_jpeg => None,
            Meaning::Palette | Meaning::Cmyk => Some("JPEG compression of a palette or of CMYK"),
            _ if self.kind != SampleKind::Unsigned(8) => Some("JPEG compression of other than 8 bits"),
            _ if ![1, self.meaning.n_colours()].contains(&self.n_together()) => {
                Some("JPEG compression of colours together with further channels")
            }
            _ => None,
        }
    }

    fn refused_predictor(&self) -> Option<&'static str> {
        match (self.predictor, self.kind) {
            (Predictor::None, _) | (Predictor::FloatingPoint, SampleKind::Float(_)) => None,
            (Predictor::FloatingPoint, _) => Some("a floating-point predictor of whole numbers"),
            (Predictor::Horizontal, kind) if matches!(kind.bits(), 8 | 16 | 32) => None,
            (Predictor::Horizontal, _) => Some("a horizontal predictor of other than 8, 16 or 32 bits"),
        }
    }
}

/// Whether each channel is stored for itself; of one channel that says nothing.
fn is_planar(directory: &Directory) -> Result<bool, DecodeError> {
    match directory.number(tags::PLANAR_CONFIGURATION)?.unwrap_or(1) {
        1 => Ok(false),
        2 => Ok(true),
        other => Err(damaged(format!("its planar configuration is {other}"))),
    }
}

fn predictor_of(directory: &Directory, packing: Packing) -> Result<Predictor, DecodeError> {
    match (directory.number(tags::PREDICTOR)?.unwrap_or(1), packing) {
        (1, _) => Ok(Predictor::None),
        (2, Packing::Lzw | Packing::Deflate) => Ok(Predictor::Horizontal),
        (3, Packing::Lzw | Packing::Deflate) => Ok(Predictor::FloatingPoint),
        (2 | 3, _) => Err(unsupported("a predictor without LZW or Deflate compression")),
        (other, _) => Err(unsupported(format!("predictor {other}"))),
    }
}
