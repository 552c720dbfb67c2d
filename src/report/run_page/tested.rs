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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Assessment;
    use crate::stats::{Activation, Confusion, Predictions};

    #[test]
    fn it_tells_counts_and_measures_of_the_test_and_whose_temperature_it_is() {
        let model = ModelRecord::example("x", "0001-a");
        let (logits, labels) = (vec![vec![2.0, -1.0], vec![0.5, 1.0], vec![-1.0, 0.5]], vec![0, 0, 1]);
        let judged = Predictions { activation: Activation::Sigmoid, logits, labels };
        let assessment = Assessment::at(&judged, &model.classes, 1.75, &mut |_| 0);
        let mut confusion = Confusion::new(2);
        for (truth, predicted) in [(0, 0), (0, 1), (1, 1)] {
            confusion.count(truth, predicted);
        }
        let page = section(&model, &TestRecord { confusion, assessment }).into_string();
        for told in [
            "On 3 test images, measured once",
            "the temperature (1.75) is that of the validation images",
            "<td><strong>1</strong></td><td>1</td>",
            "Accuracy (greatest score)</th><td>0.667</td><td>0.208 to 0.939</td>",
            "<bdi>covid</bdi>: sensitivity</th><td>0.500</td>",
        ] {
            assert!(page.contains(told), "{told}\n{page}");
        }
    }
}
