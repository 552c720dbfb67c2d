//! Each convolution of VGG16 alone: milliseconds an image, and which part of the peak of the processor that is.
//!
//! `cargo bench -p winograd --bench layers`; `THREADS` says how many (2). Leave the machine alone meanwhile.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a benchmark prints its figures and may fail")]

use std::slice::{from_mut, from_ref};
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use winograd::{Buffers, Convolution, Instructions, Map, Shape};

/// Inputs, outputs, side, whether pooled, and images that run together.
const LAYERS: [(usize, usize, usize, bool, usize); 13] = [
    (3, 64, 224, false, 1),
    (64, 64, 224, true, 1),
    (64, 128, 112, false, 1),
    (128, 128, 112, true, 1),
    (128, 256, 56, false, 1),
    (256, 256, 56, false, 1),
    (256, 256, 56, true, 1),
    (256, 512, 28, false, 4),
    (512, 512, 28, false, 4),
    (512, 512, 28, true, 4),
    (512, 512, 14, false, 4),
    (512, 512, 14, false, 4),
    (512, 512, 14, false, 4),
];
const TIME: Duration = Duration::from_millis(1500);

fn main() {
    let n_threads: usize = std::env::var("THREADS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let threads = ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
    for instructions in Instructions::all() {
        // A quarter of the products of the definition.
        let peak = 4.0 * instructions.peak() * n_threads as f64 / 1e9;
        println!("{instructions:?}, {n_threads} threads, at most {peak:.0} GFLOP/s");
        let (mut total, mut all) = (0.0, 0.0);
        for (inputs, outputs, side, pooled, n) in LAYERS {
            let shape = Shape { inputs, outputs, side, pooled };
            let ms = threads.install(|| milliseconds(shape, n, instructions));
            let gflop = 18.0 * (inputs * outputs * side * side) as f64 / 1e9;
            print(&format!("{inputs:>4} -> {outputs:>4} at {side:>3}"), ms, gflop, peak);
            (total, all) = (total + ms, all + gflop);
        }
        print(&format!("{:5.1} images/s    ", 1e3 / total), total, all, peak);
    }
}

fn print(name: &str, ms: f64, gflop: f64, peak: f64) {
    let rate = gflop / ms * 1e3;
    println!("{name} {ms:7.2} ms {rate:6.0} GFLOP/s {:4.0} %", 100.0 * rate / peak);
}

/// Of an image, the best of many runs.
fn milliseconds(shape: Shape, n: usize, instructions: Instructions) -> f64 {
    let Shape { inputs, outputs, .. } = shape;
    let weight: Vec<f32> = (0..outputs * inputs * 9).map(|at| number(at) / 16.0).collect();
    let convolution = Convolution::new(shape, &weight, &vec![0.1; outputs]);
    let maps = vec![input(shape, instructions); n];
    let mut answers = vec![convolution.output(); n];
    let mut buffers = Buffers::default();
    let (mut best, begin) = (f64::INFINITY, Instant::now());
    while begin.elapsed() < TIME {
        let start = Instant::now();
        convolution.run(instructions, &maps, &mut answers, &mut buffers);
        best = best.min(start.elapsed().as_secs_f64());
    }
    best * 1e3 / n as f64
}

fn number(at: usize) -> f32 {
    ((at * 2_654_435_761) % 1000) as f32 / 1000.0 - 0.5
}

/// Laid out as the layer before it would leave it.
fn input(shape: Shape, instructions: Instructions) -> Map {
    let Shape { inputs, side, .. } = shape;
    let picture: Vec<f32> = (0..side * side * 3).map(number).collect();
    let image = Map::of_picture(side, 3, &picture);
    if inputs == 3 {
        return image;
    }
    let weight: Vec<f32> = (0..inputs * 27).map(|at| (at % 7) as f32 / 7.0 - 0.4).collect();
    let convolution =
        Convolution::new(Shape { inputs: 3, outputs: inputs, side, pooled: false }, &weight, &vec![0.0; inputs]);
    let mut map = convolution.output();
    convolution.run(instructions, from_ref(&image), from_mut(&mut map), &mut Buffers::default());
    map
}
