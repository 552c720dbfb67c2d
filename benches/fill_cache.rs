//! Fills a dataset and a feature cache for `benches/soak-training`: `cargo bench --bench fill_cache -- DATASET N STATE_DIR`.
//!
//! N tiny pictures of two classes, each another, and for each of them features as the network might give them (two in five
//! above 0, a few channels that tell the class), put into the cache without running the network N times. It uses the
//! backbone, the precision and the place that `gradwatch train` will use with the same configuration.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it prepares a benchmark: it may fail loudly, and what it writes is thrown away"
)]

use std::fs;
use std::path::Path;

use gradwatch::config::{Overrides, load};
use gradwatch::content::Reader;
use gradwatch::disk::Workspace;
use gradwatch::domain::vgg16::N_FEATURES;
use gradwatch::domain::{ContentHash, StopFlag};
use gradwatch::imaging::{Picture, Pixels, encode_png};
use gradwatch::train::{FeatureFolder, store_features};
use gradwatch::workflow::Engines;
use rayon::prelude::*;

const CLASSES: [&str; 2] = ["plain", "patchy"];
/// Values of the channels that tell the class.
const TELLING: usize = N_FEATURES / 64;

fn main() {
    // cargo adds --bench.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [dataset, n, state] = &args[..] else {
        eprintln!("fill_cache: say DATASET N STATE_DIR; benches/soak-training does");
        return;
    };
    let set = vec![format!("storage.state_dir={state:?}"), "compute.device=cpu".to_owned()];
    let settings = load(&Overrides { set, ..Overrides::default() }).unwrap();
    let engine = Engines::new(&settings, &StopFlag::default()).configured().unwrap();
    for class in CLASSES {
        fs::create_dir_all(Path::new(dataset).join(class)).unwrap();
    }
    let numbers = (0..n.parse::<u64>().unwrap()).into_par_iter();
    let known = numbers.map(|number| (write_picture(Path::new(dataset), number), row(number)));
    let folder = FeatureFolder { path: Workspace::new(&settings.state_dir).features(), reserve: settings.reserve };
    store_features(&engine, &folder, &Reader::of(&settings), known).unwrap();
}

/// xorshift (Marsaglia 2003), begun far from 0.
fn draws(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// 16x16 grey pixels that no other number has.
fn write_picture(dataset: &Path, number: u64) -> ContentHash {
    let mut draw = draws(number);
    let pixels = (0..256).map(|_| (draw() >> 56) as u8).collect();
    let bytes = encode_png(&Picture::new(16, 16, 1, Pixels::U8(pixels)).unwrap()).unwrap();
    let class = CLASSES[number as usize % CLASSES.len()];
    fs::write(dataset.join(class).join(format!("{number:06}.png")), &bytes).unwrap();
    ContentHash::of(&bytes)
}

fn row(number: u64) -> Vec<f32> {
    let mut draw = draws(!number);
    let is_telling = |at: usize| at / TELLING == number as usize % CLASSES.len();
    let mut value = |at: usize| {
        let drawn = (draw() >> 40) as f32 / (1_u32 << 24) as f32 - 0.6;
        drawn.max(0.0) + if is_telling(at) { 0.2 } else { 0.0 }
    };
    (0..N_FEATURES).map(&mut value).collect()
}
