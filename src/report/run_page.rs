//! `report.html` of a run: which sections, and in which order.

mod card;
mod confusion;
mod figure;
mod learning;
mod measures;
mod mistakes;
mod ranking;
mod tested;

use maud::{Markup, html};

use super::document::{Images, NOTICE, document, visible};
use super::error::ReportError;
use super::page::day;
use super::run::RunReport;
use super::shortcuts;
use crate::domain::ModelRecord;

pub(super) fn render(report: &RunReport<'_>) -> Result<String, ReportError> {
    let RunReport { model, history, judged, decision, .. } = report;
    let body = html! {
        main {
            div.heading {
                h1 { "Model " (visible(model.run_id.as_str())) }
                p.muted {
                    "dataset " bdi { (visible(model.dataset.as_str())) } " · trained " (day(&model.created))
                    " · " (if decision.promoted { "promoted" } else { "not promoted" }) ": " (visible(&decision.reason))
                }
            }
            (beyond_preset(model))
            @if let Some(assessment) = &model.assessment { (measures::section(assessment)) }
            @if let Some(audit) = &model.shortcuts { (shortcuts::section(audit)) }
            @if let Some(test) = &model.test { (tested::section(model, test)) }
            (confusion::section(model))
            (learning::section(history)?)
            (ranking::section(model, judged)?)
            (mistakes::section(report)?)
            (card::section(model))
        }
        footer { p { (NOTICE) ". Made on this machine by " (visible(&model.program)) "; nothing left it." } }
    };
    Ok(document(&format!("Model {}", model.run_id), Images::Embedded, "", &body))
}

/// What the copies were allowed beyond what their preset holds to be safe for the label.
fn beyond_preset(model: &ModelRecord) -> Markup {
    let names = model.augmentation["beyond_preset"].as_array().into_iter().flatten();
    let names: Vec<&str> = names.filter_map(serde_json::Value::as_str).collect();
    html! {
        @if !names.is_empty() {
            section.card.warnings {
                "Its copies go beyond what the preset holds to be safe for the label, as the recipe allows: " (names.join(", ")) "."
            }
        }
    }
}
