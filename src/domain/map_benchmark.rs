//! How well heat maps find what is painted in generated radiographs.

use serde::Serialize;

use super::MapMethod;
use crate::stats::Estimate;

/// How well heat maps find what is painted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapBenchmark {
    /// Radiographs, each with one to three painted patches.
    pub n_images: u64,
    /// Those that the model recognised as patchy.
    pub recognised: Estimate,
    /// Share of the image's area that is painted, on average: what a map without any knowledge would reach.
    pub painted: f64,
    /// One a method.
    pub methods: Vec<MapScore>,
}

/// How well the maps of one method find what is painted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapScore {
    /// Which.
    pub method: MapMethod,
    /// The pointing game: maps whose hottest cell has its centre in a patch.
    pub pointing: Estimate,
    /// Share of the heat that lies in patches, on average; each cell's heat is spread evenly over its area. 0 for a map
    /// without heat.
    pub inside: f64,
}
