//! The tensors of one layer: found by the layer's place in the file, never by their shapes.
//!
//! Keras 3's weights files have groups by class and number, and in them tensors by number. All other files have groups by
//! name, first that of the outermost model or layer, and tensors by name.

use super::graph::KerasLayer;
use crate::weights::tensor_file::{NamedTensor, TensorFile};

/// One of a layer's tensors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// Keras 2's and 3's name.
    name: &'static str,
    /// Keras 1's name.
    old: &'static str,
    /// Which of the layer's tensors it is, in Keras 3's weights files.
    index: usize,
}

impl Parameter {
    pub(super) const fn new(name: &'static str, old: &'static str, index: usize) -> Self {
        Self { name, old, index }
    }

    /// Whether a tensor's own name is this, but for what makes it unique: `dense_1/kernel:0`, `dense_1_W_1:0`.
    fn is(self, leaf: &str) -> bool {
        let stem = leaf.split(':').next().unwrap_or_default();
        let unnumbered = stem.rsplit_once('_').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
        let stem = unnumbered.map_or(stem, |(stem, _)| stem);
        [self.name, self.old].into_iter().any(|name| stem == name || stem.ends_with(&format!("_{name}")))
    }
}

/// The tensor of `layer` in `file`; the error is a clause.
pub(super) fn tensor<'f>(
    file: &'f TensorFile,
    layer: &KerasLayer<'_>,
    parameter: Parameter,
) -> Result<&'f NamedTensor, String> {
    let is_numbered = file.tensors.iter().any(|tensor| tensor.name.contains("/vars/"));
    let path = format!("{}/vars/{}", layer.stored, parameter.index);
    let is_it = |tensor: &&NamedTensor| {
        // The first versions of Keras 3 called the group of a model's layers otherwise.
        let numbered = || tensor.name.replace("_layer_checkpoint_dependencies", "layers") == path;
        if is_numbered { numbered() } else { is_named(tensor, layer, parameter) }
    };
    let mut found = file.tensors.iter().filter(is_it);
    let missing = || format!("its {} has no {} in the file", layer.title(), parameter.name);
    let tensor = found.next().ok_or_else(missing)?;
    if found.next().is_some() {
        return Err(format!("its {} has several tensors {} in the file", layer.title(), parameter.name));
    }
    Ok(tensor)
}

fn is_named(tensor: &NamedTensor, layer: &KerasLayer<'_>, parameter: Parameter) -> bool {
    let path: Vec<&str> = tensor.name.trim_start_matches('/').split('/').collect();
    let [groups @ .., leaf] = path.as_slice() else { return false };
    let outermost = layer.models.first().unwrap_or(&layer.name);
    if groups.first() != Some(outermost) || !parameter.is(leaf) {
        return false;
    }
    // All in a layer's own group is its own; in a model's group it is below the layer's name, or begins with it.
    let is_below = groups.len() > 1 && groups.last() == Some(&layer.name);
    layer.models.is_empty() || is_below || leaf.starts_with(&format!("{}_", layer.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_age_are_known() {
        let kernel = Parameter::new("kernel", "W", 0);
        for leaf in ["kernel", "kernel:0", "block1_conv1_W_1:0", "dense_1_W", "W"] {
            assert!(kernel.is(leaf), "{leaf}");
        }
        for leaf in ["bias", "kernel_x", "dense_1_b", "kernelW"] {
            assert!(!kernel.is(leaf), "{leaf}");
        }
    }
}
