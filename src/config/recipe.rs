//! The preset with the user's changes laid over it, and the rules a recipe must keep.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::error::in_plain_words;
use crate::domain::{Breach, Preset, Recipe};

const SECTION: &str = "augment.recipe";

/// Lays `changes` over the preset. `Err((key, message))` for an unknown key, a wrong kind, or a broken rule.
pub(super) fn resolve(preset: Preset, changes: &Table) -> Result<Recipe, (String, String)> {
    let fail = |key: &str, message: String| (format!("{SECTION}.{key}"), message);
    let base = Table::try_from(Recipe::of(preset)).map_err(|error| fail("preset", error.to_string()))?;
    let mut merged = base.clone();
    for (key, value) in changes {
        let Some(like) = base.get(key) else { return Err(fail(key, unknown(key, &base))) };
        merged.insert(key.clone(), in_full(key, value.clone(), like));
    }
    let recipe: Recipe = serde_path_to_error::deserialize(Value::Table(merged))
        .map_err(|error| fail(&error.path().to_string(), in_plain_words(error.inner().message())))?;
    ranges(&recipe).and_then(|()| choices(&recipe)).map_err(|(key, message)| fail(key, message))?;
    safety(preset, &recipe).map_err(|(key, message)| fail(key, message))?;
    Ok(recipe)
}

/// Names of Keras' `ImageDataGenerator` are answered with ours.
fn unknown(key: &str, base: &Table) -> String {
    let ours = key.strip_suffix("_range").or(match key {
        "fill_mode" => Some("fill"),
        "cval" => Some("fill_value"),
        "interpolation_order" => Some("interpolation"),
        _ => None,
    });
    if let Some(ours) = ours.filter(|ours| base.contains_key(*ours)) {
        return format!("is called {SECTION}.{ours} here");
    }
    match key {
        "zca_whitening" | "zca_epsilon" => {
            "is not supported: images of 224x224x3 need a matrix of 150528x150528 numbers (90 GB), and VGG16 was not trained on whitened images; remove the key".into()
        }
        "validation_split" => "is called split.validation here".into(),
        "rescale" | "preprocessing_function" => "is called backbone.preprocessing here, and applies to scans as well".into(),
        key if key.starts_with("samplewise_") || key.starts_with("featurewise_") => {
            "is called backbone.preprocessing here, and applies to scans as well".into()
        }
        _ => {
            let known: Vec<_> = base.keys().map(String::as_str).collect();
            format!("is not part of a recipe; the keys are {}", known.join(", "))
        }
    }
}

/// The short ways of writing: `rotation = 5` means 5.0, also inside a range, and `zoom = 0.2` the range 0.8 to 1.2.
fn in_full(key: &str, value: Value, like: &Value) -> Value {
    let number = value.as_float().or(value.as_integer().map(|n| n as f64));
    match (value, like) {
        (_, Value::Array(_)) if key == "zoom" && number.is_some() => {
            let z = number.unwrap_or_default();
            Value::Array(vec![Value::Float(1.0 - z), Value::Float(1.0 + z)])
        }
        (Value::Integer(n), Value::Float(_)) => Value::Float(n as f64),
        (Value::Array(items), Value::Array(base)) => match base.first() {
            Some(like) => Value::Array(items.into_iter().map(|item| in_full("", item, like)).collect()),
            None => Value::Array(items),
        },
        (value, _) => value,
    }
}

type Check = Result<(), (&'static str, String)>;

fn ranges(r: &Recipe) -> Check {
    within("rotation", r.rotation, 0.0, 180.0)?;
    within("width_shift", r.width_shift, 0.0, 4096.0)?;
    within("height_shift", r.height_shift, 0.0, 4096.0)?;
    within("shear", r.shear, 0.0, 60.0)?;
    range("zoom", r.zoom, 0.1, 10.0)?;
    within("horizontal_flip", r.horizontal_flip, 0.0, 1.0)?;
    within("vertical_flip", r.vertical_flip, 0.0, 1.0)?;
    within("elastic", r.elastic, 0.0, 0.5)?;
    within("elastic_cells", f64::from(r.elastic_cells), 1.0, 64.0)?;
    range("blur", r.blur, 0.0, 20.0)?;
    within("channel_shift", r.channel_shift, 0.0, 255.0)?;
    range("brightness", r.brightness, 0.0, 10.0)?;
    range("contrast", r.contrast, 0.0, 10.0)?;
    within("window", r.window, 0.0, 1.0)?;
    range("gamma", r.gamma, 0.1, 10.0)?;
    within("invert", r.invert, 0.0, 1.0)?;
    range("clahe", r.clahe, 0.0, 40.0)?;
    within("noise", r.noise, 0.0, 1.0)?;
    within("erasing", r.erasing, 0.0, 1.0)?;
    match r.jpeg_quality {
        [0, 0] => Ok(()),
        [low, high] if 1 <= low && low <= high && high <= 100 => Ok(()),
        _ => Err(("jpeg_quality", "must be [low, high] between 1 and 100, or [0, 0] for no JPEG".into())),
    }
}

fn within(key: &'static str, value: f64, low: f64, high: f64) -> Check {
    if (low..=high).contains(&value) { Ok(()) } else { Err((key, format!("must be between {low} and {high}"))) }
}

fn range(key: &'static str, [low, high]: [f64; 2], least: f64, most: f64) -> Check {
    let good = low <= high && (least..=most).contains(&low) && (least..=most).contains(&high);
    if good { Ok(()) } else { Err((key, format!("must be [low, high] between {least} and {most}, low first"))) }
}

fn choices(r: &Recipe) -> Check {
    for (transform, probability) in &r.probability {
        if transform.is_chance() {
            return Err(("probability", format!("{transform} is itself a probability; set {SECTION}.{transform}")));
        }
        if !(0.0..=1.0).contains(probability) {
            return Err(("probability", format!("{transform} must be between 0 and 1")));
        }
    }
    let named =
        r.probability.keys().map(|t| ("probability", t)).chain(r.one_of.iter().flatten().map(|t| ("one_of", t)));
    for (key, transform) in named {
        if !r.does(*transform) {
            return Err((
                key,
                format!("{transform} is listed, but is off; set {SECTION}.{transform}, or remove it from the list"),
            ));
        }
    }
    let mut grouped = BTreeSet::new();
    for group in &r.one_of {
        if group.len() < 2 {
            return Err(("one_of", "each group needs at least two transforms, such as [[\"blur\", \"noise\"]]".into()));
        }
        if let Some(twice) = group.iter().find(|transform| !grouped.insert(**transform)) {
            return Err(("one_of", format!("{twice} is listed twice; list it in one group only")));
        }
    }
    Ok(())
}

/// What a preset holds to be unsafe is refused, unless the recipe allows it by name.
fn safety(preset: Preset, recipe: &Recipe) -> Result<(), (&'static str, String)> {
    let refused = preset.breaches(recipe).into_iter().find(|breach| !recipe.allow.contains(&breach.transform));
    refused.map_or(Ok(()), |breach| {
        let Breach { transform, reason } = breach;
        let preset = serde_json::to_value(preset).unwrap_or_default();
        let preset = preset.as_str().unwrap_or_default();
        Err((
            transform.name(),
            format!("not allowed by preset `{preset}`: {reason}; narrow it or turn it off, choose another preset, or set {SECTION}.allow = [\"{transform}\"], which is recorded in manifests and reports"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Semantics, Transform};

    fn resolved(preset: Preset, text: &str) -> Result<Recipe, String> {
        resolve(preset, &text.parse().unwrap()).map_err(|(key, message)| format!("{key}: {message}"))
    }

    #[test]
    fn short_ways_of_writing_mean_what_keras_means() {
        let text = "zoom = 0.2\nrotation = 5\nbrightness = [1, 1]\nsemantics = 'keras-2.9'\nblur = [0, 1]\nprobability = { blur = 1 }";
        let recipe = resolved(Preset::Conservative, text).unwrap();
        assert_eq!((recipe.zoom, recipe.semantics), ([0.8, 1.2], Semantics::Keras29));
        assert_eq!(recipe.probability[&Transform::Blur].to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_do() {
        for (text, expected) in [
            ("rotation_range = 20", "is called augment.recipe.rotation here"),
            ("cval = 3", "is called augment.recipe.fill_value here"),
            ("zca_whitening = true", "150528x150528"),
            ("samplewise_center = true", "backbone.preprocessing"),
            ("zoom = 1.5", "augment.recipe.zoom: must be [low, high] between 0.1 and 10"),
            ("jpeg_quality = [0, 50]", "between 1 and 100"),
            ("probability = { invert = 0.5 }", "is itself a probability; set augment.recipe.invert"),
            ("blur = [0, 1]\nprobability = { blur = 2 }", "blur must be between 0 and 1"),
            ("probability = { blur = 0.5 }", "blur is listed, but is off; set augment.recipe.blur"),
            ("probability = { tilt = 1 }", "tilt"),
            ("noise = 0.1\none_of = [['noise']]", "at least two"),
            ("one_of = [['blur', 'noise']]", "blur is listed, but is off"),
            ("one_of = [['rotation', 'zoom'], ['zoom', 'erasing']]", "zoom is listed twice"),
            ("semantics = 'keras-3'", "keras-2.9"),
        ] {
            let message = resolved(Preset::Natural, text).unwrap_err();
            assert!(message.contains(expected) && !message.contains('\n'), "{text}: {message}");
        }
    }

    #[test]
    fn an_unsafe_transform_needs_its_name_in_allow() {
        let refused = resolved(Preset::ChestXray, "horizontal_flip = 0.5").unwrap_err();
        assert!(refused.contains("wrong anatomy") && refused.contains("allow = [\"horizontal_flip\"]"), "{refused}");
        resolved(Preset::ChestXray, "horizontal_flip = 0.5\nallow = ['horizontal_flip']").unwrap();
        resolved(Preset::ChestXray, "horizontal_flip = 0.5\nallow = ['rotation']").unwrap_err();
        resolved(Preset::Natural, "vertical_flip = 0.5").unwrap();
    }
}
