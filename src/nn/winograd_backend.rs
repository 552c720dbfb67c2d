//! The convolutions by Winograd's minimal filtering: the processor's quick way, in 32-bit floats and without libtorch.
//!
//! Its threads are its own, so that a scan does not wait for images that are being decoded.

use std::cell::RefCell;

use rayon::{ThreadPool, ThreadPoolBuilder};
use winograd::{Convolution, Instructions, Map, Shape};

use super::error::NnError;
use crate::domain::vgg16::Conv;
use crate::weights::ConvWeights;

/// Convolutions from the input on, one after the other.
pub(super) struct WinogradBackend {
    /// Pixels a side of the images.
    side: usize,
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
    /// All of `plan`, for images of `side` x `side`; the last one's output is not pooled. On as many threads as libtorch has.
    pub(super) fn new(
        plan: &[Conv],
        weights: &[ConvWeights],
        side: usize,
        instructions: Instructions,
    ) -> Result<Self, NnError> {
        let n_threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let threads = ThreadPoolBuilder::new().num_threads(n_threads).thread_name(|n| format!("gw-network-{n}"));
        let threads = threads.build().map_err(|error| NnError::NoThreads { cause: error.to_string() })?;
        let (mut below, mut convolutions) = (side, Vec::with_capacity(plan.len()));
        for (at, (conv, weights)) in plan.iter().zip(weights).enumerate() {
            let pooled = conv.ends_block && at + 1 < plan.len();
            let shape = Shape { inputs: conv.inputs, outputs: conv.outputs, side: below, pooled };
            below = shape.output_side();
            convolutions.push(threads.install(|| Convolution::new(shape, &weights.weight, &weights.bias)));
        }
        let maps = convolutions.iter().map(Convolution::output).collect();
        let buffers = RefCell::new(Buffers { maps, factors: Vec::new() });
        Ok(Self { side, convolutions, instructions, threads, buffers })
    }

    /// Numbers of a prepared image.
    pub(super) fn n_levels(&self) -> usize {
        3 * self.side.pow(2)
    }

    /// What the last convolution makes of a prepared image, `[side, side, 3]`.
    pub(super) fn run(&self, image: &[f32]) -> Planes {
        let Self { side, convolutions, instructions, threads, buffers } = self;
        let Buffers { maps, factors } = &mut *buffers.borrow_mut();
        let image = Map::of_picture(*side, 3, image);
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
    /// The greatest of each 2x2; the last row and column of an odd side are in none.
    pub(super) fn pooled(&self) -> Vec<f32> {
        let planes = self.values.chunks_exact(self.side.pow(2));
        let rows = planes.flat_map(|plane| plane.chunks_exact(2 * self.side));
        let greatest = |rows: &[f32]| {
            let (above, below) = rows.split_at(self.side);
            let columns = above.chunks_exact(2).zip(below.chunks_exact(2));
            columns.map(|(a, b)| a[0].max(a[1]).max(b[0].max(b[1]))).collect::<Vec<_>>()
        };
        rows.flat_map(greatest).collect()
    }
}
