//! The one look at the test images: when the layer is chosen and its temperature fitted, and nothing depends on them any more.

use super::TrainError;
use super::epochs::Fitted;
use super::evaluation;
use super::features::Features;
use super::gather::Gathered;
use super::predictions::ImagePredictions;
use crate::domain::{Assessment, TestRecord};
use crate::stats::{Generator, fit_temperature};

/// How the kept layer does on them, at the temperature of the validation images; `None` when there are none.
pub(super) fn tested(
    gathered: &Gathered<'_>,
    fitted: &Fitted,
    features: &Features<'_>,
    seed: u64,
) -> Result<Option<TestRecord>, TrainError> {
    let Gathered { training_set, test, .. } = gathered;
    if test.is_empty() {
        return Ok(None);
    }
    let activation = fitted.head.activation();
    let validation: Vec<usize> = training_set.validation.iter().map(|row| row.class).collect();
    let temperature = fit_temperature(activation, &fitted.evaluation.logits, &validation);
    let measured = evaluation::evaluate(&fitted.head, test, &features.cache)?;
    let predictions = ImagePredictions::new(activation, test, measured.logits).outputs;
    let mut generator = Generator::new(seed, "bootstrap");
    let assessment = Assessment::at(&predictions, &training_set.classes, temperature, &mut |n| generator.below(n));
    Ok(Some(TestRecord { confusion: measured.confusion, assessment }))
}
