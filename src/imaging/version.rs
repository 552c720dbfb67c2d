//! The number of what this program reads from the bytes of an image, and the test that fails until it is raised.

/// Raised whenever decoding or resizing gives other pixels for the same file. Models, cached features and augmented copies
/// from before are made anew, once.
pub const PIXELS: u32 = 2;

#[cfg(test)]
mod tests;
