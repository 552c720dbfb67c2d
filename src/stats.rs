//! The statistics: measures of a classifier with their intervals, tests, the two small classifiers of the shortcut audit, and a
//! generator of random numbers. Pure arithmetic over indices and `f64`; what is drawn for a bootstrap is handed in.
//!
//! This room must not know of images, files or models.

mod activation;
mod argmax;
mod assessment;
mod bootstrap;
mod calibration;
mod class_assessment;
mod confusion;
mod extremes;
mod generator;
mod interval;
mod lda;
mod nearest;
mod paired;
mod paired_comparison;
mod predictions;
mod principal;
mod rank_correlation;
mod ranking;
mod rounding;
mod rule_tree;
mod split_rule;

pub use activation::Activation;
pub use argmax::argmax;
pub use assessment::{AssessmentOf, Calibrated};
pub use calibration::{CalibrationBin, calibration_bins, fit_temperature, tempered};
pub use class_assessment::ClassAssessment;
pub use confusion::{Confusion, NotSquare};
pub use generator::Generator;
pub use interval::{Estimate, Interval, wilson_interval};
pub use lda::LinearDiscriminant;
pub use nearest::{KnownRows, farthest_alike, mean_of_nearest};
pub use paired::Paired;
pub use paired_comparison::{Differences, Measures, PairedComparison};
pub use predictions::Predictions;
pub use principal::principal_axes;
pub use rank_correlation::spearman;
pub use ranking::{RocPoint, roc_curve};
pub use rounding::{mean, shortest_single, significant, standard_deviation};
pub use rule_tree::RuleTree;
pub use split_rule::FileTraits;

#[cfg(test)]
mod tests;
