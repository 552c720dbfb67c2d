//! What the frozen network says about one picture.

/// The end of the network for one picture, channel first, row-major, all at least 0 (after `ReLU`).
#[derive(Debug, Clone, PartialEq)]
pub struct Activations {
    /// `block5_conv3` after `ReLU`: `[512, 14, 14]`.
    pub conv5_3: Vec<f32>,
    /// pool5, what the head takes: `[512, 7, 7]`.
    pub pool5: Vec<f32>,
}
