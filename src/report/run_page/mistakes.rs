//! Where the model errs most, and what in the pictures speaks for it.

use maud::{Markup, html};

use crate::domain::ModelRecord;
use crate::report::document::{score, visible};
use crate::report::error::ReportError;
use crate::report::pictures::{MISTAKE_SIDE, legend, mistaken};
use crate::report::run::{Mistake, RunReport};

pub(super) fn section(report: &RunReport<'_>) -> Result<Markup, ReportError> {
    let cards: Vec<Markup> = report.mistakes.iter().map(|mistake| card(report, mistake)).collect::<Result<_, _>>()?;
    Ok(html! {
        section.card aria-labelledby="mistakes" {
            h2 #mistakes { "Its worst mistakes" }
            @if cards.is_empty() {
                p.muted { "None on the validation images." }
            } @else {
                (meaning()?)
                ul.mistakes { @for card in &cards { li { (card) } } }
            }
        }
    })
}

fn meaning() -> Result<Markup, ReportError> {
    Ok(html! {
        p.muted.small {
            "Each picture as the network saw it, squeezed into a square; then with the 7 × 7 cells of the last pooling layer \
             over it, which show where the evidence for the class it was taken for lies, and where that for its own. The two \
             maps share one scale. They show what raised a score, not what lowered it, and do not outline a lesion."
        }
        p.legend {
            span { "none" }
            img src=(legend()?) width="256" height="12" alt="Colour map from black over violet and orange to pale yellow";
            span { "strongest for either class" }
        }
    })
}

fn card(report: &RunReport<'_>, mistake: &Mistake<'_>) -> Result<Markup, ReportError> {
    let RunReport { model, judged, names, .. } = report;
    let scores = judged.activation.scores(&judged.logits[mistake.at]);
    let [taken_for, truth] = [judged.predicted()[mistake.at], judged.labels[mistake.at]];
    let name = names.get(mistake.at).map_or_else(String::new, |name| visible(name));
    let said = |class: usize| html! { strong { bdi { (class_name(model, class)) } } " (" (score(scores[class])) ")" };
    Ok(html! {
        p.name { bdi { (name) } }
        p { "Taken for " (said(taken_for)) ", is " (said(truth)) }
        @match mistake.picture {
            Ok(picture) => {
                @let [seen, for_taken, for_truth] = mistaken(picture, mistake.evidence)?;
                @let [taken_for, truth] = [taken_for, truth].map(|class| class_name(model, class));
                div.looks {
                    (figure(&seen, &format!("{name} as the network saw it"), &html! { "as it was seen" }))
                    (figure(&for_taken, &format!("{name}: where the evidence for {taken_for} lies"), &html! { "for " bdi { (taken_for) } }))
                    (figure(&for_truth, &format!("{name}: where the evidence for {truth} lies"), &html! { "for " bdi { (truth) } }))
                }
            }
            Err(reason) => { p.muted.small { "No picture: " (visible(reason)) "." } }
        }
    })
}

fn figure(address: &str, says: &str, caption: &Markup) -> Markup {
    html! {
        figure {
            img src=(address) width=(MISTAKE_SIDE) height=(MISTAKE_SIDE) alt=(says);
            figcaption { (caption) }
        }
    }
}

fn class_name(model: &ModelRecord, class: usize) -> String {
    model.classes.get(class).map_or_else(String::new, |class| visible(class.as_str()))
}
