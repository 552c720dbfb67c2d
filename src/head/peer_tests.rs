//! The maps against those of pytorch-grad-cam, which `scripts/make-map-fixtures` wrote.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Activations, Head, class_maps};
use crate::domain::{ClassName, MapMethod};
use crate::stats::Activation;
use crate::weights::{Function, Layer, Shape};

const GRID: usize = 14;
const SIDE: usize = GRID / 2;
const CHANNELS: usize = 6;

#[derive(Deserialize)]
struct PeerCase {
    conv5_3: Vec<f32>,
    dense: Vec<PeerDense>,
    /// By method and class.
    maps: BTreeMap<MapMethod, Vec<Vec<f32>>>,
}

#[derive(Deserialize)]
struct PeerDense {
    /// A row an output.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl PeerCase {
    fn head(&self) -> Head {
        let classes = ["a", "b", "c"].map(|name| ClassName::new(name).unwrap()).to_vec();
        let grid = Shape { rows: SIDE, columns: SIDE, channels: CHANNELS };
        let relu = || Layer::Function(Function::Relu { slope: 0.0, threshold: 0.0, max: None });
        let mut layers = vec![Layer::Flatten];
        for (at, dense) in self.dense.iter().enumerate() {
            layers.extend((at > 0).then(relu));
            layers.push(dense.layer(at == 0));
        }
        Head::of_layers(classes, Activation::Softmax, grid, layers).unwrap()
    }

    fn activations(&self) -> Activations {
        let at = |channel: usize, row: usize, column: usize| self.conv5_3[(channel * GRID + row) * GRID + column];
        let window = |cell: usize| {
            let (channel, row, column) = (cell / SIDE / SIDE, cell / SIDE % SIDE * 2, cell % SIDE * 2);
            let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
            pairs.iter().map(|(y, x)| at(channel, row + y, column + x)).fold(0.0, f32::max)
        };
        Activations { conv5_3: self.conv5_3.clone(), pool5: (0..CHANNELS * SIDE * SIDE).map(window).collect() }
    }
}

impl PeerDense {
    /// A column an output, as Keras has it; the inputs of the first one come channels last.
    fn layer(&self, is_first: bool) -> Layer {
        let units = self.bias.len();
        let n = self.weight.len() / units;
        let theirs = |input: usize| {
            if is_first { input % CHANNELS * SIDE * SIDE + input / CHANNELS } else { input }
        };
        let weight = (0..n * units).map(|at| self.weight[at % units * n + theirs(at / units)]).collect();
        Layer::Dense { units, weight, bias: self.bias.clone() }
    }
}

/// As the package scales a map before it enlarges it.
fn scaled_as_theirs(cells: &[f32]) -> Vec<f32> {
    let positive: Vec<f32> = cells.iter().map(|cell| cell.max(0.0)).collect();
    let least = positive.iter().copied().fold(f32::INFINITY, f32::min);
    let greatest = positive.iter().copied().fold(0.0, f32::max);
    positive.iter().map(|cell| (cell - least) / (1e-7 + greatest - least)).collect()
}

#[test]
fn every_method_gives_the_maps_of_pytorch_grad_cam() {
    let text = include_str!("../../tests/fixtures/maps/pytorch-grad-cam.json");
    let cases: Vec<PeerCase> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.iter().map(|case| case.head().linear().is_some()).collect::<Vec<_>>(), [true, false]);
    for case in &cases {
        let maps = class_maps(&case.head(), &case.activations());
        for method in MapMethod::ALL {
            let n_cells = |class: usize| (maps[class].cells(method).len(), case.maps[&method][class].len());
            assert_eq!(maps.len(), case.maps[&method].len());
            assert!((0..maps.len()).map(n_cells).all(|(ours, theirs)| ours == theirs && ours > 0));
            for (class, (ours, theirs)) in maps.iter().zip(&case.maps[&method]).enumerate() {
                for (cell, (ours, theirs)) in scaled_as_theirs(ours.cells(method)).iter().zip(theirs).enumerate() {
                    assert!((ours - theirs).abs() < 1e-3, "{method}, class {class}, {cell}: {ours} is not {theirs}");
                }
            }
        }
    }
}
