//! The model card: what the model was made of, and what it is for.

use maud::{Markup, html};

use crate::domain::ModelRecord;
use crate::report::document::NOTICE;
use crate::report::format::{count, visible};
use crate::report::provenance::image_counts;

pub(super) fn section(model: &ModelRecord) -> Markup {
    let backbone = &model.backbone_detail;
    let fact = |name: &str, value: String| html! { div { dt { (name) } dd { (visible(&value)) } } };
    html! {
        section.card aria-labelledby="card" {
            h2 #card { "Model card" }
            (image_counts(model))
            dl.facts {
                (fact("Intended use", format!("{NOTICE}. The model distinguishes only these classes, on images like those it was trained on.")))
                (fact("Saved epoch", format!("{} of {}", model.epoch, model.epochs_run)))
                (fact("Augmented copies", count(model.copies)))
                (fact("Augmentation", augmentation(model)))
                (fact("Seed", model.seed.to_string()))
                (fact("Backbone", format!("{}, frozen, {} preprocessing", model.backbone, backbone.preprocessing)))
                (fact("Backbone SHA-256", backbone.sha256.to_string()))
                (fact("Head SHA-256", model.head.sha256.to_string()))
                (fact("Training data SHA-256", model.data_hash.to_string()))
                (fact("Trained by", model.program.clone()))
            }
        }
    }
}

/// `key = value` of the augmentation, as configured.
fn augmentation(model: &ModelRecord) -> String {
    let parts = model.augmentation.as_object().into_iter().flatten();
    parts.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}
