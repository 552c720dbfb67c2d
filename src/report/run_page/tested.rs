//! How the model did on the images that were put aside for testing.

use maud::{Markup, html};

use super::{confusion, measures};
use crate::domain::{ModelRecord, TestRecord};

pub(super) fn section(model: &ModelRecord, test: &TestRecord) -> Markup {
    let TestRecord { confusion, assessment } = test;
    html! {
        section.card aria-labelledby="tested" {
            h2 #tested { "How it did in the test" }
            p.muted {
                "On " (assessment.n) " test images, measured once, when the model was made: they had no part in learning, in \
                 choosing the epoch, or in choosing the model"
                @if let Some(calibrated) = assessment.calibrated {
                    "; the temperature (" (format!("{:.2}", calibrated.temperature)) ") is that of the validation images"
                }
                "."
            }
            (confusion::table(&model.classes, confusion))
            (measures::table(assessment))
        }
    }
}
