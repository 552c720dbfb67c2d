//! The model card: what the model was made of, and what it is for.

use maud::{Markup, html};
use serde_json::Value;

use crate::domain::{ContentHash, ModelRecord};
use crate::report::document::NOTICE;
use crate::report::format::{count, visible};
use crate::report::provenance::image_counts;

pub(super) fn section(model: &ModelRecord) -> Markup {
    let backbone = &model.backbone_detail;
    let fact = |name: &str, value: String| html! { div { dt { (name) } dd { (visible(&value)) } } };
    let hash = |name: &str, sum: &ContentHash| html! { div { dt { (name) } dd { code { (sum) } } } };
    let recipe = settings(&model.augmentation["recipe"]);
    html! {
        section.card aria-labelledby="card" {
            h2 #card { "Model card" }
            (image_counts(model))
            dl.facts {
                (fact("Intended use", format!("{NOTICE}. The model distinguishes only these classes, on images like those it was trained on.")))
                (fact("Saved epoch", format!("{} of {}", model.epoch, model.epochs_run)))
                (fact("Augmented copies", count(model.copies)))
                (fact("Augmentation", settings(&model.augmentation)))
                @if !recipe.is_empty() { (fact("Recipe", recipe)) }
                (fact("Seed", model.seed.to_string()))
                (fact("Backbone", format!("{}, frozen, {}", model.backbone, backbone.input())))
                (hash("Backbone SHA-256", &backbone.sha256))
                (hash("Head SHA-256", &model.head.sha256))
                (hash("Training data SHA-256", &model.data_hash))
                (fact("Trained by", model.program.clone()))
            }
        }
    }
}

/// The names and values of an object, without the objects in it and without what has no effect.
fn settings(of: &Value) -> String {
    let entries = of.as_object().into_iter().flatten();
    let flat = entries.filter(|(_, value)| !value.is_object() && has_effect(value));
    flat.map(|(name, value)| format!("{} {}", name.replace('_', " "), written(value))).collect::<Vec<_>>().join("; ")
}

/// Not so of nothing, `false`, 0, and the ranges `[0, 0]` and `[1, 1]`.
fn has_effect(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(items) => match items.iter().map(Value::as_f64).collect::<Option<Vec<_>>>() {
            Some(numbers) => {
                ![0.0, 1.0].iter().any(|neutral| numbers.iter().all(|number| (number - neutral).abs() < f64::EPSILON))
            }
            None => !items.is_empty(),
        },
        _ => true,
    }
}

/// `[0.9, 1.1]` is `0.9 to 1.1`.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(ends) if ends.len() == 2 && ends.iter().all(Value::is_number) => {
            format!("{} to {}", ends[0], ends[1])
        }
        Value::Array(items) if !items.is_empty() => items.iter().map(written).collect::<Vec<_>>().join(", "),
        Value::Array(_) | Value::Object(_) | Value::Null => "none".to_owned(),
        Value::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::settings;

    #[test]
    fn settings_are_written_as_people_say_them() {
        let augmentation = json!({
            "beyond_preset": [], "brightness": [0.9, 1.1], "contrast": [1.0, 1.0], "mode": "expand", "recipe": {"noise": 0.5},
            "rotation": [0, 0], "shear": 0.0, "target": null, "zoom_keep_aspect": true,
        });
        let text = "brightness 0.9 to 1.1; mode expand; zoom keep aspect yes";
        assert_eq!(settings(&augmentation), text);
        assert_eq!(settings(&augmentation["recipe"]), "noise 0.5");
    }
}
