//! The table of layouts: every number of bits, compression, order and arrangement, each to the levels that were stored.

use super::writer::{Form, Numbers, file};
use super::{Pixels, decoded};

const ORDERS: [Numbers; 4] = [
    Numbers { is_big_endian: false, is_big: false },
    Numbers { is_big_endian: true, is_big: false },
    Numbers { is_big_endian: false, is_big: true },
    Numbers { is_big_endian: true, is_big: true },
];
const COMPRESSIONS: [u64; 5] = [1, 5, 8, 32_946, 32_773];

/// Samples of `bits` bits on the whole range of 8 or 16.
fn spread(samples: &[u64], bits: u32) -> Pixels {
    let white = ((1_u64 << bits) - 1) as f64;
    let level = |white_out: f64| move |&sample: &u64| (sample as f64 * white_out / white).round();
    if bits <= 8 {
        Pixels::U8(samples.iter().map(level(255.0)).map(|v| v as u8).collect())
    } else {
        Pixels::U16(samples.iter().map(level(65_535.0)).map(|v| v as u16).collect())
    }
}

/// `form` in both arrangements, all compressions and orders, each as `change` makes it.
fn every_storage(form: &Form, mut check: impl FnMut(&Form, Numbers)) {
    for (tile, is_planar) in [(None, false), (Some((16, 16)), false), (None, true), (Some((8, 4)), true)] {
        for compression in COMPRESSIONS {
            for numbers in ORDERS {
                check(&Form { compression, tile, is_planar, ..form.clone() }, numbers);
            }
        }
    }
}

#[test]
fn every_number_of_bits_is_read_in_every_storage() {
    for bits in 1..=16 {
        for (photometric, n_samples) in [(1, 1), (2, 3)] {
            let form = Form::new(bits, photometric, n_samples);
            let samples = form.samples();
            every_storage(&form, |form, numbers| {
                let picture = decoded(&file(numbers, &[(form.clone(), samples.clone())]));
                assert_eq!(picture.pixels(), &spread(&samples, bits), "{form:?}, {numbers:?}");
                let colour = format!("{}{bits}", if n_samples == 1 { "grey" } else { "rgb" });
                assert_eq!(picture.facts().colour, colour);
            });
        }
    }
}

#[test]
fn the_horizontal_predictor_is_undone_in_8_and_16_bits() {
    for bits in [8, 16] {
        for n_samples in [1, 3] {
            let form = Form { predictor: 2, ..Form::new(bits, n_samples as u64 / 2 + 1, n_samples) };
            let samples = form.samples();
            every_storage(&form, |form, numbers| {
                if [5, 8].contains(&form.compression) {
                    let picture = decoded(&file(numbers, &[(form.clone(), samples.clone())]));
                    assert_eq!(picture.pixels(), &spread(&samples, bits), "{form:?}, {numbers:?}");
                }
            });
        }
    }
}

#[test]
fn bits_of_the_other_order_are_read() {
    for bits in 1..=16 {
        let form = Form { is_bit_reversed: true, ..Form::new(bits, 1, 1) };
        let samples = form.samples();
        every_storage(&form, |form, numbers| {
            let picture = decoded(&file(numbers, &[(form.clone(), samples.clone())]));
            assert_eq!(picture.pixels(), &spread(&samples, bits), "{form:?}, {numbers:?}");
        });
    }
}

/// Numbers from 0 to 1 that all three sizes of floats hold exactly.
fn sixteenths(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 7 % 17) as f32 / 16.0).collect()
}

fn pattern(bits: u32, value: f32) -> u64 {
    match bits {
        16 => half::f16::from_f32(value).to_bits().into(),
        32 => value.to_bits().into(),
        _ => f64::from(value).to_bits(),
    }
}

#[test]
fn floats_of_every_size_are_read_with_and_without_a_predictor() {
    for bits in [16, 32, 64] {
        for (predictor, n_samples) in [(1, 1), (3, 1), (3, 3), (2, 1), (2, 3)] {
            let form = Form { format: 3, predictor, ..Form::new(bits, n_samples as u64 / 2 + 1, n_samples) };
            let values = sixteenths(form.width * form.height * n_samples);
            let samples: Vec<u64> = values.iter().map(|&value| pattern(bits, value)).collect();
            let levels = values.iter().map(|value| (value * 65_535.0).round() as u16).collect();
            let expected = Pixels::U16(levels);
            every_storage(&form, |form, numbers| {
                let is_allowed = predictor == 1 || [5, 8].contains(&form.compression);
                if is_allowed && !(predictor == 2 && bits == 64) {
                    let picture = decoded(&file(numbers, &[(form.clone(), samples.clone())]));
                    assert_eq!(picture.pixels(), &expected, "{form:?}, {numbers:?}");
                }
            });
        }
    }
}

#[test]
fn further_channels_are_left_out_wherever_they_are() {
    for (photometric, n_colours) in [(1, 1), (2, 3)] {
        for extra in [vec![0], vec![0, 0], vec![]] {
            let n_samples = n_colours + extra.len().max(1);
            let form = Form { extra, ..Form::new(8, photometric, n_samples) };
            let samples = form.samples();
            let kept: Vec<u64> = samples.chunks(n_samples).flat_map(|pixel| pixel[..n_colours].to_vec()).collect();
            every_storage(&form, |form, numbers| {
                let picture = decoded(&file(numbers, &[(form.clone(), samples.clone())]));
                assert_eq!(picture.pixels(), &spread(&kept, 8), "{form:?}, {numbers:?}");
            });
        }
    }
}
