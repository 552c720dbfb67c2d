//! Layers against the definition, and against themselves.

use std::slice::{from_mut, from_ref};

use super::*;

/// Numbers that look like chance, between -1 and 1.
fn drawn(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

struct Case {
    layer: Convolution,
    weight: Vec<f32>,
    bias: Vec<f32>,
    picture: Vec<f32>,
}

fn case(inputs: usize, outputs: usize, side: usize, pooled: bool) -> Case {
    let shape = Shape { inputs, outputs, side, pooled };
    let deviation = (1.5 / (inputs as f32 * 9.0)).sqrt();
    let weight: Vec<f32> = drawn(outputs * inputs * 9, 1).into_iter().map(|value| value * deviation).collect();
    let (bias, picture) = (drawn(outputs, 2), drawn(side * side * inputs, 3));
    Case { layer: Convolution::new(shape, &weight, &bias), weight, bias, picture }
}

impl Case {
    fn run(&self, instructions: Instructions) -> Map {
        let Shape { inputs, side, .. } = self.layer.shape();
        let mut output = self.layer.output();
        let input = Map::of_picture(side, inputs, &self.picture);
        self.layer.run(instructions, from_ref(&input), from_mut(&mut output), &mut Buffers::default());
        output
    }

    /// By the definition, in 64 bits.
    fn defined(&self, output: usize, row: usize, column: usize) -> f64 {
        let Shape { inputs, side, pooled, .. } = self.layer.shape();
        let at = |row: usize, column: usize| {
            let mut sum = f64::from(self.bias[output]);
            for (tap, input) in (0..9).flat_map(|tap| (0..inputs).map(move |input| (tap, input))) {
                let (Some(r), Some(c)) = ((row + tap / 3).checked_sub(1), (column + tap % 3).checked_sub(1)) else {
                    continue;
                };
                if r < side && c < side {
                    let weight = self.weight[(output * inputs + input) * 9 + tap];
                    sum += f64::from(weight) * f64::from(self.picture[(r * side + c) * inputs + input]);
                }
            }
            sum.max(0.0)
        };
        if !pooled {
            return at(row, column);
        }
        [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().map(|(r, c)| at(2 * row + r, 2 * column + c)).fold(0.0, f64::max)
    }
}

#[test]
fn a_layer_equals_the_definition_whatever_its_size() {
    let Some(instructions) = Instructions::of_this_processor() else { return };
    for (inputs, outputs, side, pooled) in [
        (3, 64, 12, false),
        (3, 5, 10, true),
        (17, 5, 10, true),
        (4, 3, 9, true),
        (3, 3, 1, true),
        (16, 70, 14, false),
        (64, 64, 28, true),
        (130, 64, 7, false),
        (9, 8, 1, false),
        (9, 8, 23, false),
    ] {
        let case = case(inputs, outputs, side, pooled);
        let found = case.run(instructions).planes();
        let n = case.layer.shape().output_side();
        assert_eq!(found.len(), outputs * n * n);
        for (at, found) in found.into_iter().enumerate() {
            let expected = case.defined(at / (n * n), at / n % n, at % n);
            assert!(
                (f64::from(found) - expected).abs() < 1e-5,
                "{inputs}, {outputs}, {side}, {at}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn a_layer_of_any_small_side_equals_the_definition() {
    let Some(instructions) = Instructions::of_this_processor() else { return };
    for (side, pooled) in (1..42).flat_map(|side| [(side, false), (side, true)]) {
        let case = case(16, 3, side, pooled);
        let found = case.run(instructions).planes();
        let n = case.layer.shape().output_side();
        assert_eq!(found.len(), 3 * n * n);
        for (at, found) in found.into_iter().enumerate() {
            let expected = case.defined(at / (n * n), at / n % n, at % n);
            assert!((f64::from(found) - expected).abs() < 1e-5, "{side}, {pooled}, {at}: {found}, {expected}");
        }
    }
}

#[test]
fn the_numbers_do_not_depend_on_instructions_or_threads() {
    for case in [case(3, 65, 26, false), case(70, 65, 26, true), case(200, 65, 26, false)] {
        let expected = case.run(Instructions::portable());
        for instructions in Instructions::all() {
            for n_threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
                assert!(pool.install(|| case.run(instructions)) == expected, "{instructions:?} on {n_threads}");
            }
        }
    }
}

#[test]
fn pictures_together_give_what_each_gives_alone() {
    let Some(instructions) = Instructions::of_this_processor() else { return };
    for (inputs, side) in [(3, 20), (64, 20), (200, 20), (400, 60)] {
        let mut case = case(inputs, 70, side, false);
        let (mut maps, mut alone) = (Vec::new(), Vec::new());
        for seed in 0..3 {
            case.picture = drawn(side * side * inputs, 10 + seed);
            maps.push(Map::of_picture(side, inputs, &case.picture));
            alone.push(case.run(instructions));
        }
        let mut together = vec![case.layer.output(); 3];
        case.layer.run(instructions, &maps, &mut together, &mut Buffers::default());
        assert!(together == alone, "{inputs} channels of {side}x{side}");
    }
}

#[test]
fn few_channels_of_a_layer_are_read_as_those_of_a_picture() {
    let Some(instructions) = Instructions::of_this_processor() else { return };
    let (first, second) = (case(16, 5, 10, false), case(5, 20, 10, true));
    let between = first.run(instructions);
    let planes = between.planes();
    let picture: Vec<f32> = (0..500).map(|at| planes[at % 5 * 100 + at / 5]).collect();
    let case = Case { picture, ..second };
    let mut output = case.layer.output();
    case.layer.run(instructions, from_ref(&between), from_mut(&mut output), &mut Buffers::default());
    assert!(output == case.run(instructions));
}

#[test]
fn room_that_was_used_changes_nothing() {
    let Some(instructions) = Instructions::of_this_processor() else { return };
    let (wide, small) = (case(70, 64, 28, false), case(3, 64, 10, false));
    let expected = small.run(instructions);
    let mut room = Buffers::default();
    let input = Map::of_picture(28, 70, &wide.picture);
    wide.layer.run(instructions, from_ref(&input), from_mut(&mut wide.layer.output()), &mut room);
    let mut output = small.layer.output();
    for _ in 0..2 {
        let input = Map::of_picture(10, 3, &small.picture);
        small.layer.run(instructions, from_ref(&input), from_mut(&mut output), &mut room);
    }
    assert!(output == expected);
}

/// As a sum that every number and its place counts in.
fn summed(factors: &[f32]) -> u64 {
    factors.iter().fold(0xCBF2_9CE4_8422_2325, |sum: u64, factor| {
        (sum ^ u64::from(factor.to_bits())).wrapping_mul(0x0100_0000_01B3)
    })
}

#[test]
fn factors_are_those_of_their_layout() {
    let sum = |inputs| {
        let shape = Shape { inputs, outputs: 70, side: 8, pooled: false };
        let mut factors = vec![0.0; shape.n_factors()];
        shape.filter(&drawn(70 * inputs * 9, 1), &mut factors);
        summed(&factors)
    };
    let advice = "files keep factors: raise LAYOUT by one if these are meant to be others, and put the new sums here";
    assert_eq!((LAYOUT, sum(5), sum(20)), (1, 14_970_387_058_886_653_209, 17_705_684_003_455_282_976), "{advice}");
}

#[test]
fn factors_that_were_made_before_give_the_same_layer() {
    for inputs in [5, 20] {
        let Case { layer, weight, bias, picture } = case(inputs, 70, 9, true);
        let mut factors = vec![0.0; layer.shape().n_factors()];
        layer.shape().filter(&weight, &mut factors);
        let of_kept = Convolution::with_factors(layer.shape(), Arc::new(factors), &bias);
        let made = Case { layer, weight, bias, picture };
        let planes = made.run(Instructions::portable()).planes();
        assert_eq!(Case { layer: of_kept, ..made }.run(Instructions::portable()).planes(), planes);
    }
}
