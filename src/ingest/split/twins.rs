//! Pictures that look the same: the same film in another size, format or quality.

use std::collections::BTreeMap;

use crate::domain::{Look, Sample};

/// Of 256 bits, looks of the same picture differ in 10 at most after scaling and JPEG; different chest films in 25 at least.
const MOST_BITS: u32 = 12;

/// Pairs of samples that look the same, by index.
///
/// Looks that differ in at most 12 bits agree on at least one of 13 bands, so only those are compared.
pub(super) fn twins(samples: &[Sample]) -> Vec<(usize, usize)> {
    const N_BANDS: usize = MOST_BITS as usize + 1;
    const WIDTH: usize = Look::N_BITS / N_BANDS;
    let looks: Vec<(usize, Look)> =
        samples.iter().enumerate().filter_map(|(at, sample)| Some((at, sample.look?))).collect();
    let mut pairs = Vec::new();
    for band in 0..N_BANDS {
        let mut alike: BTreeMap<u64, Vec<(usize, Look)>> = BTreeMap::new();
        for (at, look) in &looks {
            alike.entry(look.band(band * WIDTH, WIDTH)).or_default().push((*at, *look));
        }
        for alike in alike.values() {
            for (number, (a, look)) in alike.iter().enumerate() {
                let close = alike[number + 1..].iter().filter(|(_, other)| look.distance(other) <= MOST_BITS);
                pairs.extend(close.map(|(b, _)| (*a, *b)));
            }
        }
    }
    pairs
}
