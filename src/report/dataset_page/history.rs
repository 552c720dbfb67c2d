//! The models of a dataset, the newest first: how good each is, and what was decided on it.

use maud::{Markup, html};

use crate::domain::{ModelRecord, Split};
use crate::report::dataset_report::PastModel;
use crate::report::format::{address, count, day, interval, proportion, visible};
use crate::report::record::PAGE;
use crate::stats::Estimate;

/// Models that are listed.
const MOST_MODELS: usize = 50;

pub(super) fn section(models: &[PastModel<'_>]) -> Markup {
    let listed = &models[..models.len().min(MOST_MODELS)];
    let n_more = models.len() - listed.len();
    html! {
        section.card aria-labelledby="models" {
            h2 #models { "Models" }
            @if models.is_empty() { p.muted { "No model has been trained yet." } }
            @else {
                div.scroll tabindex="0" {
                    table.measures {
                        thead {
                            tr {
                                th scope="col" { "Model" } th scope="col" { "Trained" } th scope="col" { "Accuracy" }
                                th scope="col" { "95 % CI" } th scope="col" { "Measured on" } th scope="col" { "Decision" }
                            }
                        }
                        tbody { @for model in listed { (row(model)) } }
                    }
                }
                @if n_more > 0 { p.muted.small { (count(n_more)) " older models." } }
                p.muted.small { "Accuracies were measured on the images that the dataset had then; they can only be compared where those are the same." }
            }
        }
    }
}

fn row(PastModel { model, decision, is_best }: &PastModel<'_>) -> Markup {
    let (side, confusion) = model.measured_on();
    let accuracy = (confusion.correct(), confusion.total());
    html! {
        tr {
            th scope="row" { (link(model)) @if *is_best { " " span.chip { "best" } } }
            td { (day(&model.created)) }
            td { (proportion(accuracy)) }
            td { @if let Some(estimate) = Estimate::proportion(accuracy) { (interval(estimate.interval)) } @else { "–" } }
            td { (if side == Split::Test { "test images" } else { "validation images" }) }
            td.reason { @if let Some(decision) = decision { (if decision.promoted { "Promoted: " } else { "Not promoted: " }) (visible(&decision.reason)) } @else { "–" } }
        }
    }
}

/// A model whose files were removed has no page, and an imported one never had one.
fn link(model: &ModelRecord) -> Markup {
    let run = visible(model.run_id.as_str());
    let page = format!("../../runs/{}/{}/{PAGE}", model.dataset, model.run_id);
    html! { @if model.removed.is_some() || model.is_imported() { (run) } @else { a href=(address(&page)) { (run) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_lead_to_their_pages_while_they_have_one() {
        let there = ModelRecord::example("a b", "0002-abcdef01");
        let gone =
            ModelRecord { removed: Some("2026-01-01T00:00:00Z".into()), ..ModelRecord::example("a b", "0001-ab") };
        let models =
            [(&there, true), (&gone, false)].map(|(model, is_best)| PastModel { model, decision: None, is_best });
        let html = section(&models).into_string();
        assert_eq!(html.matches("<a ").count(), 1, "{html}");
        assert!(html.contains(r#"href="../../runs/a%20b/0002-abcdef01/report.html""#), "{html}");
        assert!(html.contains("0.667 (2 of 3)") && html.matches(">best<").count() == 1, "{html}");
    }

    #[test]
    fn many_models_are_cut_off_and_none_is_said() {
        let model = ModelRecord::example("d", "0001-ab");
        let models: Vec<_> = (0..1050).map(|_| PastModel { model: &model, decision: None, is_best: false }).collect();
        let html = section(&models).into_string();
        assert!(html.contains("1,000 older models") && html.matches("<tr>").count() == 51);
        assert!(section(&[]).into_string().contains("No model has been trained yet"));
    }
}
