//! What is read of real files, and what is refused, each by its name.

use super::super::tests::{fixture, thin_vgg16};
use super::*;

#[test]
fn a_file_that_is_no_such_model_is_refused_with_the_reason() {
    let refusal = |name: &str| {
        let error = read_model_of(&fixture(name), &thin_vgg16(), Preprocessing::Auto).err().unwrap().to_string();
        error.replace(&fixture(name).display().to_string(), "FILE")
    };
    let expected = "`FILE` is not a model that gradwatch can import (VGG16 and layers above it): it has weights but no \
                    layers: save the whole model, with model.save(...); see docs/WEIGHTS.md";
    assert_eq!(refusal("keras3-nested.weights.h5"), expected);
    assert_eq!(refusal("zip.pth"), expected);
    assert!(refusal("keras3-max-pooling.keras").contains("its outputs have neither a sigmoid nor a softmax; "));
}
