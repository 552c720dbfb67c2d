//! The number of the network's arithmetic, and the test that fails until it is raised.

/// Raised whenever the network gives other features for the same pixels and weights. Models and cached features from before
/// are made anew, once. The kind of device and of floats stands beside it in the cache's names.
pub const FEATURES: u32 = 2;

#[cfg(test)]
mod tests;
