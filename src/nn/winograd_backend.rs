//! The layers that run by minimal filtering: the processor's quick way, in 32-bit floats and without libtorch.
//!
//! Its threads are its own, so that a scan does not wait for pictures that are being decoded.

use std::cell::RefCell;

use rayon::{ThreadPool, ThreadPoolBuilder};
use winograd::{Convolution, Instructions, Map, Shape};

use super::error::NnError;
use crate::domain::vgg16::{Conv, INPUT_SIDE};
use crate::weights::ConvWeights;

/// Convolutions from the input on, one after the other.
pub(super) struct Filtered {
    layers: Vec<Convolution>,
    instructions: Instructions,
    threads: ThreadPool,
    room: RefCell<Room>,
}

/// What is written anew for every picture.
struct Room {
    maps: Vec<Map>,
    factors: Vec<f32>,
}

/// Planes one after the other, row-major.
pub(super) struct Planes {
    pub(super) side: usize,
    pub(super) values: Vec<f32>,
}

impl Filtered {
    /// All of `plan`; the last layer's output is pooled only if `pools_last`. On as many threads as libtorch has.
    pub(super) fn new(
        plan: &[Conv],
        weights: &[ConvWeights],
        pools_last: bool,
        instructions: Instructions,
    ) -> Result<Self, NnError> {
        let n_threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let threads = ThreadPoolBuilder::new().num_threads(n_threads).thread_name(|n| format!("gw-network-{n}"));
        let threads = threads.build().map_err(|error| NnError::NoThreads { cause: error.to_string() })?;
        let mut side = INPUT_SIDE;
        let mut layers = Vec::with_capacity(plan.len());
        for (at, (conv, layer)) in plan.iter().zip(weights).enumerate() {
            let pooled = conv.ends_block && (pools_last || at + 1 < plan.len());
            let shape = Shape { inputs: conv.inputs, outputs: conv.outputs, side, pooled };
            side = shape.output_side();
            layers.push(threads.install(|| Convolution::new(shape, &layer.weight, &layer.bias)));
        }
        let room = Room { maps: layers.iter().map(Convolution::output).collect(), factors: Vec::new() };
        Ok(Self { layers, instructions, threads, room: RefCell::new(room) })
    }

    /// What the last layer makes of a prepared picture, `[224, 224, 3]`.
    pub(super) fn run(&self, picture: &[f32]) -> Planes {
        let Self { layers, instructions, threads, room } = self;
        let Room { maps, factors } = &mut *room.borrow_mut();
        let picture = Map::of_picture(INPUT_SIDE, 3, picture);
        threads.install(|| {
            let mut input = &picture;
            for (layer, output) in layers.iter().zip(maps) {
                layer.run(*instructions, input, output, factors);
                input = output;
            }
            Planes { side: input.side(), values: input.planes() }
        })
    }
}

impl Planes {
    /// The greatest of each 2x2.
    pub(super) fn pooled(&self) -> Vec<f32> {
        let rows = self.values.chunks_exact(2 * self.side);
        let greatest = |rows: &[f32]| {
            let (above, below) = rows.split_at(self.side);
            let columns = above.chunks_exact(2).zip(below.chunks_exact(2));
            columns.map(|(a, b)| a[0].max(a[1]).max(b[0].max(b[1]))).collect::<Vec<_>>()
        };
        rows.flat_map(greatest).collect()
    }
}
