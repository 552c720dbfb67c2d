//! Retention: what of the state folder has become too old or too much, and its removal.
//!
//! It is found first, then recorded by whoever calls, and removed last: a removal that was cut off leaves files that are found
//! again, and never a record of files that are gone.

mod found;
mod needed;
mod removal;

pub use found::{Exceeding, find_exceeding};
pub use removal::{RetentionOutcome, remove_exceeding};
