//! A layer by minimal filtering: its weights' factors, and how its tiles are shared out among threads.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::convolution::{Shape, SharedFactors};
use crate::instructions::Instructions;
use crate::kernels;
use crate::map::{BLOCK, Map, pitch};
use crate::points::{FREQUENCIES, TILE};
use crate::products::{Factors, Multiplication};
use crate::spectrum::{Finish, Group, Products, size};

/// Tiles in a group: with 64 inputs, its factors and products of 64 outputs, half a megabyte, stay in a core's own cache.
const GROUP: usize = 28;
/// Blocks of inputs up to which a group is finished by one thread, from factors to outputs.
const FEW_BLOCKS: usize = 2;
/// Factors that are made before they are used, in numbers: 8 MiB stay in the cache that the cores share.
const BAND: usize = 1 << 21;

/// Factors of weights, and biases.
#[derive(Clone)]
pub(crate) struct Filtered {
    shape: Shape,
    /// `[blocks of outputs][36][4 panels][inputs][16]`
    weights: SharedFactors,
    /// Zeros fill the last block.
    bias: Vec<f32>,
}

/// What is written anew by every layer. For those of VGG16 at most 26 MB, and 0.8 MB for each thread, however many pictures.
#[derive(Debug, Default)]
pub struct Buffers {
    factors: Vec<f32>,
    products: Vec<f32>,
    /// For each thread.
    own: Vec<Mutex<Own>>,
}

#[derive(Debug, Default)]
struct Own {
    factors: Vec<f32>,
    products: Vec<f32>,
}

/// Tiles of a picture, and where their outputs go: the rows of each block of the map.
struct Task<'a> {
    group: Group,
    input: &'a Map,
    outputs: Vec<&'a mut [f32]>,
}

impl Filtered {
    /// `weights` are those of [`kernels::transform`]; `bias` is filled up with zeros.
    pub(crate) fn new(shape: Shape, weights: SharedFactors, bias: Vec<f32>) -> Self {
        Self { shape, weights, bias }
    }

    pub(crate) fn run(&self, instructions: Instructions, inputs: &[Map], outputs: &mut [Map], buffers: &mut Buffers) {
        let maps = inputs.iter().zip(outputs);
        let mut tasks: Vec<_> = maps.flat_map(|(input, output)| self.tasks(input, output)).collect();
        if self.n_blocks() <= FEW_BLOCKS {
            return self.finish_each(instructions, tasks, buffers);
        }
        let mut rest = tasks.as_mut_slice();
        while !rest.is_empty() {
            let (band, below) = rest.split_at_mut(self.band(rest));
            self.finish_together(instructions, band, buffers);
            rest = below;
        }
    }

    /// Of inputs.
    fn n_blocks(&self) -> usize {
        self.shape.inputs.div_ceil(BLOCK)
    }

    /// Rows and columns of the output that a tile makes.
    fn step(&self) -> usize {
        if self.shape.pooled { TILE / 2 } else { TILE }
    }

    /// As few whole rows of tiles as make a group; only those that reach the output.
    fn groups(&self) -> Vec<Group> {
        let side = self.shape.side;
        let n = self.shape.output_side().div_ceil(self.step());
        let n_columns = side.div_ceil(TILE);
        let n_rows = (GROUP / n_columns).max(1);
        let group =
            |first_row| Group { side, first_row, n_rows: n_rows.min(n - first_row), first_column: 0, n_columns };
        (0..n).step_by(n_rows).map(group).collect()
    }

    fn tasks<'a>(&self, input: &'a Map, output: &'a mut Map) -> Vec<Task<'a>> {
        let row_size = pitch(output.side) * BLOCK;
        let step = self.step();
        // The map's first row is border.
        let blocks = output.values.chunks_exact_mut(pitch(output.side) * row_size);
        let mut rests: Vec<_> = blocks.map(|block| &mut block[row_size..]).collect();
        let mut tasks = Vec::new();
        for group in self.groups() {
            let split = rests.into_iter().map(|rest| rest.split_at_mut(group.n_rows * step * row_size));
            let (outputs, below) = split.unzip();
            rests = below;
            tasks.push(Task { group, input, outputs });
        }
        tasks
    }

    /// How many tasks make a band.
    fn band(&self, tasks: &[Task]) -> usize {
        let mut n_tiles = 0;
        let fits = |task: &&Task| {
            n_tiles += task.group.n_tiles();
            n_tiles * FREQUENCIES * self.n_blocks() * BLOCK <= BAND
        };
        tasks.iter().take_while(fits).count().max(1)
    }

    fn weights_of(&self, block: usize, frequency: usize) -> &[f32] {
        let size = kernels::part_size(self.shape.inputs);
        &(*self.weights).as_ref()[(block * FREQUENCIES + frequency) * size..][..size]
    }

    fn finish_of(&self, block: usize) -> Finish<'_> {
        Finish { bias: &self.bias[block * BLOCK..][..BLOCK], pooled: self.shape.pooled }
    }

    /// A group by one thread, from its factors to its outputs: little has to leave the core's own cache.
    fn finish_each(&self, instructions: Instructions, tasks: Vec<Task>, buffers: &mut Buffers) {
        buffers.own.resize_with(rayon::current_num_threads().max(buffers.own.len()), Mutex::default);
        tasks.into_par_iter().for_each(|task| {
            let own = &buffers.own[rayon::current_thread_index().unwrap_or(0)];
            let mut own = own.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            self.finish_alone(instructions, task, &mut own);
        });
    }

    /// Wide groups in parts.
    fn finish_alone(&self, instructions: Instructions, task: Task, own: &mut Own) {
        let Task { group, input, mut outputs } = task;
        for part in group.parts(GROUP) {
            let n_tiles = part.n_tiles();
            let factors = room(&mut own.factors, size(n_tiles) * self.n_blocks());
            for (block, factors) in blocks_of(input).zip(factors.chunks_exact_mut(size(n_tiles))) {
                instructions.spread(block, part, factors);
            }
            let groups = [Factors { values: factors, n_tiles }];
            let products = room(&mut own.products, size(n_tiles));
            for (block, rows) in outputs.iter_mut().enumerate() {
                for (frequency, products) in products.chunks_exact_mut(n_tiles * BLOCK).enumerate() {
                    let weights = self.weights_of(block, frequency);
                    instructions.multiply(Multiplication { groups: &groups, frequency, weights }, products);
                }
                let products = Products { values: products, stride: n_tiles };
                instructions.gather(products, self.finish_of(block), part, rows);
            }
        }
    }

    /// Many groups, each frequency by one thread: weights are read once for all of them.
    fn finish_together(&self, instructions: Instructions, tasks: &mut [Task], buffers: &mut Buffers) {
        let n_tiles: usize = tasks.iter().map(|task| task.group.n_tiles()).sum();
        let n_outputs = self.bias.len() / BLOCK;
        let factors = room(&mut buffers.factors, size(n_tiles) * self.n_blocks());
        let products = room(&mut buffers.products, size(n_tiles) * n_outputs);
        let groups = self.spread_all(instructions, tasks, factors);
        products.par_chunks_exact_mut(n_tiles * BLOCK).enumerate().for_each(|(at, products)| {
            let (frequency, block) = (at / n_outputs, at % n_outputs);
            let weights = self.weights_of(block, frequency);
            instructions.multiply(Multiplication { groups: &groups, frequency, weights }, products);
        });
        let mut first = 0;
        let mut rows = Vec::new();
        for task in tasks {
            let group = task.group;
            rows.extend(task.outputs.iter_mut().enumerate().map(|(block, rows)| (first, group, block, &mut **rows)));
            first += group.n_tiles();
        }
        rows.into_par_iter().for_each(|(first, group, block, rows)| {
            let values = &products[(block * n_tiles + first) * BLOCK..];
            instructions.gather(Products { values, stride: n_outputs * n_tiles }, self.finish_of(block), group, rows);
        });
    }

    /// Factors of all tasks, one after the other: a thread for each group and block of inputs.
    fn spread_all<'f>(&self, instructions: Instructions, tasks: &[Task], factors: &'f mut [f32]) -> Vec<Factors<'f>> {
        let mut parts = Vec::new();
        let mut rest = &mut *factors;
        for task in tasks {
            for block in blocks_of(task.input) {
                let (own, below) = rest.split_at_mut(size(task.group.n_tiles()));
                rest = below;
                parts.push((block, task.group, own));
            }
        }
        parts.into_par_iter().for_each(|(block, group, factors)| instructions.spread(block, group, factors));
        let mut rest = &*factors;
        let of_task = |task: &Task| {
            let n_tiles = task.group.n_tiles();
            let (values, below) = rest.split_at(size(n_tiles) * self.n_blocks());
            rest = below;
            Factors { values, n_tiles }
        };
        tasks.iter().map(of_task).collect()
    }
}

fn blocks_of(map: &Map) -> impl Iterator<Item = &[f32]> {
    map.values.chunks_exact(pitch(map.side).pow(2) * BLOCK)
}

/// At least so many numbers, whatever they are.
fn room(buffer: &mut Vec<f32>, n: usize) -> &mut [f32] {
    if buffer.len() < n {
        buffer.resize(n, 0.0);
    }
    &mut buffer[..n]
}
