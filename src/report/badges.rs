//! Small marks that several pages show: the badge of a prediction and the bar of a score.

use maud::{Markup, html};

use crate::domain::ExplanationStatus;

/// Says how the scores stand to each other.
pub(super) fn badge(status: ExplanationStatus) -> Markup {
    html! { span class={ "chip " (status) } { (status_in_words(status)) } }
}

/// How the scores stand to each other, in words that no class is likely to be called.
pub(super) fn status_in_words(status: ExplanationStatus) -> &'static str {
    match status {
        ExplanationStatus::Clear => "one class above 0.5",
        ExplanationStatus::Ambiguous => "several classes above 0.5",
        ExplanationStatus::Neither => "no class above 0.5",
        ExplanationStatus::Blank => "no image content",
    }
}

/// A bar from 0 to 1 with a mark in the middle; the number stands beside it.
pub(super) fn bar(value: f64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="10" {}
            rect.fill width=(format!("{:.2}", 100.0 * value.clamp(0.0, 1.0))) height="10" {}
            rect.middle x="49.8" width="0.4" height="10" {}
        }
    }
}
