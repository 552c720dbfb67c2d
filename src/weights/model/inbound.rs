//! How Keras writes down what a layer is called with: other layers by name, and constants. Keras 1 and 2 have lists, as
//! `["dense", 0, 0, {"y": 2.0}]`, Keras 3 has objects of the class `__keras_tensor__`.

use serde_json::Value;

/// What Keras 2 writes in the place of a layer's name when the first argument is a constant.
const CONSTANT: &str = "_CONSTANT_VALUE";

/// The layers that `value` refers to, in their order.
pub(super) fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => match reference(items) {
            Some(name) if name != CONSTANT => {
                std::iter::once(name).chain(items.iter().skip(3).flat_map(names)).collect()
            }
            Some(_) => items.iter().skip(3).flat_map(names).collect(),
            None => items.iter().flat_map(names).collect(),
        },
        Value::Object(fields) => fields.values().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// `[layer, node, tensor, ...]`
fn reference(items: &[Value]) -> Option<&str> {
    match items {
        [Value::String(name), Value::Number(_), Value::Number(_), ..] => Some(name),
        _ => None,
    }
}

/// Of a `Stack` of single channels of one image, as Keras 3's `preprocess_input` writes it: how each is taken out, and of
/// which layer.
pub(super) fn gathered<'a>(class: &str, parts: &[&'a Value]) -> Option<(Vec<&'a Value>, &'a str)> {
    let nodes: Vec<&Value> = parts.iter().map(|part| &part["inbound_nodes"][0]).collect();
    let mut sources = nodes.iter().map(|node| names(node));
    let [source] = sources.next()?[..] else { return None };
    let takes_channels = parts.iter().all(|part| part["class_name"] == "GetItem");
    (class == "Stack" && takes_channels && sources.all(|names| names == [source])).then_some((nodes, source))
}

/// The positional arguments of an operation of Keras 3.
fn arguments(node: &Value) -> &[Value] {
    node["args"].as_array().map_or(&[], Vec::as_slice)
}

/// The call of an operation of Keras 1 and 2; some versions have a list of calls.
fn call(node: &Value) -> &Value {
    if node[0].is_string() { node } else { &node[0] }
}

/// What an operation gets besides the image. Keras 2 has it under `key` among the named arguments, or, if it comes first, in
/// the place of a tensor.
pub(super) fn operand<'a>(node: &'a Value, key: &str) -> Option<&'a Value> {
    match arguments(node) {
        [image, operand] | [operand, image] if !names(image).is_empty() => Some(operand),
        _ if call(node)[0] == CONSTANT => call(node).get(2),
        _ => call(node).get(3)?.get(key),
    }
}

/// Whether the image is the first of an operation's arguments.
pub(super) fn is_first(node: &Value) -> bool {
    arguments(node).first().is_none_or(|first| !names(first).is_empty()) && call(node)[0] != CONSTANT
}

/// The numbers of a constant, however deep they lie.
pub(super) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => number.as_f64().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(_) => [&value["config"]["value"], &value["value"]].into_iter().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

/// The last index of `image[..., LAST]`, for one that takes whole images but for it.
pub(super) fn last_index(node: &Value) -> Option<&Value> {
    let keys = operand(node, "slice_spec")?.as_array()?;
    let (last, before) = keys.split_last()?;
    let is_whole =
        |key: &Value| key["class_name"] == "__ellipsis__" || (key.is_object() && bounds(key) == [&Value::Null; 3]);
    (before.iter().all(is_whole) && !before.is_empty()).then_some(last)
}

/// Whether `key` turns the order round: `[::-1]`.
pub(super) fn is_reversed(key: &Value) -> bool {
    let [first, end, by] = bounds(key);
    first.is_null() && end.is_null() && by.as_i64() == Some(-1)
}

/// Start, stop and step of a slice; Keras 3 has them one level deeper.
fn bounds(key: &Value) -> [&Value; 3] {
    let inner = if key["class_name"] == "__slice__" { &key["config"] } else { key };
    ["start", "stop", "step"].map(|field| &inner[field])
}
