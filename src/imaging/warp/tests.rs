//! The fast kernel against the reference sampler, and where both must be exact.

use image::{ImageBuffer, Luma};
use imageproc::geometric_transformations::{Border, Interpolation as Way, Projection, warp_into};
use proptest::prelude::*;

use super::exact::Exact;
use super::*;
use crate::domain::Fill;

const FILLS: [Fill; 4] = [Fill::Nearest, Fill::Constant, Fill::Reflect, Fill::Wrap];
const RULES: [BorderRule; 2] = [BorderRule::Grid, BorderRule::SciPy];
const INTERPOLATIONS: [Interpolation; 3] = [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic];

fn bilinear(fill: Fill, value: u8, rule: BorderRule) -> Sampling {
    Sampling { interpolation: Interpolation::Bilinear, fill, value, rule }
}

/// Pseudo-random samples of full range: the hardest image to interpolate.
fn noise8(width: u32, height: u32, channels: u32) -> Picture {
    let data = (0..width * height * channels).map(|i| (i.wrapping_mul(2_654_435_769) >> 24) as u8).collect();
    Picture::new(width, height, channels, Pixels::U8(data)).unwrap()
}

fn noise16(width: u32, height: u32, channels: u32) -> Picture {
    let data = (0..width * height * channels).map(|i| (i.wrapping_mul(2_654_435_769) >> 16) as u16).collect();
    Picture::new(width, height, channels, Pixels::U16(data)).unwrap()
}

fn samples(picture: &Picture) -> Vec<f64> {
    match picture.pixels() {
        Pixels::U8(data) => data.iter().map(|&v| f64::from(v)).collect(),
        Pixels::U16(data) => data.iter().map(|&v| f64::from(v)).collect(),
    }
}

fn all<const C: usize>(exact: &Exact<f64, C, 2>, map: &Affine, [width, height]: [usize; 2]) -> Vec<f64> {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| map.apply(x as f64, y as f64)));
    places.flat_map(|[u, v]| exact.pixel(u, v)).collect()
}

/// The reference sampler's values, unrounded.
fn reference(picture: &Picture, map: &Affine, sampling: Sampling) -> Vec<f64> {
    let (data, size) = (samples(picture), [picture.width() as usize, picture.height() as usize]);
    let outside = f64::from(sampling.value) * if picture.depth() == 16 { 257.0 } else { 1.0 };
    match picture.channels() {
        1 => all(&Exact::<f64, 1, 2>::new(&data, size, 0, sampling.into(), outside), map, size),
        _ => all(&Exact::<f64, 3, 2>::new(&data, size, 0, sampling.into(), outside), map, size),
    }
}

/// (mean, greatest) difference in levels from the exact values and from the rounded ones.
fn deviation(picture: &Picture, map: &Affine, sampling: Sampling) -> (f64, f64) {
    let (ours, exact) = (samples(&picture.warped(map, None, sampling)), reference(picture, map, sampling));
    let mean = ours.iter().zip(&exact).map(|(a, b)| a - b).sum::<f64>() / ours.len() as f64;
    let worst = ours.iter().zip(&exact).map(|(a, b)| (a - b.round()).abs()).fold(0.0, f64::max);
    (mean, worst)
}

/// By imageproc, in 32-bit floats, since its 8-bit kernel cuts fractions off. Its matrix maps the other way.
fn by_imageproc(picture: &Picture, map: &Affine) -> Vec<f64> {
    let (m, data) = (map.0.map(|value| value as f32), samples(picture).iter().map(|level| *level as f32).collect());
    let matrix = Projection::from_matrix([m[0], m[1], m[2], m[3], m[4], m[5], 0.0, 0.0, 1.0]).unwrap().invert();
    let from = ImageBuffer::<Luma<f32>, Vec<f32>>::from_raw(picture.width(), picture.height(), data).unwrap();
    let mut to = ImageBuffer::new(picture.width(), picture.height());
    warp_into(&from, matrix, Way::Bilinear, Border::Replicate, &mut to);
    to.into_raw().into_iter().map(f64::from).collect()
}

fn map(rotation: f64, shear: f64, zoom: [f64; 2], shift: [f64; 2], flip: bool, side: (u32, u32)) -> Affine {
    Affine::flip([flip, false])
        .then(Affine::zoom(zoom))
        .then(Affine::shear(shear))
        .then(Affine::rotation(rotation))
        .then(Affine::shift(shift))
        .about_centre(side.0, side.1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn geometry_is_that_of_imageproc_wherever_all_neighbours_are_inside(
        rotation in -180.0..180.0, shear in -40.0..40.0, zx in 0.5..2.0, zy in 0.5..2.0,
        sx in -20.0..20.0, sy in -20.0..20.0, flip: bool, width in 8..50_u32, height in 8..50_u32,
    ) {
        let (picture, map) = (noise8(width, height, 1), map(rotation, shear, [zx, zy], [sx, sy], flip, (width, height)));
        let ours = samples(&picture.warped(&map, None, bilinear(Fill::Nearest, 0, BorderRule::Grid)));
        let theirs = by_imageproc(&picture, &map);
        let inside = |at: f64, side: u32| (0.01..f64::from(side) - 1.01).contains(&at);
        for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let [u, v] = map.apply((at as u32 % width).into(), (at as u32 / width).into());
            if inside(u, width) && inside(v, height) {
                prop_assert!((ours - theirs).abs() <= 0.6, "{ours} and {theirs} at {u}, {v}");
            }
        }
    }

    #[test]
    fn is_within_one_level_of_exact_interpolation(
        rotation in -180.0..180.0, shear in -40.0..40.0, zx in 0.5..2.0, zy in 0.5..2.0,
        sx in -60.0..60.0, sy in -60.0..60.0, flip: bool, fill in prop::sample::select(FILLS.to_vec()),
        rule in prop::sample::select(RULES.to_vec()), channels in prop::sample::select(vec![1_u32, 3]),
        width in 1..50_u32, height in 1..50_u32,
    ) {
        let map = map(rotation, shear, [zx, zy], [sx, sy], flip, (width, height));
        for picture in [noise8(width, height, channels), noise16(width, height, channels)] {
            let (_, worst) = deviation(&picture, &map, bilinear(fill, 77, rule));
            prop_assert!(worst <= 1.0, "{worst} levels off at {} bits", picture.depth());
        }
    }

    #[test]
    fn wide_instructions_change_no_byte(
        rotation in -180.0..180.0, shear in -40.0..40.0, zx in 0.1..4.0, zy in 0.1..4.0, sx in -9.0..9.0, sy in -9.0..9.0,
        flip: bool, channels in prop::sample::select(vec![1_u32, 3]), width in 2..70_u32, height in 2..40_u32,
    ) {
        let map = map(rotation, shear, [zx, zy], [sx, sy], flip, (width, height));
        let (picture, sampling) = (noise8(width, height, channels), bilinear(Fill::Reflect, 0, BorderRule::Grid));
        prop_assert_eq!(picture.warped(&map, None, sampling), picture.warped_portably(&map, sampling));
    }

    #[test]
    fn a_map_from_anywhere_to_nowhere_is_no_failure(m in prop::array::uniform6(prop::num::f64::ANY), fill in prop::sample::select(FILLS.to_vec())) {
        for (rule, interpolation) in RULES.into_iter().flat_map(|rule| INTERPOLATIONS.map(|i| (rule, i))) {
            let warped = noise8(5, 4, 1).warped(&Affine(m), None, Sampling { interpolation, fill, value: 7, rule });
            prop_assert_eq!(warped.width(), 5);
        }
    }
}

#[test]
fn is_unbiased() {
    let picture = noise8(224, 224, 1);
    for rotation in [1.0, 7.3, 33.0, -12.5] {
        let map = map(rotation, 3.0, [0.93, 1.07], [4.4, -2.7], false, (224, 224));
        let (mean, _) = deviation(&picture, &map, bilinear(Fill::Nearest, 0, BorderRule::Grid));
        assert!(mean.abs() <= 0.01, "{rotation} degrees: {mean} levels");
    }
}

#[test]
fn identity_flips_and_quarter_turns_move_samples_and_change_none() {
    const N: usize = 37;
    const LAST: usize = N - 1;
    type From = fn(usize, usize) -> (usize, usize);
    let cases: [(f64, bool, From); 5] = [
        (0.0, false, |x, y| (x, y)),
        (0.0, true, |x, y| (LAST - x, y)),
        (180.0, false, |x, y| (LAST - x, LAST - y)),
        (90.0, false, |x, y| (LAST - y, x)),
        (-90.0, false, |x, y| (y, LAST - x)),
    ];
    for picture in [noise8(N as u32, N as u32, 3), noise16(N as u32, N as u32, 1)] {
        let (data, channels) = (samples(&picture), picture.channels() as usize);
        for (turn, flip, from) in cases {
            let map = map(turn, 0.0, [1.0; 2], [0.0; 2], flip, (N as u32, N as u32));
            let places = (0..N * N).map(|i| from(i % N, i / N));
            let moved: Vec<f64> =
                places.flat_map(|(x, y)| data[(y * N + x) * channels..][..channels].to_vec()).collect();
            for (fill, rule) in FILLS.into_iter().flat_map(|fill| RULES.map(|rule| (fill, rule))) {
                for interpolation in INTERPOLATIONS {
                    let sampling = Sampling { interpolation, fill, value: 9, rule };
                    assert_eq!(samples(&picture.warped(&map, None, sampling)), moved, "{turn} {flip} {sampling:?}");
                }
            }
        }
    }
}

#[test]
fn each_fill_brings_in_what_it_says() {
    let picture = Picture::new(4, 1, 1, Pixels::U8(vec![1, 2, 3, 4])).unwrap();
    let right_by_three = Affine::shift([3.0, 0.0]);
    for (fill, rule, expected) in [
        (Fill::Nearest, BorderRule::Grid, [1, 1, 1, 1]),
        (Fill::Constant, BorderRule::Grid, [9, 9, 9, 1]),
        (Fill::Reflect, BorderRule::Grid, [3, 2, 1, 1]),
        (Fill::Wrap, BorderRule::Grid, [2, 3, 4, 1]),
        (Fill::Wrap, BorderRule::SciPy, [4, 2, 3, 1]),
    ] {
        for interpolation in INTERPOLATIONS {
            let sampling = Sampling { interpolation, fill, value: 9, rule };
            let moved = picture.warped(&right_by_three, None, sampling);
            assert_eq!(moved.pixels(), &Pixels::U8(expected.to_vec()), "{sampling:?}");
        }
    }
}

#[test]
fn a_place_beyond_the_outermost_centres_is_the_constant_outright_by_one_rule_and_blends_by_the_other() {
    let picture = Picture::new(4, 1, 1, Pixels::U8(vec![100; 4])).unwrap();
    let moved = |rule| picture.warped(&Affine::shift([0.25, 0.0]), None, bilinear(Fill::Constant, 0, rule));
    assert_eq!(moved(BorderRule::SciPy).pixels(), &Pixels::U8(vec![0, 100, 100, 100]));
    assert_eq!(moved(BorderRule::Grid).pixels(), &Pixels::U8(vec![75, 100, 100, 100]));
}

#[test]
fn a_field_moves_what_is_seen_as_a_map_does() {
    let picture = noise8(20, 14, 3);
    let field = Displacement::new(3, 2, vec![[2.25, -1.5]; 6]).unwrap();
    for interpolation in INTERPOLATIONS {
        let sampling = Sampling { interpolation, ..bilinear(Fill::Reflect, 0, BorderRule::Grid) };
        let turned = Affine::rotation(10.0).about_centre(20, 14);
        let moved = picture.warped(&turned, Some(&field), sampling);
        let [u, v] = turned.apply(2.25, -1.5);
        let mapped = Affine([turned.0[0], turned.0[1], u, turned.0[3], turned.0[4], v]);
        let (a, b) = (samples(&moved), samples(&picture.warped(&mapped, None, sampling)));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1.0), "{interpolation:?}");
    }
}
