//! Generated images on which the built-in backbone is standardised: smooth clouds, soft shapes and stripes, half of
//! them grey. They stand for no particular subject; only sums, products and roots are used, so that the bytes are the
//! same on every machine.

use super::network_image::NetworkImage;
use crate::domain::vgg16::INPUT_SIDE;
use crate::stats::Generator;

/// Image `number` of `seed`, 224x224.
pub(super) fn calibration_image(seed: u64, number: usize) -> NetworkImage {
    let mut generator = Generator::new(seed, &format!("pattern {number}"));
    let light = scene(&mut generator);
    let data = if number.is_multiple_of(2) {
        light.iter().flat_map(|value| [to_byte(*value); 3]).collect()
    } else {
        coloured(&light, &scene(&mut generator), &mut generator)
    };
    NetworkImage::generated(INPUT_SIDE as u32, data)
}

/// Two planes mixed with another weight in each channel.
fn coloured(light: &[f32], tint: &[f32], generator: &mut Generator) -> Vec<u8> {
    let shares = [generator.unit(), generator.unit(), generator.unit()];
    light.iter().zip(tint).flat_map(|(a, b)| shares.map(|share| to_byte(a + share * (b - a)))).collect()
}

fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// One plane, stretched to 0..1.
fn scene(generator: &mut Generator) -> Vec<f32> {
    let mut plane = vec![0.0; INPUT_SIDE * INPUT_SIDE];
    for (cell, strength) in [(112, 1.0), (56, 0.6), (28, 0.35), (14, 0.2), (7, 0.12)] {
        add_cloud(&mut plane, cell, strength, generator);
    }
    for _ in 0..3 + generator.below(6) {
        add_shape(&mut plane, generator);
    }
    for value in &mut plane {
        *value += 0.03 * generator.bell();
    }
    stretch(&mut plane);
    plane
}

/// Random values at the corners of square cells, smoothly joined.
fn add_cloud(plane: &mut [f32], cell: usize, strength: f32, generator: &mut Generator) {
    let n_corners = INPUT_SIDE / cell + 2;
    let corners: Vec<f32> = (0..n_corners * n_corners).map(|_| generator.between(-strength, strength)).collect();
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    for (row, line) in plane.chunks_exact_mut(INPUT_SIDE).enumerate() {
        let (top, down) = (row / cell * n_corners, smooth((row % cell) as f32 / cell as f32));
        for (column, value) in line.iter_mut().enumerate() {
            let (left, across) = (column / cell, smooth((column % cell) as f32 / cell as f32));
            let corner = |line: usize, side: usize| corners[top + line * n_corners + left + side];
            let upper = corner(0, 0) + across * (corner(0, 1) - corner(0, 0));
            let lower = corner(1, 0) + across * (corner(1, 1) - corner(1, 0));
            *value += upper + down * (lower - upper);
        }
    }
}

/// An ellipse with an edge between sharp and soft, plain or striped.
fn add_shape(plane: &mut [f32], generator: &mut Generator) {
    let side = INPUT_SIDE as f32;
    let (x0, y0) = (generator.between(0.0, side), generator.between(0.0, side));
    let (rx, ry) = (generator.between(8.0, 90.0), generator.between(8.0, 90.0));
    let (softness, strength) = (generator.between(0.02, 1.0), generator.between(-1.2, 1.2));
    let (dx, dy) = (generator.between(-1.0, 1.0), generator.between(-1.0, 1.0));
    let period = generator.between(4.0, 48.0);
    let striped = generator.unit() < 0.5;
    for (row, line) in plane.chunks_exact_mut(INPUT_SIDE).enumerate() {
        for (column, value) in line.iter_mut().enumerate() {
            let (x, y) = (column as f32 - x0, row as f32 - y0);
            let inside = (1.0 - ((x / rx) * (x / rx) + (y / ry) * (y / ry)).sqrt()) / softness;
            let stripe = if striped { triangle((dx * x + dy * y) / period) } else { 1.0 };
            *value += strength * inside.clamp(0.0, 1.0) * stripe;
        }
    }
}

/// A wave of period 1 between -1 and 1.
fn triangle(t: f32) -> f32 {
    4.0 * (t - t.floor() - 0.5).abs() - 1.0
}

fn stretch(plane: &mut [f32]) {
    let low = plane.iter().copied().fold(f32::INFINITY, f32::min);
    let high = plane.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let span = (high - low).max(f32::MIN_POSITIVE);
    for value in plane {
        *value = (*value - low) / span;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ContentHash;

    #[test]
    fn images_are_varied_and_never_change() {
        let image = |seed, number| calibration_image(seed, number).into_rgb8();
        let grey = image(1, 0);
        assert!(grey.data.chunks_exact(3).all(|rgb| rgb[0] == rgb[1] && rgb[1] == rgb[2]));
        assert!(grey.data.contains(&0) && grey.data.contains(&255));
        let colour = image(1, 1);
        assert!(colour.data.chunks_exact(3).any(|rgb| rgb[0] != rgb[1]));
        assert_eq!(image(1, 0), grey);
        assert_ne!(image(2, 0), grey);
        assert_eq!(ContentHash::of(&grey.data).short(), "8520703e");
    }
}
