//! How a warp looks up places between and beyond pixels.

use crate::domain::{Fill, Interpolation};

/// How the border is counted, for the two fills where opinions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BorderRule {
    /// By pixels as they stand: the constant blends with the edge over one pixel, and a wrapped side of n pixels
    /// repeats after n (SciPy's `grid-constant` and `grid-wrap`).
    Grid,
    /// As `scipy.ndimage`, and so Keras, has it: any place beyond the centres of the outermost pixels is the constant
    /// outright, and a wrapped side of n pixels repeats after n - 1.
    SciPy,
}

/// How a place between or beyond pixels is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Between pixels.
    pub interpolation: Interpolation,
    /// Beyond the border.
    pub fill: Fill,
    /// The level for [`Fill::Constant`], 0 to 255 whatever the image's depth.
    pub value: u8,
    /// How the border is counted.
    pub rule: BorderRule,
}
