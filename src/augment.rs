//! The dataset grows: recipe -> plan (all randomness) -> copies on disk in parallel, and the manifest that accounts for them.
//!
//! The bytes of a copy depend on the seed, the sample's content, the copy's number and the recipe; never on threads,
//! order, earlier runs or the clock. It knows nothing of training, and splits nothing: the split comes with the source.

mod error;
mod existing;
mod expand;
mod manifest;
mod options;
mod philox;
mod plan;
mod render;
mod source;

pub use error::{AugmentError, SourceFailure};
pub use expand::{Copy, Expansion, expand};
pub use manifest::Line;
pub use options::ExpandOptions;
pub use plan::Draw;
pub use render::fresh_copy;
pub use source::{Found, Source, find_sources};
