//! The convolutions by Winograd's minimal filtering: the processor's quick way, in 32-bit floats and without libtorch.
//!
//! Its threads are its own, so that a scan does not wait for images that are being decoded.

use std::path::Path;
use std::slice::{from_mut, from_ref};
use std::sync::{Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};
use winograd::{Buffers, Convolution, Instructions, Map, Shape};

use super::error::NnError;
use super::filters::Filters;
use super::kept_filters;
use super::network_image::NetworkImage;
use super::prepared::prepared;
use crate::config::Preparation;
use crate::domain::ContentHash;
use crate::domain::vgg16::Conv;
use crate::weights::ConvWeights;

/// Convolutions over planes of this side or smaller run on several images together: an image has too few tiles there to
/// be worth reading the weights for.
const SMALL_SIDE: usize = 28;

/// Convolutions from the input on, one after the other.
pub(super) struct WinogradBackend {
    /// Pixels a side of the images.
    side: u32,
    input: Preparation,
    filters: Filters,
    /// Run on image after image.
    large: Vec<Convolution>,
    /// Run on all images together.
    small: Vec<Convolution>,
    instructions: Instructions,
    threads: ThreadPool,
    buffers: Mutex<ForwardBuffers>,
}

/// What is written anew for every image, or for the images that run together.
struct ForwardBuffers {
    /// Of each large convolution.
    large: Vec<Map>,
    /// Of each small convolution and each image.
    small: Vec<Vec<Map>>,
    /// Of all layers.
    shared: Buffers,
}

/// Planes one after the other, row-major.
pub(super) struct Planes {
    side: usize,
    pub(super) values: Vec<f32>,
}

impl WinogradBackend {
    /// All of `plan`, for images of `side` x `side`; the last one's output is not pooled. On as many threads as decode.
    pub(super) fn new(
        plan: &[Conv],
        weights: &[ConvWeights],
        input: Preparation,
        side: u32,
        instructions: Instructions,
    ) -> Result<Self, NnError> {
        let (threads, shapes) = (threads()?, shapes(plan, side));
        let filters = threads.install(|| Filters::of(&shapes, weights))?;
        Ok(Self::with(filters, &shapes, threads, (input, side, instructions)))
    }

    /// The same by filters that were kept of these weights, in this folder; `None` where there are none that can be used.
    pub(super) fn kept(
        plan: &[Conv],
        (folder, weights): (&Path, ContentHash),
        input: Preparation,
        side: u32,
        instructions: Instructions,
    ) -> Option<Self> {
        let (threads, shapes) = (threads().ok()?, shapes(plan, side));
        let filters = threads.install(|| kept_filters::load(folder, weights, &shapes))?;
        Some(Self::with(filters, &shapes, threads, (input, side, instructions)))
    }

    fn with(
        filters: Filters,
        shapes: &[Shape],
        threads: ThreadPool,
        (input, side, instructions): (Preparation, u32, Instructions),
    ) -> Self {
        let mut large = filters.convolutions(shapes);
        let is_small = |convolution: &Convolution| convolution.shape().side <= SMALL_SIDE;
        let small = large.split_off(large.iter().position(is_small).unwrap_or(large.len()));
        let buffers = Mutex::new(ForwardBuffers::new(&large, &small));
        Self { side, input, filters, large, small, instructions, threads, buffers }
    }

    /// Keeps its filters in `folder`, as those of `weights`.
    pub(super) fn keep(&self, folder: &Path, weights: ContentHash) {
        let filters = &self.filters;
        self.threads.install(|| kept_filters::keep(folder, weights, filters));
    }

    /// Pixels a side of the images.
    pub(super) fn side(&self) -> u32 {
        self.side
    }

    /// What the last convolution makes of each image.
    pub(super) fn run(&self, images: &[NetworkImage]) -> Vec<Planes> {
        let picture = |image| Map::of_picture(self.side as usize, 3, &prepared(self.input, image));
        self.threads.install(|| {
            let buffers = &mut *self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
            let maps: Vec<_> = images.iter().map(|image| self.run_large(&picture(image), buffers)).collect();
            self.run_small(&maps, buffers)
        })
    }

    fn run_large(&self, image: &Map, buffers: &mut ForwardBuffers) -> Map {
        let ForwardBuffers { large, shared, .. } = buffers;
        let mut input = image;
        for (convolution, output) in self.large.iter().zip(large) {
            convolution.run(self.instructions, from_ref(input), from_mut(output), shared);
            input = output;
        }
        input.clone()
    }

    fn run_small(&self, maps: &[Map], buffers: &mut ForwardBuffers) -> Vec<Planes> {
        let ForwardBuffers { small, shared, .. } = buffers;
        let n = maps.len();
        let mut inputs = maps;
        for (convolution, outputs) in self.small.iter().zip(small) {
            outputs.resize_with(n.max(outputs.len()), || convolution.output());
            convolution.run(self.instructions, inputs, &mut outputs[..n], shared);
            inputs = &outputs[..n];
        }
        inputs.iter().map(|map| Planes { side: map.side(), values: map.planes() }).collect()
    }
}

impl ForwardBuffers {
    fn new(large: &[Convolution], small: &[Convolution]) -> Self {
        let large = large.iter().map(Convolution::output).collect();
        Self { large, small: small.iter().map(|_| Vec::new()).collect(), shared: Buffers::default() }
    }
}

fn threads() -> Result<ThreadPool, NnError> {
    let threads = ThreadPoolBuilder::new().num_threads(rayon::current_num_threads());
    let threads = threads.thread_name(|n| format!("gw-network-{n}")).build();
    threads.map_err(|error| NnError::NoThreads { cause: error.to_string() })
}

fn shapes(plan: &[Conv], side: u32) -> Vec<Shape> {
    let mut below = side as usize;
    let shape = |(at, conv): (usize, &Conv)| {
        let pooled = conv.ends_block && at + 1 < plan.len();
        let shape = Shape { inputs: conv.inputs, outputs: conv.outputs, side: below, pooled };
        below = shape.output_side();
        shape
    };
    plan.iter().enumerate().map(shape).collect()
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
