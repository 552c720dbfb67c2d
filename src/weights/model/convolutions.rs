//! The convolutions of VGG16 within a chain of layers, each with the settings that gradwatch computes with.

use serde_json::{Value, json};

use super::graph::KerasLayer;
use super::head::pair;
use super::inert::is_inert;
use super::parameters::{self, Parameter};
use crate::domain::vgg16::Conv;
use crate::weights::tensor_file::{NamedTensor, TensorFile};

/// Kernel and bias of one convolution.
pub(super) type ConvTensors<'f> = (&'f NamedTensor, &'f NamedTensor);

/// A chain of layers, taken apart.
pub(super) struct ModelParts<'c, 'a> {
    /// What comes before the first convolution.
    pub(super) below: &'c [KerasLayer<'a>],
    /// The convolutions, in order.
    pub(super) convs: Vec<&'c KerasLayer<'a>>,
    /// What comes after the last max-pool.
    pub(super) above: &'c [KerasLayer<'a>],
}

/// Takes `chain` apart, and checks that its convolutions and pools are those of `plan`; the error is a clause.
pub(super) fn parts<'c, 'a>(chain: &'c [KerasLayer<'a>], plan: &[Conv]) -> Result<ModelParts<'c, 'a>, String> {
    if let Some(layer) = chain.iter().find(|layer| layer.config["data_format"] == "channels_first") {
        return Err(format!("its {} has channels first, and gradwatch only channels last", layer.title()));
    }
    let n_convs = chain.iter().filter(|layer| layer.class == "Conv2D").count();
    if n_convs != plan.len() {
        return Err(format!("it has {n_convs} Conv2D layers, not {}", plan.len()));
    }
    let first = chain.iter().position(|layer| layer.class == "Conv2D").unwrap_or(0);
    let mut rest = Rest { layers: &chain[first..] };
    let mut convs = Vec::with_capacity(plan.len());
    for conv in plan {
        convs.push(rest.convolution()?);
        if conv.ends_block {
            rest.max_pool()?;
        }
    }
    Ok(ModelParts { below: &chain[..first], convs, above: rest.layers })
}

/// What of the chain has not been looked at.
struct Rest<'c, 'a> {
    layers: &'c [KerasLayer<'a>],
}

impl<'c, 'a> Rest<'c, 'a> {
    fn next(&mut self, expected: &str) -> Result<&'c KerasLayer<'a>, String> {
        let at = self.layers.iter().position(|layer| !is_inert(layer));
        let at = at.ok_or_else(|| format!("it ends where VGG16 has a {expected} layer"))?;
        let layer = &self.layers[at];
        self.layers = &self.layers[at + 1..];
        Ok(layer)
    }

    fn convolution(&mut self) -> Result<&'c KerasLayer<'a>, String> {
        let layer = self.next("Conv2D")?;
        if layer.class != "Conv2D" {
            return Err(format!("its {} stands where VGG16 has a Conv2D layer", layer.title()));
        }
        let setting = |key: &str, expected: &Value| layer.config[key].is_null() || layer.config[key] == *expected;
        let sides = |key: &str, side: usize| layer.config[key].is_null() || pair(&layer.config[key]) == Some([side; 2]);
        let is_plain = sides("strides", 1)
            && sides("dilation_rate", 1)
            && sides("kernel_size", 3)
            && setting("groups", &json!(1))
            && setting("use_bias", &json!(true));
        if !is_plain {
            return Err(format!("its {} is no plain 3x3 convolution with a bias", layer.title()));
        }
        let unfit = || format!("its {} is not followed by ReLU, or not padded", layer.title());
        let padded = layer.config["padding"] == "same";
        let rectified = match activation_of(layer) {
            Some("relu") => true,
            Some("linear") | None => self.next("ReLU").is_ok_and(is_relu),
            Some(_) => false,
        };
        if padded && rectified { Ok(layer) } else { Err(unfit()) }
    }

    fn max_pool(&mut self) -> Result<(), String> {
        let layer = self.next("MaxPooling2D")?;
        if layer.class != "MaxPooling2D" {
            return Err(format!("its {} stands where VGG16 has a MaxPooling2D layer", layer.title()));
        }
        let sides = |key: &str| layer.config[key].is_null() || pair(&layer.config[key]) == Some([2; 2]);
        let cuts = layer.config["padding"].is_null() || layer.config["padding"] == "valid";
        let fits = sides("pool_size") && sides("strides") && cuts;
        fits.then_some(()).ok_or_else(|| format!("its {} is not a pooling of 2x2 without padding", layer.title()))
    }
}

/// Its name, where it has one; Keras 3 may wrap it.
fn activation_of<'a>(layer: &KerasLayer<'a>) -> Option<&'a str> {
    let activation = &layer.config["activation"];
    activation.as_str().or_else(|| activation["config"].as_str()).or_else(|| activation["class_name"].as_str())
}

fn is_relu(layer: &KerasLayer<'_>) -> bool {
    let is_zero = |key: &str| layer.number(key).is_none_or(|number| number == 0.0);
    match layer.class {
        "Activation" => activation_of(layer) == Some("relu"),
        "ReLU" => is_zero("negative_slope") && is_zero("threshold") && layer.config["max_value"].is_null(),
        _ => false,
    }
}

/// Kernel and bias of a convolution; the error is a clause.
pub(super) fn tensors<'f>(file: &'f TensorFile, layer: &KerasLayer<'_>) -> Result<ConvTensors<'f>, String> {
    let of = |name, old, index| parameters::tensor(file, layer, Parameter::new(name, old, index));
    Ok((of("kernel", "W", 0)?, of("bias", "b", 1)?))
}
