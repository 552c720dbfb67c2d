//! The convolutions by Winograd's minimal filtering: the processor's quick way, in 32-bit floats and without libtorch.
//!
//! Its threads are its own, so that a scan does not wait for images that are being decoded.

use std::cell::RefCell;

use rayon::{ThreadPool, ThreadPoolBuilder};
use winograd::{Convolution, Instructions, Map, Shape};

use super::error::NnError;
use crate::domain::vgg16::{Conv, INPUT_SIDE};
use crate::weights::ConvWeights;

/// Convolutions from the input on, one after the other.
pub(super) struct WinogradBackend {
    convolutions: Vec<Convolution>,
    instructions: Instructions,
    threads: ThreadPool,
    buffers: RefCell<Buffers>,
}

/// What is written anew for every image.
struct Buffers {
    maps: Vec<Map>,
    factors: Vec<f32>,
}

/// Planes one after the other, row-major.
pub(super) struct Planes {
    side: usize,
    pub(super) values: Vec<f32>,
}

impl WinogradBackend {
    /// All of `plan`; the last one's output is not pooled. On as many threads as libtorch has.
    pub(super) fn new(plan: &[Conv], weights: &[ConvWeights], instructions: Instructions) -> Result<Self, NnError> {
        let n_threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let threads = ThreadPoolBuilder::new().num_threads(n_threads).thread_name(|n| format!("gw-network-{n}"));
        let threads = threads.build().map_err(|error| NnError::NoThreads { cause: error.to_string() })?;
        let mut side = INPUT_SIDE;
        let mut convolutions = Vec::with_capacity(plan.len());
        for (at, (conv, weights)) in plan.iter().zip(weights).enumerate() {
            let pooled = conv.ends_block && at + 1 < plan.len();
            let shape = Shape { inputs: conv.inputs, outputs: conv.outputs, side, pooled };
            side = shape.output_side();
            convolutions.push(threads.install(|| Convolution::new(shape, &weights.weight, &weights.bias)));
        }
        let maps = convolutions.iter().map(Convolution::output).collect();
        Ok(Self { convolutions, instructions, threads, buffers: RefCell::new(Buffers { maps, factors: Vec::new() }) })
    }

    /// What the last convolution makes of a prepared image, `[224, 224, 3]`.
    pub(super) fn run(&self, image: &[f32]) -> Planes {
        let Self { convolutions, instructions, threads, buffers } = self;
        let Buffers { maps, factors } = &mut *buffers.borrow_mut();
        let image = Map::of_picture(INPUT_SIDE, 3, image);
        threads.install(|| {
            let mut input = &image;
            for (convolution, output) in convolutions.iter().zip(maps) {
                convolution.run(*instructions, input, output, factors);
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
