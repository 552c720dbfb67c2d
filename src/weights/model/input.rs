//! What a model does to images before its first convolution, and which size it takes.

use std::path::Path;

use serde_json::Value;

use super::graph::KerasLayer;
use super::inbound;
use super::inert::is_inert;
use super::levels::LevelChanges;
use super::parameters::{self, Parameter};
use crate::config::Preparation;
use crate::domain::Resize;
use crate::weights::error::WeightsError;
use crate::weights::matching::finite;
use crate::weights::tensor_file::TensorFile;

/// Less is nothing after five pools.
const SMALLEST_SIDE: u64 = 32;

/// What the model says about its input.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ModelInput {
    /// What it does to the levels itself, if it does anything.
    pub(super) preparation: Option<Preparation>,
    /// Pixels a side; nothing where it takes any size.
    pub(super) side: Option<u32>,
    /// How it resizes images itself, if it does.
    pub(super) resize: Option<Resize>,
}

/// Reads the layers below the first convolution and the size that this one states, `first`.
pub(super) fn read(
    below: &[KerasLayer<'_>],
    first: &KerasLayer<'_>,
    (file, path): (&TensorFile, &Path),
) -> Result<ModelInput, WeightsError> {
    let refuse = |reason| WeightsError::ForeignModel { path: path.to_owned(), reason };
    let (mut levels, mut input) = (LevelChanges::default(), ModelInput::default());
    for layer in below {
        input.side = side(layer.image_shape).map_err(refuse)?.or(input.side);
        match layer.class {
            _ if is_inert(layer) => {}
            "Resizing" => resizing(layer, &mut input).map_err(refuse)?,
            "Normalization" => normalise(layer, (file, path), &mut levels)?,
            _ => change(layer, &mut levels).map_err(refuse)?,
        }
    }
    input.side = side(first.image_shape).map_err(refuse)?.or(input.side);
    input.preparation = levels.preparation().map_err(refuse)?;
    Ok(input)
}

/// Of `[null, rows, columns, channels]`.
fn side(shape: &Value) -> Result<Option<u32>, String> {
    let Some([_, rows, columns, channels]) = shape.as_array().map(Vec::as_slice) else { return Ok(None) };
    if channels.as_u64().is_some_and(|channels| channels != 3) {
        return Err(format!("it takes images of {channels} channels, not 3 (RGB)"));
    }
    match (rows.as_u64(), columns.as_u64()) {
        (None, None) => Ok(None),
        (Some(rows), Some(columns)) if rows == columns && rows >= SMALLEST_SIDE => Ok(u32::try_from(rows).ok()),
        (Some(rows), Some(columns)) if rows == columns => Err(format!(
            "it takes images of {rows}x{columns}, and {SMALLEST_SIDE}x{SMALLEST_SIDE} is the smallest size"
        )),
        _ => Err(format!("it takes images of {rows} rows and {columns} columns, and gradwatch only square ones")),
    }
}

fn resizing(layer: &KerasLayer<'_>, input: &mut ModelInput) -> Result<(), String> {
    let (rows, columns) = (&layer.config["height"], &layer.config["width"]);
    let to = side(&Value::from(vec![Value::Null, rows.clone(), columns.clone(), Value::Null]))?;
    let kept = ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"].iter().all(|key| !layer.flag(key, false));
    let resize = match layer.config["interpolation"].as_str() {
        Some("bilinear") => Some(Resize::Bilinear),
        Some("nearest") => Some(Resize::Nearest),
        _ => None,
    };
    let twice = input.resize.is_some() || (input.side.is_some() && input.side != to);
    if twice || !kept || resize.is_none() {
        return Err(format!("its {} resizes in a way that gradwatch has not, or a second time", layer.title()));
    }
    (input.side, input.resize) = (to, resize);
    Ok(())
}

/// `(x - mean) / max(deviation, 1e-7)`; the numbers are in the description or, if they were learned, in the file.
fn normalise(
    layer: &KerasLayer<'_>,
    (file, path): (&TensorFile, &Path),
    levels: &mut LevelChanges,
) -> Result<(), WeightsError> {
    let refuse = |reason| WeightsError::ForeignModel { path: path.to_owned(), reason };
    let axis = &layer.config["axis"];
    let axis = axis.as_i64().or_else(|| axis[0].as_i64());
    if layer.flag("invert", false) || !matches!(axis, None | Some(-1 | 3)) {
        return Err(refuse(format!("its {} does not normalise channel by channel", layer.title())));
    }
    let learned = |key: &'static str, index| -> Result<Vec<f64>, WeightsError> {
        let tensor = parameters::tensor(file, layer, Parameter::new(key, key, index)).map_err(refuse)?;
        Ok(finite(tensor, path)?.into_iter().map(f64::from).collect())
    };
    let numbers = |key, index| {
        let stated = inbound::numbers(&layer.config[key]);
        if stated.is_empty() { learned(key, index) } else { Ok(stated) }
    };
    let (mean, variance) = (numbers("mean", 0)?, numbers("variance", 1)?);
    let deviation: Vec<f64> = variance.iter().map(|variance| variance.sqrt().max(1e-7)).collect();
    levels.subtract(&mean).and_then(|()| levels.divide(&deviation)).ok_or_else(|| refuse(unknown(layer)))
}

fn unknown(layer: &KerasLayer<'_>) -> String {
    format!("its {} prepares images in a way that gradwatch has not", layer.title())
}

/// A layer or operation that changes the levels, as `preprocess_input` within a model leaves them.
fn change(layer: &KerasLayer<'_>, levels: &mut LevelChanges) -> Result<(), String> {
    let known = match layer.class {
        "Rescaling" => {
            let of = |key: &str| inbound::numbers(&layer.config[key]);
            let offset = if layer.config["offset"].is_null() { vec![0.0] } else { of("offset") };
            levels.multiply(&of("scale")).and_then(|()| levels.add(&offset))
        }
        "Stack" => reverses(layer).then(|| levels.reverse()),
        "GetItem" | "SlicingOpLambda" => {
            inbound::last_index(layer.node).filter(|key| inbound::is_reversed(key)).map(|_| levels.reverse())
        }
        "Flip" => (layer.config["axis"] == -1 || layer.config["axis"] == 3).then(|| levels.reverse()),
        "Add" | "Subtract" | "Multiply" | "Divide" | "TrueDivide" | "TFOpLambda" => operate(layer, levels),
        _ => None,
    };
    known.ok_or_else(|| unknown(layer))
}

/// Whether it puts the channels 2, 1, 0 of an image together again.
fn reverses(layer: &KerasLayer<'_>) -> bool {
    let channel = |node: &&Value| inbound::last_index(node).and_then(Value::as_i64);
    let channels: Vec<Option<i64>> = layer.gathered.iter().map(channel).collect();
    let axis = &layer.config["axis"];
    channels == [Some(2), Some(1), Some(0)] && (*axis == -1 || *axis == 3)
}

/// An operation with a constant; nothing for another one.
fn operate(layer: &KerasLayer<'_>, levels: &mut LevelChanges) -> Option<()> {
    let operation = layer.config["function"].as_str().unwrap_or(layer.class);
    let key = if operation == "nn.bias_add" { "bias" } else { "y" };
    let constant = inbound::numbers(inbound::operand(layer.node, key)?);
    match operation {
        "Add" | "math.add" | "__operators__.add" | "nn.bias_add" => levels.add(&constant),
        "Multiply" | "math.multiply" => levels.multiply(&constant),
        "Subtract" | "math.subtract" if inbound::is_first(layer.node) => levels.subtract(&constant),
        "Divide" | "TrueDivide" | "math.truediv" | "math.divide" if inbound::is_first(layer.node) => {
            levels.divide(&constant)
        }
        _ => None,
    }
}
