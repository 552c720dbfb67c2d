//! How good the model is, as measured: counts, proportions and their 95 % intervals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{ClassName, ModelRecord, Split};
use crate::stats::{Interval, wilson_interval};

/// Hits out of n, with the Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Proportion {
    /// How many were right.
    pub hits: u64,
    /// Out of how many; 0 when nothing was measured.
    pub n: u64,
    /// 95 %.
    pub interval: Interval,
}

impl Proportion {
    fn of((hits, n): (u64, u64)) -> Self {
        Self { hits, n, interval: wilson_interval(hits, n) }
    }

    /// `None` when nothing was measured.
    pub(super) fn value(&self) -> Option<f64> {
        (self.n > 0).then(|| self.hits as f64 / self.n as f64)
    }
}

/// How well one class is distinguished from the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassQuality {
    /// Share of the class's images that were recognised.
    pub sensitivity: Proportion,
    /// Share of the other images that were not taken for the class.
    pub specificity: Proportion,
}

/// What the test images say of a model or, without any, the validation images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Which of them: `test` or `validation`; the latter in records of older versions.
    #[serde(default = "validation")]
    pub measured_on: Split,
    /// Over all classes, by the greatest score.
    pub accuracy: Proportion,
    /// By class.
    pub classes: BTreeMap<ClassName, ClassQuality>,
}

fn validation() -> Split {
    Split::Validation
}

impl Quality {
    /// `None` when the confusion matrix is not of the model's classes.
    pub(super) fn of(model: &ModelRecord) -> Option<Self> {
        let (measured_on, confusion) = model.measured_on();
        if confusion.rows().len() != model.classes.len() {
            return None;
        }
        let class = |(index, name): (usize, &ClassName)| {
            let sensitivity = Proportion::of(confusion.sensitivity(index));
            let specificity = Proportion::of(confusion.specificity(index));
            (name.clone(), ClassQuality { sensitivity, specificity })
        };
        Some(Self {
            measured_on,
            accuracy: Proportion::of((confusion.correct(), confusion.total())),
            classes: model.classes.iter().enumerate().map(class).collect(),
        })
    }
}
