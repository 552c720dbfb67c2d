//! The convolutions of a network out of a file of any known format.

use std::path::Path;

use super::error::WeightsError;
use super::matching::{self, ConvWeights};
use super::provenance::Provenance;
use super::{format, tensor_file::TensorFile};
use crate::config::Preparation;
use crate::domain::ContentHash;
use crate::domain::vgg16::Conv;

/// All convolutions of a network, and what goes with them.
#[derive(Debug)]
pub(crate) struct BackboneWeights {
    /// In the order of the network.
    pub(crate) convs: Vec<ConvWeights>,
    /// Of the file they came from.
    pub(crate) sha256: ContentHash,
    /// How images are prepared for them.
    pub(crate) input: Preparation,
    /// What gradwatch noted about them, in files of its own.
    pub(crate) provenance: Option<Provenance>,
}

/// Reads the convolutions of `plan` from a file of any known format; whatever else is in it is left unread.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn read_backbone(path: &Path, plan: &[Conv]) -> Result<BackboneWeights, WeightsError> {
    let (file, sha256) = format::open(path)?;
    let convs = matching::convolutions(&file, plan, path)?;
    Ok(BackboneWeights { convs, sha256, input: input_of(&file), provenance: file.provenance })
}

/// SHA-256 of a weights file, and how images are prepared for it, without reading its numbers.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn identify(path: &Path) -> Result<(ContentHash, Preparation), WeightsError> {
    let (file, sha256) = format::open(path)?;
    Ok((sha256, input_of(&file)))
}

/// How images are prepared: what the file itself says, else what its library does.
pub(super) fn input_of(file: &TensorFile) -> Preparation {
    let noted = file.provenance.as_ref().and_then(|provenance| provenance.preprocessing.parse().ok());
    noted.unwrap_or_else(|| file.dialect.input())
}
