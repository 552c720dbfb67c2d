//! The images that the model misclassifies with the highest scores, with heat maps for the predicted and the true class.

use maud::{Markup, html};

use crate::domain::{ContentHash, Misclassified, ModelRecord};
use crate::imaging::Picture;
use crate::report::error::ReportError;
use crate::report::format::{score, visible};
use crate::report::pictures::{MISTAKE_SIDE, legend, mistaken};
use crate::report::run_report::RunReport;

pub(super) fn section(report: &RunReport<'_>) -> Result<Markup, ReportError> {
    let hash_of = |mistake: &Misclassified<Picture>| report.images.get(mistake.at).map(ContentHash::to_string);
    let cards: Vec<(Option<String>, Markup)> = report
        .misclassified
        .iter()
        .map(|mistake| Ok((hash_of(mistake), card(report, mistake)?)))
        .collect::<Result<_, ReportError>>()?;
    Ok(html! {
        section.card aria-labelledby="misclassified" {
            h2 #misclassified { "Misclassified images" }
            @if cards.is_empty() {
                p.muted { "None in the validation set." }
            } @else {
                (meaning()?)
                // An erasure finds the image by its hash, whatever its file was called.
                ul.mistakes { @for (hash, card) in &cards { li data-sha256=[hash] { (card) } } }
            }
        }
    })
}

fn meaning() -> Result<Markup, ReportError> {
    Ok(html! {
        p.muted.small {
            "Validation images with a wrong prediction, the highest score first. Each is shown as the network receives it, \
             resized to a square, then with HiResCAM heat maps (7 × 7 cells) for the predicted and for the true class. The two \
             maps of an image share one scale. They show which regions raise the score of a class, not which lower it, and \
             do not outline findings."
        }
        p.legend {
            span { "0" }
            img src=(legend()?) width="256" height="12" alt="Colour map from black over violet and orange to pale yellow";
            span { "maximum of both maps" }
        }
    })
}

fn card(report: &RunReport<'_>, mistake: &Misclassified<Picture>) -> Result<Markup, ReportError> {
    let RunReport { model, predictions, names, .. } = report;
    let scores = predictions.activation.scores(&predictions.logits[mistake.at]);
    let [taken_for, truth] = [predictions.predicted()[mistake.at], predictions.labels[mistake.at]];
    let name = names.get(mistake.at).map_or_else(String::new, |name| visible(name));
    let said = |class: usize| html! { strong { bdi { (class_name(model, class)) } } " (" (score(scores[class])) ")" };
    Ok(html! {
        p.name { bdi { (name) } }
        p { "Predicted " (said(taken_for)) ", true class " (said(truth)) }
        @match &mistake.image {
            Ok(picture) => {
                @let [seen, for_taken, for_truth] = mistaken(picture, &mistake.evidence)?;
                @let [taken_for, truth] = [taken_for, truth].map(|class| class_name(model, class));
                div.looks {
                    (figure(&seen, &format!("{name} as the network receives it"), &html! { "network input" }))
                    (figure(&for_taken, &format!("{name}: heat map for {taken_for}"), &html! { "predicted: " bdi { (taken_for) } }))
                    (figure(&for_truth, &format!("{name}: heat map for {truth}"), &html! { "true: " bdi { (truth) } }))
                }
            }
            Err(reason) => { p.muted.small { "Image not available: " (visible(reason)) "." } }
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
