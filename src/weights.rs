//! Weight and model files of any kind: known by content, read by shape and order, recorded by hash.
//!
//! Each reader (`safetensors`, `pytorch`, `torchscript`, `hdf5`, `keras`) makes a `TensorFile` of its format; `matching` finds
//! the convolutions in it, and `model` the whole of a Keras model. What is imported is written as one kind of file, and lies in a
//! `folder`. The room gives arrays of numbers: it does not know libtorch, nor what is done with them.

mod backbone;
mod dialect;
mod error;
mod folder;
mod foreign;
mod format;
mod hdf5;
mod keras;
mod layer;
mod matching;
mod model;
mod npz;
mod pickle;
mod provenance;
mod pytorch;
mod safetensors;
mod tensor_file;
mod torchscript;
mod write;
mod zip_entry;

pub(crate) use backbone::{BackboneWeights, identify, read_backbone};
pub use error::WeightsError;
pub use folder::{WeightsFile, import_weights, imported_file, list_weights};
pub(crate) use folder::{file_named, file_of, store_model, weights_in};
pub(crate) use layer::{Function, Layer, Pooling, Shape};
pub(crate) use matching::ConvWeights;
#[cfg(test)]
pub(crate) use model::read_model_of;
pub(crate) use model::{KerasModel, read_model};
pub(crate) use provenance::{BUILT_IN_ORIGIN, FILE_ORIGIN, Provenance};
pub(crate) use write::{le_bytes, tensor_of, to_safetensors, view};

#[cfg(test)]
pub(crate) mod tests;
