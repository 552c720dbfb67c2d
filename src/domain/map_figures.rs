//! Figures that say how far the heat maps of one scan can be relied on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MapMethod;

/// Of the maps of the predicted class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MapFigures {
    /// Share of their heat that Grad-CAM and `HiResCAM` have in common, 0 to 1: each rectified map, on the grid of pool5,
    /// divided by its sum; the sum of the smaller of the two values of each cell. `None` where a map has no heat.
    pub agreement: Option<f64>,
    /// By method.
    pub maps: BTreeMap<MapMethod, MapFigure>,
}

/// Of one map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MapFigure {
    /// The map's maximum; 0 when no region supports the class.
    pub peak: f32,
    /// Share of the heat (what is positive) in cells whose centre lies in the outer seventh of the image's width or height
    /// on any side, 0 to 1. `None` of a map without heat.
    pub outside_centre: Option<f64>,
    /// The sum of the map less (logit - bias): a rounding error. `HiResCAM` of a head of one linear layer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness_residual: Option<f64>,
    /// On request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<Perturbation>,
}

/// Areas under the curves of the score of the predicted class, 0 to 1, while cells of the image are covered with its mean
/// colour (Petsiuk et al. 2018).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Perturbation {
    /// The hottest cells are covered first: the lower, the better the map.
    pub deletion_auc: f64,
    /// All is covered, and the hottest cells are uncovered first: the higher, the better the map.
    pub insertion_auc: f64,
}
