//! On the page of a run on generated data: how well its maps find what is painted.

use maud::{Markup, html};

use crate::domain::{MapBenchmark, MapScore};
use crate::report::format::{interval, measure};

pub(super) fn section(found: &MapBenchmark) -> Markup {
    html! {
        section.card aria-labelledby="truth" {
            h2 #truth { "Heat maps against what is painted" }
            p.muted {
                "The data of this model were generated, so it is known where the patches are: " (found.n_images)
                " other generated radiographs, of which the model recognises " (measure(found.recognised.value))
                ". On average " (percent(found.painted)) " of a radiograph is painted: what a map without any knowledge would reach."
            }
            div.scroll tabindex="0" {
                table.measures {
                    thead {
                        tr {
                            th scope="col" { "Map" }
                            th scope="col" { "Hottest cell in a patch" }
                            th scope="col" { "95 % CI" }
                            th scope="col" { "Heat in patches" }
                        }
                    }
                    tbody { @for score in &found.methods { (row(score)) } }
                }
            }
            @match best(found) {
                Some(best) => p {
                    "On this ground truth " strong { (best.method) } " points to the finding more often than the others, beyond chance: rely on it for this model."
                }
                None => p { "No map points to the finding more often than all others beyond chance." }
            }
        }
    }
}

fn row(score: &MapScore) -> Markup {
    html! {
        tr {
            th scope="row" { (score.method) }
            td { (measure(score.pointing.value)) }
            td { (interval(score.pointing.interval)) }
            td { (percent(score.inside)) }
        }
    }
}

/// The one whose interval lies above what all others were measured at.
fn best(found: &MapBenchmark) -> Option<&MapScore> {
    let is_above = |score: &MapScore, other: &MapScore| {
        score.method == other.method || score.pointing.interval.low > other.pointing.value
    };
    found.methods.iter().find(|score| found.methods.iter().all(|other| is_above(score, other)))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
