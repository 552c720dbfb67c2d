//! The dataset grows: recipe -> plan (all randomness) -> copies on disk in parallel, and the manifest that accounts for them.
//!
//! The bytes of a copy depend on the seed, the sample's content, the copy's number and the recipe; never on threads,
//! order, earlier runs or the clock. It knows nothing of training, and splits nothing: the split comes with the source.

mod chance;
mod encoding;
mod error;
mod existing;
mod expand;
mod fresh;
mod geometry;
mod job;
mod keras;
mod manifest;
mod options;
mod origin;
mod philox;
mod plan;
mod quota;
mod render;
mod replay;
mod sheet;
mod source;
mod words;

pub use encoding::Encoding;
pub use error::AugmentError;
pub use expand::{Copy, Expansion, expand};
pub use fresh::FreshCopies;
pub use manifest::Line;
pub use options::ExpandOptions;
pub use plan::{Draw, Elastic};
pub use replay::{Replay, Replayed};
pub use sheet::{preview, sheets};
pub use source::{Found, Source, find_sources};
