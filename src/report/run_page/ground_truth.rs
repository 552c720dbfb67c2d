//! On the page of a run on generated data: how well its maps find the patches.

use maud::{Markup, html};

use crate::domain::{MapBenchmark, MapScore};
use crate::report::format::{interval, measure};

pub(super) fn section(found: &MapBenchmark) -> Markup {
    html! {
        section.card aria-labelledby="truth" {
            h2 #truth { "Heat maps compared with the known patches" }
            p.muted {
                "The data of this model were generated, so it is known where the patches are. Measured on " (found.n_images)
                " other generated radiographs, of which the model classifies " (measure(found.recognised.value))
                " correctly. On average " (percent(found.painted)) " of a radiograph is painted: the value expected by chance. Maps are \
                 scored as they are drawn."
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
            p { (found.advice()) }
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

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
