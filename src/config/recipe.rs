//! The preset with the user's changes laid over it, and the rules a recipe must keep.

use toml::{Table, Value};

use crate::domain::{Preset, Recipe};

const SECTION: &str = "augment.recipe";

/// Lays `changes` over the preset. `Err((key, message))` for an unknown key, a wrong kind, or a broken rule.
pub(super) fn resolve(preset: Preset, changes: &Table) -> Result<Recipe, (String, String)> {
    let fail = |key: &str, message: String| (format!("{SECTION}.{key}"), message);
    let base = Table::try_from(Recipe::of(preset)).map_err(|error| fail("preset", error.to_string()))?;
    let mut merged = base.clone();
    for (key, value) in changes {
        if !base.contains_key(key) {
            let known: Vec<_> = base.keys().map(String::as_str).collect();
            return Err(fail(key, format!("is no part of a recipe; there are {}", known.join(", "))));
        }
        merged.insert(key.clone(), numbers_as_floats(value.clone(), &base[key]));
    }
    let recipe: Recipe = serde_path_to_error::deserialize(Value::Table(merged))
        .map_err(|error| fail(&error.path().to_string(), error.inner().message().trim().to_owned()))?;
    check(preset, &recipe).map_err(|(key, message)| fail(key, message))?;
    Ok(recipe)
}

/// `rotation = 5` means 5.0, also inside a range.
fn numbers_as_floats(value: Value, like: &Value) -> Value {
    match (value, like) {
        (Value::Integer(n), Value::Float(_)) => Value::Float(n as f64),
        (Value::Array(items), Value::Array(base)) => {
            let like = base.first().cloned().unwrap_or(Value::Float(0.0));
            Value::Array(items.into_iter().map(|item| numbers_as_floats(item, &like)).collect())
        }
        (value, _) => value,
    }
}

fn check(preset: Preset, r: &Recipe) -> Result<(), (&'static str, String)> {
    let within = |key, value: f64, low: f64, high: f64| {
        if (low..=high).contains(&value) { Ok(()) } else { Err((key, format!("must lie between {low} and {high}"))) }
    };
    let range = |key, [low, high]: [f64; 2], least: f64, most: f64| {
        let good = low <= high && (least..=most).contains(&low) && (least..=most).contains(&high);
        if good { Ok(()) } else { Err((key, format!("must be [low, high] between {least} and {most}"))) }
    };
    within("rotation", r.rotation, 0.0, 180.0)?;
    within("width_shift", r.width_shift, 0.0, 1.0)?;
    within("height_shift", r.height_shift, 0.0, 1.0)?;
    within("shear", r.shear, 0.0, 60.0)?;
    range("zoom", r.zoom, 0.1, 10.0)?;
    within("horizontal_flip", r.horizontal_flip, 0.0, 1.0)?;
    within("vertical_flip", r.vertical_flip, 0.0, 1.0)?;
    range("brightness", r.brightness, 0.0, 10.0)?;
    range("contrast", r.contrast, 0.0, 10.0)?;
    range("gamma", r.gamma, 0.1, 10.0)?;
    within("noise", r.noise, 0.0, 1.0)?;
    within("erasing", r.erasing, 0.0, 1.0)?;
    for (key, probability) in [("horizontal_flip", r.horizontal_flip), ("vertical_flip", r.vertical_flip)] {
        if preset == Preset::ChestXray && probability > 0.0 {
            return Err((key, "preset `chest-xray` refuses flips: a flipped chest X-ray shows wrong anatomy; set it to 0 or choose another preset".into()));
        }
    }
    Ok(())
}
