//! The weights of a layer as the factors that are multiplied.

use rayon::prelude::*;

use crate::map::BLOCK;
use crate::points::{FREQUENCIES, KernelTransform, LANES};
use crate::products::PANELS;

/// Numbers in the factors of one frequency and one block of outputs.
pub(crate) fn part_size(inputs: usize) -> usize {
    inputs.next_multiple_of(BLOCK) * BLOCK
}

/// Numbers that [`transform`] makes.
pub(crate) fn n_factors(inputs: usize, outputs: usize) -> usize {
    outputs.div_ceil(BLOCK) * FREQUENCIES * part_size(inputs)
}

/// `weight` is `[outputs, inputs, 3, 3]`; `factors` becomes `[blocks of outputs][36][4 panels][inputs][16]`, where zeros fill
/// the last blocks of inputs and outputs.
pub(crate) fn transform(weight: &[f32], inputs: usize, factors: &mut [f32]) {
    let transform = KernelTransform::new();
    let blocks = factors.par_chunks_exact_mut(FREQUENCIES * part_size(inputs));
    let blocks = blocks.zip(weight.par_chunks(BLOCK * inputs * 9));
    blocks.for_each(|(block, kernels)| transform_block(&transform, kernels, inputs, block));
}

/// `kernels` is `[up to 64 outputs, inputs, 9]`, `block` becomes `[36][4 panels][inputs][16]`.
fn transform_block(transform: &KernelTransform, kernels: &[f32], inputs: usize, block: &mut [f32]) {
    let n_rows = inputs.next_multiple_of(BLOCK);
    for (panel, kernels) in kernels.chunks(LANES * inputs * 9).enumerate() {
        for input in 0..inputs {
            let taps = taps(kernels, inputs, input);
            for frequency in 0..FREQUENCIES {
                let row = (frequency * PANELS + panel) * n_rows + input;
                block[row * LANES..][..LANES].copy_from_slice(&transform.of(&taps, frequency));
            }
        }
    }
}

/// The weights of one input, those of the outputs side by side.
fn taps(kernels: &[f32], inputs: usize, input: usize) -> [[f64; LANES]; 9] {
    let mut taps = [[0.0; LANES]; 9];
    for (output, kernels) in kernels.chunks_exact(inputs * 9).enumerate() {
        for tap in 0..9 {
            taps[tap][output] = f64::from(kernels[input * 9 + tap]);
        }
    }
    taps
}
