//! Where the model errs most.

use maud::{Markup, html};

use crate::domain::{Judged, ModelRecord};
use crate::report::document::{score, visible};

/// Mistakes that are listed.
const MOST_MISTAKES: usize = 12;

/// Images taken for another class, the surest first.
pub(super) fn section(model: &ModelRecord, judged: &Judged, names: &[String]) -> Markup {
    let (scores, predicted) = (judged.scores(1.0), judged.predicted());
    let mut wrong: Vec<usize> = (0..judged.labels.len()).filter(|at| predicted[*at] != judged.labels[*at]).collect();
    wrong.sort_by(|a, b| scores[*b][predicted[*b]].total_cmp(&scores[*a][predicted[*a]]));
    let class = |index: usize| model.classes.get(index).map(|class| visible(class.as_str()));
    html! {
        section.card aria-labelledby="mistakes" {
            h2 #mistakes { "Its worst mistakes" }
            @if wrong.is_empty() {
                p.muted { "None on the validation images." }
            } @else {
                table.measures {
                    thead { tr { th scope="col" { "File" } th scope="col" { "Truth" } th scope="col" { "Taken for" } th scope="col" { "Score" } } }
                    tbody {
                        @for at in wrong.iter().take(MOST_MISTAKES) {
                            tr {
                                th scope="row" { bdi { @if let Some(name) = names.get(*at) { (visible(name)) } } }
                                td { bdi { @if let Some(class) = class(judged.labels[*at]) { (class) } } }
                                td { bdi { @if let Some(class) = class(predicted[*at]) { (class) } } }
                                td { (score(scores[*at][predicted[*at]])) }
                            }
                        }
                    }
                }
            }
        }
    }
}
