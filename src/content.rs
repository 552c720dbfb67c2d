//! A file on the disk to its checked content, or a reason: the one guarded reader of image files, and the one way to list them.
//!
//! Only regular files are read, within the limits, and below a dataset or the inbox never through a link; a pipe, a socket
//! or a device never blocks. It does not depend on what an image is for.

mod below;
mod failure;
mod file_system;
mod list;
mod memory;
mod no_inputs;
mod pool;
mod reader;
mod skipped;

pub use below::{FileSnapshot, look_below, snapshot_below};
pub use failure::{FileFailure, lines, warn_of};
pub use file_system::remote_kind;
pub use list::{Listing, all_below, list};
pub use memory::DecodedPicture;
pub use no_inputs::NoInputs;
pub use pool::image_pool;
pub use reader::{Content, Reader, open_file, read_text};
pub use skipped::{Skip, Skipped, names};

#[cfg(test)]
mod tests;
