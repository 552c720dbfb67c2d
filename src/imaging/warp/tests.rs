//! The kernel against exact interpolation in double precision, and where it must be exact itself.

use proptest::prelude::*;

use super::*;

const BORDER: Border = Border { fill: Fill::Nearest, value: 0 };
const FILLS: [Fill; 4] = [Fill::Nearest, Fill::Constant, Fill::Reflect, Fill::Wrap];

/// Pseudo-random samples of full range: the hardest picture to interpolate.
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

/// Exact bilinear interpolation, unrounded.
fn reference(picture: &Picture, map: &Affine, border: Border) -> Vec<f64> {
    let (data, channels) = (samples(picture), picture.channels() as usize);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let outside = f64::from(border.value) * if picture.depth() == 16 { 257.0 } else { 1.0 };
    let at = |x: i64, y: i64, c: usize| match (inward(x, width, border.fill), inward(y, height, border.fill)) {
        (Some(x), Some(y)) => data[(y * width + x) * channels + c],
        _ => outside,
    };
    let mut out = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let [u, v] = map.apply(x as f64, y as f64);
        let (i, j, fx, fy) = (u.floor() as i64, v.floor() as i64, u - u.floor(), v - v.floor());
        for c in 0..channels {
            let top = at(i, j, c) * (1.0 - fx) + at(i + 1, j, c) * fx;
            let bottom = at(i, j + 1, c) * (1.0 - fx) + at(i + 1, j + 1, c) * fx;
            out.push(top * (1.0 - fy) + bottom * fy);
        }
    }
    out
}

/// (mean, greatest) difference in levels from the rounded reference and from the exact one.
fn deviation(picture: &Picture, map: &Affine, border: Border) -> (f64, f64) {
    let (ours, exact) = (samples(&picture.warped(map, border)), reference(picture, map, border));
    let mean = ours.iter().zip(&exact).map(|(a, b)| a - b).sum::<f64>() / ours.len() as f64;
    let worst = ours.iter().zip(&exact).map(|(a, b)| (a - b.round()).abs()).fold(0.0, f64::max);
    (mean, worst)
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
    fn is_within_one_level_of_exact_interpolation(
        rotation in -180.0..180.0, shear in -40.0..40.0, zx in 0.5..2.0, zy in 0.5..2.0,
        sx in -60.0..60.0, sy in -60.0..60.0, flip: bool, fill in 0..4_usize, channels in prop::sample::select(vec![1_u32, 3]),
        width in 1..50_u32, height in 1..50_u32,
    ) {
        let border = Border { fill: FILLS[fill], value: 77 };
        let map = map(rotation, shear, [zx, zy], [sx, sy], flip, (width, height));
        for picture in [noise8(width, height, channels), noise16(width, height, channels)] {
            let (_, worst) = deviation(&picture, &map, border);
            prop_assert!(worst <= 1.0, "{worst} levels off at {} bits", picture.depth());
        }
    }

    #[test]
    fn columns_found_by_division_are_those_found_by_looking(
        start in -(1_i64 << 40)..(1 << 40), step in -(1_i64 << 34)..(1 << 34), side in 1..40_usize, n in 0..60_usize,
    ) {
        for step in [step, 0, 1 << 32, -(1 << 32)] {
            let run = Run { start, step };
            let looked: Vec<_> = (0..n).filter(|&c| (0..(side as i64 - 1) << Q).contains(&run.at(c))).collect();
            prop_assert_eq!(run.inside(side, n).collect::<Vec<_>>(), looked);
        }
    }
}

#[test]
fn is_unbiased() {
    let picture = noise8(224, 224, 1);
    for rotation in [1.0, 7.3, 33.0, -12.5] {
        let map = map(rotation, 3.0, [0.93, 1.07], [4.4, -2.7], false, (224, 224));
        let (mean, _) = deviation(&picture, &map, BORDER);
        assert!(mean.abs() <= 0.01, "{rotation} degrees: {mean} levels");
    }
}

#[test]
fn identity_flips_and_quarter_turns_move_samples_and_change_none() {
    const N: u32 = 37;
    let still = |turn: f64, flip| map(turn, 0.0, [1.0; 2], [0.0; 2], flip, (N, N));
    for fill in FILLS {
        for (picture, width) in [(noise8(N, N, 3), 3), (noise16(N, N, 1), 1)] {
            let border = Border { fill, value: 9 };
            let data = samples(&picture);
            let at = |x: usize, y: usize| data[(y * N as usize + x) * width..][..width].to_vec();
            let last = N as usize - 1;
            let expect = |map, from: &dyn Fn(usize, usize) -> (usize, usize)| {
                let all = (0..=last).flat_map(|y| (0..=last).map(move |x| (x, y)));
                let moved: Vec<f64> = all
                    .flat_map(|(x, y)| {
                        let (x, y) = from(x, y);
                        at(x, y)
                    })
                    .collect();
                assert_eq!(samples(&picture.warped(&map, border)), moved, "{fill:?}");
            };
            expect(still(0.0, false), &|x, y| (x, y));
            expect(still(0.0, true), &|x, y| (last - x, y));
            expect(still(180.0, false), &|x, y| (last - x, last - y));
            expect(still(90.0, false), &|x, y| (last - y, x));
            expect(still(-90.0, false), &|x, y| (y, last - x));
        }
    }
}

#[test]
fn each_fill_brings_in_what_it_says() {
    let picture = Picture::new(4, 1, 1, Pixels::U8(vec![1, 2, 3, 4])).unwrap();
    let right_by_three = Affine::shift([3.0, 0.0]);
    for (fill, expected) in [
        (Fill::Nearest, [1, 1, 1, 1]),
        (Fill::Constant, [9, 9, 9, 1]),
        (Fill::Reflect, [3, 2, 1, 1]),
        (Fill::Wrap, [2, 3, 4, 1]),
    ] {
        let moved = picture.warped(&right_by_three, Border { fill, value: 9 });
        assert_eq!(moved.pixels(), &Pixels::U8(expected.to_vec()), "{fill:?}");
    }
}
