//! Heat maps held against the truth: generated radiographs, of which it is known where the finding is painted.

use crate::domain::{BackboneRecord, ClassMap, MapBenchmark, MapMethod, MapScore, Progress};
use crate::head::{Head, class_maps};
use crate::imaging::{Phantom, PhantomClass, PhantomImage, PhantomPatch};
use crate::nn::{Engine, NetworkImage, NnError};
use crate::stats::{Estimate, Paired, argmax, mean, wilson_interval};

/// Radiographs that no demo has: its own begin at 0.
const FIRST_SEED: u64 = 1 << 32;
/// Radiographs at a time.
const N_TOGETHER: u64 = 16;

/// What one radiograph says of each method, in the order of [`MapMethod::ALL`].
struct ScoredImage {
    is_recognised: bool,
    painted: f64,
    methods: Vec<(bool, f64)>,
}

/// Explains `n` (at least 1) radiographs with patches, and scores the maps of `class` as they are drawn.
///
/// # Errors
/// [`NnError`] of the network.
pub fn benchmark_maps(
    (engine, head): (&Engine, &Head),
    record: &BackboneRecord,
    class: usize,
    n: u64,
    progress: &dyn Progress,
) -> Result<MapBenchmark, NnError> {
    let mut scored = Vec::new();
    for first in (0..n).step_by(N_TOGETHER as usize) {
        let seeds = first..n.min(first + N_TOGETHER);
        let images: Vec<PhantomImage> =
            seeds.map(|at| Phantom { class: PhantomClass::Patchy, seed: FIRST_SEED + at }.image()).collect();
        let inputs = images.iter().map(|image| NetworkImage::of_model(&image.picture, record)).collect();
        for (image, activations) in images.iter().zip(engine.activations(inputs)?) {
            let is_recognised = argmax(&head.logits(&activations.pool5)) == class;
            let maps = class_maps(head, &activations);
            scored.extend(maps.get(class).map(|map| score(image, map, is_recognised)));
        }
        progress.advance(images.len() as u64);
    }
    Ok(summary(&scored))
}

fn score(image: &PhantomImage, map: &ClassMap, is_recognised: bool) -> ScoredImage {
    let of_method = |method| {
        let drawn = map.drawn(method);
        let heat = drawn.rectified();
        let is_hit = drawn.peak() > 0.0 && is_painted(image, drawn.side, argmax(&heat));
        (is_hit, share_inside(&heat, &painted_shares(image, drawn.side)))
    };
    ScoredImage {
        is_recognised,
        painted: mean(&painted_shares(image, map.side)).unwrap_or(0.0),
        methods: MapMethod::ALL.map(of_method).to_vec(),
    }
}

/// The share of the heat that lies on what is painted, cell by cell.
fn share_inside(heat: &[f32], painted: &[f64]) -> f64 {
    let total: f64 = heat.iter().map(|cell| f64::from(*cell)).sum();
    let inside: f64 = heat.iter().zip(painted).map(|(cell, share)| f64::from(*cell) * share).sum();
    if total > 0.0 { inside / total } else { 0.0 }
}

/// Of each cell of a grid with `side` rows and columns over the image, the share of its area that is painted.
fn painted_shares(image: &PhantomImage, side: usize) -> Vec<f64> {
    // Places along a side of a cell at which it is looked: one every 3 pixels at 14 cells.
    const N: usize = 8;
    let (width, height) = (f64::from(image.picture.width()), f64::from(image.picture.height()));
    let step = |at: usize, length: f64| (at as f64 + 0.5) / (side * N) as f64 * length;
    let is_hit = |row: usize, column: usize| is_in(&image.patches, step(column, width), step(row, height));
    let share = |cell: usize| {
        let (row, column) = (cell / side * N, cell % side * N);
        let hits = (0..N * N).filter(|at| is_hit(row + at / N, column + at % N)).count();
        hits as f64 / (N * N) as f64
    };
    (0..side * side).map(share).collect()
}

/// Whether the centre of a cell lies in a patch.
fn is_painted(image: &PhantomImage, side: usize, cell: usize) -> bool {
    let centre = |at: usize, length: u32| (at as f64 + 0.5) / side as f64 * f64::from(length);
    is_in(&image.patches, centre(cell % side, image.picture.width()), centre(cell / side, image.picture.height()))
}

fn is_in(patches: &[PhantomPatch], x: f64, y: f64) -> bool {
    patches.iter().any(|patch| (patch.x - x).hypot(patch.y - y) <= patch.radius)
}

fn summary(scored: &[ScoredImage]) -> MapBenchmark {
    let share = |is: &dyn Fn(&ScoredImage) -> bool| {
        let hits = scored.iter().filter(|image| is(image)).count() as u64;
        let n = scored.len() as u64;
        Estimate { value: hits as f64 / n.max(1) as f64, interval: wilson_interval(hits, n) }
    };
    let average = |of: &dyn Fn(&ScoredImage) -> f64| mean(&scored.iter().map(of).collect::<Vec<_>>()).unwrap_or(0.0);
    let methods = MapMethod::ALL.into_iter().enumerate().map(|(at, method)| MapScore {
        method,
        pointing: share(&|image| image.methods[at].0),
        inside: average(&|image| image.methods[at].1),
    });
    let hits = |method: MapMethod| {
        let at = MapMethod::ALL.iter().position(|other| *other == method).unwrap_or_default();
        scored.iter().map(|image| image.methods[at].0).collect::<Vec<_>>()
    };
    MapBenchmark {
        n_images: scored.len() as u64,
        recognised: share(&|image| image.is_recognised),
        painted: average(&|image| image.painted),
        methods: methods.collect(),
        hires_cam_or_grad_cam: Paired::of(&hits(MapMethod::HiresCam), &hits(MapMethod::GradCam)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A radiograph with one patch around the centre of the cell in row 3 and column 4 of 14.
    fn image() -> PhantomImage {
        let PhantomImage { picture, .. } = Phantom { class: PhantomClass::Plain, seed: 1 }.image();
        let patch = PhantomPatch { x: 4.5 / 14.0 * 320.0, y: 3.5 / 14.0 * 384.0, radius: 30.0 };
        PhantomImage { picture, patches: vec![patch] }
    }

    fn map(cell: usize) -> ClassMap {
        let one = |at: usize, value: f32| (0..196).map(|i| if i == at { value } else { 0.0 }).collect::<Vec<_>>();
        let far = one(195, 2.0);
        ClassMap {
            side: 14,
            grad_cam: one(cell, 1.0),
            hires_cam: one(0, -1.0),
            grad_cam_plus_plus: far,
            layer_cam: one(cell, 3.0),
        }
    }

    #[test]
    fn heat_on_the_patch_is_inside_and_points_at_it_and_no_heat_does_neither() {
        let hit = score(&image(), &map(3 * 14 + 4), true);
        assert_eq!(hit.methods, [(true, 1.0), (false, 0.0), (false, 0.0), (true, 1.0)]);
        let area = std::f64::consts::PI * 30.0 * 30.0 / (320.0 * 384.0);
        assert!((hit.painted - area).abs() < 0.002, "{} of {area}", hit.painted);
        let found = summary(&[hit, score(&image(), &map(0), false)]);
        assert_eq!((found.n_images, found.recognised.value, found.methods[0].pointing.value), (2, 0.5, 0.5));
        assert!((found.methods[0].inside - 0.5).abs() < 1e-12);
        assert_eq!((found.hires_cam_or_grad_cam.only_first, found.hires_cam_or_grad_cam.only_second), (0, 1));
    }
}
