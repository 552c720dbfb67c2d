//! The figures of a scan's maps, beside them.

use maud::{Markup, html};

use super::format::measure;
use super::record::ReportRecord;
use crate::domain::{MapFigure, MapMethod};

/// Nothing for a report of an older version.
pub(super) fn section(record: &ReportRecord) -> Markup {
    let Some(figures) = &record.map_figures else { return html! {} };
    let is_perturbed = figures.maps.values().any(|figure| figure.perturbation.is_some());
    html! {
        details.maps {
            summary { "Figures of the maps of the predicted class" }
            div.scroll tabindex="0" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Map" }
                            th.number scope="col" { "Heat outside the central area" }
                            @if is_perturbed {
                                th.number scope="col" { "Deletion AUC" }
                                th.number scope="col" { "Insertion AUC" }
                            }
                        }
                    }
                    tbody { @for (method, figure) in &figures.maps { (row(*method, figure, is_perturbed)) } }
                }
            }
            p.muted.small {
                "The central area is the image without a seventh of its width and height on each side; a map without any \
                 preference has 49 % of its heat outside at 14 × 14 cells. "
                @if let Some(agreement) = figures.agreement {
                    "Grad-CAM and HiResCAM have " (percent(agreement)) " of their heat in common. "
                }
                @if let Some(residual) = residual(record) {
                    "HiResCAM is complete: its sum differs from the logit minus the bias by " (format!("{residual:.1e}")) ". "
                }
                @if is_perturbed {
                    "Deletion: area under the curve of the score while the hottest cells are covered first (lower is better). \
                     Insertion: while they are uncovered first (higher is better)."
                }
            }
        }
    }
}

fn row(method: MapMethod, figure: &MapFigure, is_perturbed: bool) -> Markup {
    let perturbation = figure.perturbation;
    html! {
        tr {
            th scope="row" { (method) }
            td.number { (figure.outside_centre.map_or_else(|| "no heat".to_owned(), percent)) }
            @if is_perturbed {
                td.number { (perturbation.map_or_else(String::new, |areas| measure(areas.deletion_auc))) }
                td.number { (perturbation.map_or_else(String::new, |areas| measure(areas.insertion_auc))) }
            }
        }
    }
}

fn residual(record: &ReportRecord) -> Option<f64> {
    record.map_figures.as_ref()?.maps.get(&MapMethod::HiresCam)?.completeness_residual.map(f64::abs)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
