//! Keras' own description of a model as one chain of layers, from the images to the outputs. The order is that of the graph,
//! in a Sequential that of its list; models within models are replaced by their layers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::inbound;

/// More nesting than any model has; a description without end stops here.
const MAX_DEPTH: usize = 16;

/// One layer or operation of the chain.
#[derive(Debug, Clone)]
pub(super) struct KerasLayer<'a> {
    pub(super) class: &'a str,
    pub(super) name: &'a str,
    pub(super) config: &'a Value,
    /// How it is called: its inputs and other arguments; null in a Sequential.
    pub(super) node: &'a Value,
    /// Of a `Stack` of single channels: how each of them is taken out of the image.
    pub(super) gathered: Vec<&'a Value>,
    /// The shape of the images, where it states one: `[null, rows, columns, channels]`.
    pub(super) image_shape: &'a Value,
    /// The names of the models that it lies in, the outermost first, without the whole.
    pub(super) models: Vec<&'a str>,
    /// Its group in Keras 3's weights file.
    pub(super) stored: String,
}

impl KerasLayer<'_> {
    /// How a message names it.
    pub(super) fn title(&self) -> String {
        format!("layer `{}` ({})", self.name, self.class)
    }

    /// A number of its configuration, which older versions wrap.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        let value = &self.config[key];
        value.as_f64().or_else(|| value["value"].as_f64())
    }

    /// Whether it is set; `default` where it is not mentioned.
    pub(super) fn flag(&self, key: &str, default: bool) -> bool {
        self.config[key].as_bool().unwrap_or(default)
    }
}

/// The layers of the model that `root` describes; the error is a clause.
pub(super) fn chain(root: &Value) -> Result<Vec<KerasLayer<'_>>, String> {
    let mut chain = Vec::new();
    if layers_of(root).is_none() {
        return Err("its description has no layers".to_owned());
    }
    expand(root, &[], "", &mut chain)?;
    Ok(chain)
}

/// The layers of a model in the order of the file; `None` for what is no model. The oldest Sequential models have the list
/// in the place of the configuration.
fn layers_of(value: &Value) -> Option<&Vec<Value>> {
    let config = &value["config"];
    config["layers"].as_array().or_else(|| config.as_array())
}

fn expand<'a>(
    model: &'a Value,
    models: &[&'a str],
    stored: &str,
    chain: &mut Vec<KerasLayer<'a>>,
) -> Result<(), String> {
    if models.len() > MAX_DEPTH {
        return Err("its models are nested without end".to_owned());
    }
    let stored = stored_names(layers_of(model).map_or(&[], Vec::as_slice), stored);
    for (number, step) in steps(model)?.into_iter().enumerate() {
        let layer = step.layer;
        let stored = stored.get(&std::ptr::from_ref(layer)).cloned().unwrap_or_default();
        if layers_of(layer).is_some() {
            let models: Vec<_> = models.iter().copied().chain([name_of(layer)]).collect();
            expand(layer, &models, &stored, chain)?;
            continue;
        }
        let config = &layer["config"];
        let own_shape =
            ["batch_shape", "batch_input_shape"].into_iter().map(|key| &config[key]).find(|shape| shape.is_array());
        let built = if number == 0 { &model["config"]["build_input_shape"] } else { &Value::Null };
        chain.push(KerasLayer {
            class: class_of(layer),
            name: name_of(layer),
            config,
            node: &layer["inbound_nodes"][0],
            gathered: step.gathered,
            image_shape: own_shape.unwrap_or(built),
            models: models.to_vec(),
            stored,
        });
    }
    Ok(())
}

fn class_of(layer: &Value) -> &str {
    layer["class_name"].as_str().unwrap_or("unknown")
}

fn name_of(layer: &Value) -> &str {
    layer["name"].as_str().or_else(|| layer["config"]["name"].as_str()).unwrap_or("unknown")
}

/// A layer of one model, not yet replaced by its own.
struct Step<'a> {
    layer: &'a Value,
    gathered: Vec<&'a Value>,
}

fn steps(model: &Value) -> Result<Vec<Step<'_>>, String> {
    let layers = layers_of(model).map_or(&[][..], Vec::as_slice);
    if class_of(model) == "Sequential" {
        return Ok(layers.iter().map(|layer| Step { layer, gathered: Vec::new() }).collect());
    }
    let config = &model["config"];
    let only = |key: &str, what: &str| match inbound::names(&config[key]).as_slice() {
        [name] => Ok(*name),
        names => Err(format!("it has {} {what}, not 1", names.len())),
    };
    only("input_layers", "inputs")?;
    back_from(layers, only("output_layers", "outputs")?)
}

/// From the output back to the input, and turned round.
fn back_from<'a>(layers: &'a [Value], output: &'a str) -> Result<Vec<Step<'a>>, String> {
    let named = |name: &str| {
        let found = layers.iter().find(|layer| name_of(layer) == name);
        found.ok_or_else(|| format!("its description has no layer `{name}`, which another one needs"))
    };
    let (mut steps, mut next) = (Vec::new(), Some(output));
    while let Some(name) = next {
        let layer = named(name)?;
        if steps.len() > layers.len() {
            return Err("its layers go round in a circle".to_owned());
        }
        let (gathered, source) = match sources(layer)?.as_slice() {
            [] => (Vec::new(), None),
            [one] => (Vec::new(), Some(*one)),
            several => {
                let parts = several.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
                let joins = || format!("its layer `{name}` ({}) joins several branches", class_of(layer));
                let (nodes, source) = inbound::gathered(class_of(layer), &parts).ok_or_else(joins)?;
                (nodes, Some(source))
            }
        };
        steps.push(Step { layer, gathered });
        next = source;
    }
    steps.reverse();
    Ok(steps)
}

/// The layers whose outputs `layer` takes.
fn sources(layer: &Value) -> Result<Vec<&str>, String> {
    let nodes = layer["inbound_nodes"].as_array().map_or(&[][..], Vec::as_slice);
    match nodes {
        [] if class_of(layer) == "InputLayer" => Ok(Vec::new()),
        [node] => Ok(inbound::names(node)),
        _ => {
            Err(format!("its layer `{}` ({}) is used {} times, not once", name_of(layer), class_of(layer), nodes.len()))
        }
    }
}

/// By layer, the group of each in Keras 3's weights file: its class in snake case, numbered from the second on.
fn stored_names(layers: &[Value], stored: &str) -> BTreeMap<*const Value, String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut name = |layer: &Value| {
        let class = snake_case(class_of(layer));
        let count = counts.entry(class.clone()).or_default();
        *count += 1;
        let number = if *count == 1 { String::new() } else { format!("_{}", *count - 1) };
        format!("{stored}/layers/{class}{number}")
    };
    layers.iter().map(|layer| (std::ptr::from_ref(layer), name(layer))).collect()
}

/// Keras' own rule: `MaxPooling2D` is `max_pooling2d`, `PReLU` is `p_re_lu`.
fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().filter(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let mut name = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let follows_lower = before.is_some_and(|before| before.is_ascii_lowercase());
        let begins_word = before.is_some() && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (follows_lower || begins_word) {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes_are_spelled_as_keras_spells_them() {
        for (class, name) in [
            ("MaxPooling2D", "max_pooling2d"),
            ("PReLU", "p_re_lu"),
            ("Conv2D", "conv2d"),
            ("InputLayer", "input_layer"),
            ("BatchNormalization", "batch_normalization"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ] {
            assert_eq!(snake_case(class), name);
        }
    }

    fn layer(class: &str, name: &str, from: &[&str]) -> Value {
        let node: Vec<Value> = from.iter().map(|from| json!([from, 0, 0, {}])).collect();
        let nodes = if from.is_empty() { json!([]) } else { json!([node]) };
        json!({ "class_name": class, "name": name, "config": { "name": name }, "inbound_nodes": nodes })
    }

    fn functional(layers: &[Value], outputs: &Value) -> Value {
        let config = json!({ "name": "m", "layers": layers, "input_layers": [["in", 0, 0]], "output_layers": outputs });
        json!({ "class_name": "Functional", "config": config })
    }

    #[test]
    fn the_order_is_that_of_the_graph_whatever_that_of_the_file() {
        let layers = [layer("Dense", "d", &["f"]), layer("InputLayer", "in", &[]), layer("Flatten", "f", &["in"])];
        let model = functional(&layers, &json!([["d", 0, 0]]));
        let names = |root: &Value| -> Vec<String> {
            chain(root).unwrap().iter().map(|layer| format!("{}{}", layer.stored, layer.name)).collect()
        };
        assert_eq!(names(&model), ["/layers/input_layerin", "/layers/flattenf", "/layers/densed"]);
        let outer = json!({ "class_name": "Sequential", "config": [model, layer("Dense", "e", &[])] });
        assert_eq!(names(&outer)[2..], ["/layers/functional/layers/densed", "/layers/densee"]);
    }

    #[test]
    fn what_is_no_chain_is_refused_by_name() {
        let refused = |layers: &[Value], outputs: &Value| chain(&functional(layers, outputs)).unwrap_err();
        let input = layer("InputLayer", "in", &[]);
        let (a, b) = (layer("Dense", "a", &["in"]), layer("Dense", "b", &["in"]));
        let joined = layer("Concatenate", "c", &["a", "b"]);
        let of = |output: &str| json!([[output, 0, 0]]);
        let branches = refused(&[input.clone(), a.clone(), b.clone(), joined], &of("c"));
        assert_eq!(branches, "its layer `c` (Concatenate) joins several branches");
        let several = refused(&[input.clone(), a.clone(), b], &json!([["a", 0, 0], ["b", 0, 0]]));
        assert_eq!(several, "it has 2 outputs, not 1");
        let mut shared = a.clone();
        shared["inbound_nodes"] = json!([[["in", 0, 0, {}]], [["a", 0, 0, {}]]]);
        assert_eq!(refused(&[input.clone(), shared], &of("a")), "its layer `a` (Dense) is used 2 times, not once");
        let circle = layer("Dense", "a", &["a"]);
        assert_eq!(refused(&[input.clone(), circle], &of("a")), "its layers go round in a circle");
        assert!(refused(&[input], &of("a")).starts_with("its description has no layer `a`"));
        assert_eq!(chain(&json!({})).unwrap_err(), "its description has no layers");
    }
}
