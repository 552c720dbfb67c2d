//! Keras' activations, by name and as layers, as layers of a head.

use serde_json::Value;

use super::graph::KerasLayer;
use crate::weights::layer::{Function, Layer};

/// What an `activation` of a layer's configuration is: nothing for `linear`. Keras 3 has names, or objects with a name, or
/// whole layers in that place. `steep`: `hard_sigmoid` is that of Keras 1 and 2.
pub(super) fn named(value: &Value, steep: bool) -> Result<Option<Layer>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) => function(name, steep),
        Value::Object(_) if value["class_name"] == "function" => named(&value["config"], steep),
        Value::Object(_) => {
            let class = value["class_name"].as_str().unwrap_or("unknown");
            let refused = || format!("its activation {class} is none that gradwatch has");
            layer(class, &value["config"]).map(Some).ok_or_else(refused)
        }
        other => Err(format!("its activation {other} is none that gradwatch has")),
    }
}

fn relu(slope: f64, max: Option<f64>) -> Function {
    Function::Relu { slope, threshold: 0.0, max }
}

fn function(name: &str, steep: bool) -> Result<Option<Layer>, String> {
    Ok(Some(Layer::Function(match name {
        "linear" => return Ok(None),
        "softmax" => return Ok(Some(Layer::Softmax)),
        "relu" => relu(0.0, None),
        "relu6" => relu(0.0, Some(6.0)),
        "leaky_relu" => relu(0.2, None),
        "elu" => Function::Elu { alpha: 1.0 },
        "selu" => Function::Selu,
        "tanh" => Function::Tanh,
        "sigmoid" => Function::Sigmoid,
        "softplus" => Function::Softplus,
        "softsign" => Function::Softsign,
        "silu" | "swish" => Function::Silu,
        "gelu" => Function::Gelu,
        "exponential" => Function::Exponential,
        "hard_sigmoid" => Function::HardSigmoid { slope: if steep { 0.2 } else { 1.0 / 6.0 } },
        other => return Err(format!("its activation {other} is none that gradwatch has")),
    })))
}

/// Of a layer that is nothing but an activation; `None` for other layers, and for settings that gradwatch does not have.
fn layer(class: &str, config: &Value) -> Option<Layer> {
    let number = |key: &str| config[key].as_f64().or_else(|| config[key]["value"].as_f64());
    Some(Layer::Function(match class {
        "ReLU" => {
            let (slope, threshold) = (number("negative_slope").unwrap_or(0.0), number("threshold").unwrap_or(0.0));
            Function::Relu { slope, threshold, max: number("max_value") }
        }
        "LeakyReLU" => relu(number("negative_slope").or_else(|| number("alpha"))?, None),
        "ELU" => Function::Elu { alpha: number("alpha")? },
        "Softmax" => {
            let axis = &config["axis"];
            return (axis.is_null() || *axis == -1 || *axis == serde_json::json!([-1])).then_some(Layer::Softmax);
        }
        _ => return None,
    }))
}

/// The same of a layer of the chain.
pub(super) fn of_layer(found: &KerasLayer<'_>) -> Option<Layer> {
    layer(found.class, found.config)
}

/// The name of what the outputs of a model go through, for a message.
pub(super) fn name(layer: &Layer) -> String {
    let Layer::Function(function) = layer else { return "softmax".to_owned() };
    let text = serde_json::to_value(function).ok();
    text.and_then(|text| text["function"].as_str().map(str::to_owned)).unwrap_or_default()
}
