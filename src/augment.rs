//! The dataset grows: recipe -> plan (all randomness) -> copies on disk in parallel, and the manifest that accounts for them.
//!
//! The bytes of a copy depend on the seed, the sample's content, the copy's number and the recipe; never on threads,
//! order, earlier runs or the clock. It does not depend on training and splits nothing: the split comes with the source.

mod chance;
mod describe;
mod encoding;
mod error;
mod existing;
mod expand;
mod forget;
mod geometry;
mod hidden_sources;
mod job;
mod keras;
mod load_source;
mod manifest;
mod on_the_fly;
mod options;
mod philox;
mod plan;
mod quota;
mod render;
mod replay;
mod sheet;
mod stored;

pub use encoding::Encoding;
pub use error::AugmentError;
pub use expand::{Expansion, expand};
pub use forget::{copies_of, forget_copies};
pub use manifest::ManifestEntry;
pub use on_the_fly::OnTheFlyCopies;
pub use options::ExpandOptions;
pub use plan::{Elastic, SampledParams};
pub use replay::{Replay, Replayed};
pub use sheet::{preview, sheets};
pub use stored::{remove_copies, stored_copies};
