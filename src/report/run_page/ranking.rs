//! How well the model's scores rank, and whether they mean what they say.

use maud::{Markup, html};

use super::figure::figure;
use crate::domain::{ClassName, ModelRecord};
use crate::report::error::ReportError;
use crate::report::plots::{Curve, Plot};
use crate::stats::{Predictions, calibration_bins, roc_curve};

pub(super) fn section(model: &ModelRecord, judged: &Predictions) -> Result<Markup, ReportError> {
    Ok(html! {
        section.card aria-labelledby="ranking" {
            h2 #ranking { "How well its scores rank and mean" }
            div.plots { (figure(&roc(model, judged))?) (figure(&calibration(model, judged))?) }
        }
    })
}

fn roc(model: &ModelRecord, judged: &Predictions) -> Plot {
    let curve = |(class, name): (usize, &ClassName)| {
        let corners = roc_curve(&judged.ranks(class), &judged.is_of(class));
        let points = corners.iter().map(|corner| (corner.false_positive_rate, corner.true_positive_rate)).collect();
        Curve { name: name.to_string(), points, dotted: false }
    };
    Plot {
        x: "1 - specificity",
        y: "sensitivity",
        x_range: (0.0, 1.0),
        y_range: (0.0, 1.0),
        diagonal: true,
        curves: model.classes.iter().enumerate().map(curve).collect(),
    }
}

fn calibration(model: &ModelRecord, judged: &Predictions) -> Plot {
    let at = |name: &str, temperature: f64| {
        let scores = judged.scores(temperature);
        let greatest: Vec<f64> = judged.predicted().iter().zip(&scores).map(|(class, scores)| scores[*class]).collect();
        let bins = calibration_bins(&greatest, &judged.right(), &vec![1.0; greatest.len()]);
        let points = bins.iter().map(|bin| (bin.mean_score, bin.share_right)).collect();
        Curve { name: name.to_owned(), points, dotted: true }
    };
    let calibrated = model.assessment.as_ref().and_then(|assessment| assessment.calibrated);
    let calibrated = calibrated.map(|calibrated| at("calibrated scores", calibrated.temperature));
    Plot {
        x: "greatest score",
        y: "share right",
        x_range: (0.0, 1.0),
        y_range: (0.0, 1.0),
        diagonal: true,
        curves: std::iter::once(at("raw scores", 1.0)).chain(calibrated).collect(),
    }
}
