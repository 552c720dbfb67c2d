//! Keras' own description of a model: which layers stand above VGG16, and whether they are ones that gradwatch has too.

use serde_json::Value;

use crate::config::Preparation;
use crate::stats::Activation;

/// What stands below and above the convolutions.
#[derive(Debug, PartialEq)]
pub(super) struct KerasLayers {
    /// `GlobalAveragePooling2D` in the place of `Flatten`.
    pub(super) averages: bool,
    pub(super) activation: Activation,
    /// What the model itself does to images, if it does.
    pub(super) input: Option<Preparation>,
}

/// Layers that do nothing when a model is asked.
const INERT: [&str; 8] = [
    "InputLayer",
    "Dropout",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
];

/// Reads the description; the error is a clause that says what is not VGG16, Flatten and one Dense layer.
pub(super) fn read(text: &str, n_convolutions: usize) -> Result<KerasLayers, String> {
    let root: Value = serde_json::from_str(text).map_err(|error| format!("its description is no JSON ({error})"))?;
    let mut layers = Vec::new();
    flatten(&root, 0, &mut layers)?;
    let count = |class: &str| layers.iter().filter(|layer| class_of(layer) == class).count();
    for (class, n) in [("Conv2D", n_convolutions), ("MaxPooling2D", 5), ("Dense", 1)] {
        let found = count(class);
        if found != n {
            return Err(format!("it has {found} {class} layers, not {n}"));
        }
    }
    let averages = match (count("Flatten"), count("GlobalAveragePooling2D")) {
        (1, 0) => false,
        (0, 1) => true,
        _ => return Err("it has not exactly one Flatten or GlobalAveragePooling2D layer".to_owned()),
    };
    layers.iter().try_for_each(|layer| is_known(layer))?;
    Ok(KerasLayers { averages, activation: activation(&layers)?, input: input(&layers)? })
}

/// The layers themselves in their order, without the models they are nested in.
fn flatten<'a>(value: &'a Value, depth: usize, layers: &mut Vec<&'a Value>) -> Result<(), String> {
    if depth > 16 {
        return Err("its models are nested without end".to_owned());
    }
    let config = &value["config"];
    // The oldest Sequential models have the list itself in that place.
    if let Some(inner) = config["layers"].as_array().or_else(|| config.as_array()) {
        return inner.iter().try_for_each(|layer| flatten(layer, depth + 1, layers));
    }
    layers.push(value);
    Ok(())
}

fn class_of(layer: &Value) -> &str {
    layer["class_name"].as_str().unwrap_or("unknown")
}

fn is_known(layer: &Value) -> Result<(), String> {
    let config = &layer["config"];
    match class_of(layer) {
        "Conv2D" if config["activation"] != "relu" || config["padding"] != "same" => {
            Err(format!("its convolution {} is not followed by ReLU, or not padded", config["name"]))
        }
        "Conv2D"
        | "MaxPooling2D"
        | "Dense"
        | "Flatten"
        | "GlobalAveragePooling2D"
        | "Rescaling"
        | "Activation"
        | "Softmax" => Ok(()),
        class if INERT.contains(&class) || class.starts_with("Random") => Ok(()),
        class => Err(format!("its layer {} ({class}) is none that gradwatch has", config["name"])),
    }
}

/// Of the Dense layer, or of a layer of its own above it.
fn activation(layers: &[&Value]) -> Result<Activation, String> {
    let names: Vec<&str> = layers.iter().filter_map(|layer| activation_of(layer)).collect();
    match names.as_slice() {
        ["sigmoid"] => Ok(Activation::Sigmoid),
        ["softmax"] => Ok(Activation::Softmax),
        [] => Err("its outputs have neither a sigmoid nor a softmax".to_owned()),
        other => Err(format!("its outputs go through {}, not one sigmoid or softmax", other.join(" and "))),
    }
}

fn activation_of(layer: &Value) -> Option<&str> {
    match class_of(layer) {
        "Dense" | "Activation" => layer["config"]["activation"].as_str().filter(|name| *name != "linear"),
        "Softmax" => Some("softmax"),
        _ => None,
    }
}

fn input(layers: &[&Value]) -> Result<Option<Preparation>, String> {
    let mut found = layers.iter().filter(|layer| class_of(layer) == "Rescaling");
    let Some(layer) = found.next() else { return Ok(None) };
    let number = |key: &str| layer["config"][key].as_f64().unwrap_or(f64::NAN);
    let (scale, offset) = (number("scale"), number("offset"));
    if (scale * 255.0 - 1.0).abs() < 1e-6 && offset == 0.0 && found.next().is_none() {
        return Ok(Some(Preparation::Rescale));
    }
    Err(format!("it rescales images by {scale} and {offset}, and gradwatch only by 1/255"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layer(class: &str, config: &Value) -> Value {
        json!({ "class_name": class, "config": config })
    }

    fn convolution() -> Value {
        layer("Conv2D", &json!({ "name": "c", "activation": "relu", "padding": "same" }))
    }

    /// Two convolutions and five pools, then `top`.
    fn model(top: &[Value]) -> Result<KerasLayers, String> {
        let mut layers = vec![convolution(), convolution()];
        layers.extend((0..5).map(|_| layer("MaxPooling2D", &json!({}))));
        let base = layer("Functional", &json!({ "layers": layers }));
        let all: Vec<Value> = std::iter::once(base).chain(top.iter().cloned()).collect();
        read(&layer("Sequential", &json!({ "layers": all })).to_string(), 2)
    }

    fn dense(activation: &str) -> Value {
        layer("Dense", &json!({ "name": "d", "activation": activation }))
    }

    #[test]
    fn what_stands_above_the_convolutions_is_reported() {
        let plain = |name: &str| layer(name, &json!({ "name": name }));
        let found = model(&[plain("Flatten"), plain("Dropout"), dense("sigmoid")]).unwrap();
        assert_eq!(found, KerasLayers { averages: false, activation: Activation::Sigmoid, input: None });
        let rescaling = layer("Rescaling", &json!({ "scale": 1.0 / 255.0, "offset": 0.0 }));
        let found = model(&[rescaling, plain("GlobalAveragePooling2D"), dense("linear"), plain("Softmax")]).unwrap();
        assert_eq!(
            found,
            KerasLayers { averages: true, activation: Activation::Softmax, input: Some(Preparation::Rescale) }
        );
    }

    #[test]
    fn what_gradwatch_cannot_do_is_refused_by_name() {
        let plain = |name: &str| layer(name, &json!({ "name": name }));
        let refused = |top: &[Value]| model(top).unwrap_err();
        assert_eq!(refused(&[plain("Flatten"), dense("relu"), dense("sigmoid")]), "it has 2 Dense layers, not 1");
        assert_eq!(
            refused(&[plain("Flatten"), dense("tanh")]),
            "its outputs go through tanh, not one sigmoid or softmax"
        );
        assert_eq!(refused(&[plain("Flatten"), dense("linear")]), "its outputs have neither a sigmoid nor a softmax");
        let lambda = refused(&[plain("Lambda"), plain("Flatten"), dense("sigmoid")]);
        assert_eq!(lambda, "its layer \"Lambda\" (Lambda) is none that gradwatch has");
        assert!(
            refused(&[plain("GlobalMaxPooling2D"), dense("sigmoid")]).starts_with("it has not exactly one Flatten")
        );
        let scaled = layer("Rescaling", &json!({ "scale": 2.0, "offset": 0.0 }));
        assert!(refused(&[scaled, plain("Flatten"), dense("sigmoid")]).starts_with("it rescales images by 2 and 0"));
        assert!(read("[", 2).is_err() && read("{}", 2).is_err());
    }
}
