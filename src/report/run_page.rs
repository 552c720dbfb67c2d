//! `report.html` of a run: which sections, and in which order.

mod curves;
mod ground_truth;
mod misclassified;
mod model_card;
mod performance;
mod shortcut_audit;
mod without_images;

pub use without_images::without_images;

use maud::{Markup, html};

use super::dataset_page::dataset_page_beside;
use super::document::{Images, document, footer};
use super::error::ReportError;
use super::format::{day, visible};
use super::run_report::RunReport;
use crate::domain::{ClassName, MapCheck, ModelRecord};

pub(super) fn render(report: &RunReport<'_>) -> Result<String, ReportError> {
    let RunReport { model, history, predictions, .. } = report;
    let body = html! {
        main {
            (heading(report))
            (warnings(model))
            @if let Some(test) = &model.test { (performance::on_test(model, test)) }
            (performance::on_validation(model))
            (curves::section(model, history, predictions)?)
            @if let Some(audit) = &model.shortcuts { (shortcut_audit::section(audit, &unmeasured(model))) }
            @if let Some(check) = &model.map_check { (map_check(check)) }
            @if let Some(found) = report.ground_truth { (ground_truth::section(found)) }
            (misclassified::section(report)?)
            (model_card::section(model))
        }
        (footer(&model.program))
    };
    Ok(document(&format!("Model {}", model.run_id), Images::Embedded, "", &body))
}

fn heading(RunReport { model, decision, has_dataset_page, .. }: &RunReport<'_>) -> Markup {
    let dataset = format!("../../../reports/{}", dataset_page_beside(&model.dataset));
    html! {
        div.heading {
            h1 { "Model " (visible(model.run_id.as_str())) }
            p.muted {
                "Dataset "
                @if *has_dataset_page { a href=(dataset) { bdi { (visible(model.dataset.as_str())) } } }
                @else { bdi { (visible(model.dataset.as_str())) } }
                " · trained " (day(&model.created))
                " · " (if decision.promoted { "promoted" } else { "not promoted" }) ": " (visible(&decision.reason))
                @if *has_dataset_page { " · " a href="../../../reports/index.html" { "all scan reports" } }
            }
        }
    }
}

/// Classes without a validation image.
fn unmeasured(model: &ModelRecord) -> Vec<&ClassName> {
    let rows = model.classes.iter().zip(model.confusion.rows());
    rows.filter(|(_, row)| row.iter().sum::<u64>() == 0).map(|(class, _)| class).collect()
}

/// Whether heat maps depend on what was learned.
fn map_check(check: &MapCheck) -> Markup {
    let warnings = check.warnings();
    html! {
        section.card.warnings[!warnings.is_empty()] aria-labelledby="map-check" {
            h2 #map-check { "Do heat maps depend on training and image?" }
            ul {
                @for warning in &warnings { li { "Warning: " (warning) "." } }
                @for sentence in check.sentences() { li { (sentence) "." } }
            }
            p.muted.small {
                "Maps of one class, on the grid of the last pooling layer. A correlation with random weights near 1 means that the maps \
                 would look the same if nothing had been learned. A correlation between images near 1 means that the maps hardly depend \
                 on the image. Lower is better for both."
            }
        }
    }
}

fn warnings(model: &ModelRecord) -> Markup {
    let transforms = beyond_preset(model);
    let audit = model.shortcuts.as_ref().filter(|audit| audit.warning().is_some());
    html! {
        @if !transforms.is_empty() || audit.is_some() || !model.data_warnings.is_empty() {
            section.card.warnings aria-labelledby="warnings" {
                h2 #warnings { "Warnings" }
                ul {
                    @if audit.is_some() {
                        li {
                            "Possible shortcut: a baseline that does not see the image content comes close to this model. See the "
                            a href="#shortcuts" { "shortcut audit" } "."
                        }
                    }
                    @for warning in &model.data_warnings { li { "Dataset: " (visible(warning)) "." } }
                    @if !transforms.is_empty() {
                        li {
                            "The augmentation recipe allows transforms that the preset considers unsafe for the labels: "
                            (transforms.join(", ")) "."
                        }
                    }
                }
            }
        }
    }
}

/// What the copies were allowed beyond what their preset holds to be safe for the label.
fn beyond_preset(model: &ModelRecord) -> Vec<&str> {
    let names = model.augmentation["beyond_preset"].as_array().into_iter().flatten();
    names.filter_map(serde_json::Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_about_the_data_is_warned_of_and_nothing_else() {
        let shown = |warnings: &[&str]| {
            let data_warnings = warnings.iter().map(|warning| (*warning).to_owned()).collect();
            warnings_of(&ModelRecord { data_warnings, ..ModelRecord::example("d", "0001-abcdef01") })
        };
        assert!(shown(&["the images have <different> depths"]).contains("the images have &lt;different&gt; depths."));
        assert_eq!(shown(&[]), "");
    }

    fn warnings_of(model: &ModelRecord) -> String {
        warnings(model).into_string()
    }
}
