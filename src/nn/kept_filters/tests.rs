//! What was kept is what was made, or is not used.

use std::fs;

use super::*;
use crate::stats::Generator;
use crate::weights::ConvWeights;

fn shapes() -> [Shape; 2] {
    let shape = |inputs, outputs| Shape { inputs, outputs, side: 8, pooled: false };
    [shape(3, 70), shape(70, 80)]
}

fn filters(seed: u64) -> Filters {
    let mut generator = Generator::new(seed, "filters");
    let mut draw = |n: usize| (0..n).map(|_| generator.bell()).collect::<Vec<f32>>();
    let weights =
        shapes().map(|shape| ConvWeights { weight: draw(shape.outputs * shape.inputs * 9), bias: draw(shape.outputs) });
    Filters::of(&shapes(), &weights).unwrap()
}

fn weights(n: u64) -> ContentHash {
    ContentHash::of(&n.to_le_bytes())
}

#[test]
fn what_was_kept_is_what_was_made() {
    let dir = tempfile::tempdir().unwrap();
    assert!(load(dir.path(), weights(1), &shapes()).is_none());
    let made = filters(1);
    keep(dir.path(), weights(1), &made);
    assert!(load(dir.path(), weights(1), &shapes()).unwrap().bytes() == made.bytes());
    assert!(load(dir.path(), weights(2), &shapes()).is_none());
}

#[test]
fn a_file_that_is_damaged_anywhere_or_cut_off_or_of_other_weights_is_not_used_and_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let made = filters(1);
    keep(dir.path(), weights(1), &made);
    let path = file(dir.path(), weights(1));
    let whole = fs::read(&path).unwrap();
    let is_used = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        load(dir.path(), weights(1), &shapes()).is_some()
    };
    assert!(is_used(&whole));
    for at in [0, 4, 9, 30, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            assert!(!is_used(&flipped), "bit {bit} of byte {at}");
        }
    }
    for n in [0, 7, 100, whole.len() - 4, whole.len() - 1] {
        assert!(!is_used(&whole[..n]), "{n} bytes");
    }
    assert!(!is_used(&[whole.as_slice(), &[0; 4]].concat()));
    keep(dir.path(), weights(2), &made);
    assert!(!is_used(&fs::read(file(dir.path(), weights(2))).unwrap()));
    keep(dir.path(), weights(1), &made);
    assert!(load(dir.path(), weights(1), &shapes()).is_some());
}

#[test]
fn few_stay_and_none_of_another_layout() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("01234567-0.filters"), "of another layout").unwrap();
    fs::write(dir.path().join("a.safetensors"), "weights").unwrap();
    let made = filters(1);
    for n in 1..=4 {
        keep(dir.path(), weights(n), &made);
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n);
        disk::touch(&file(dir.path(), weights(n)), time).unwrap();
    }
    let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    left.sort();
    let mut expected = vec![dir.path().join("a.safetensors")];
    expected.extend((2..=4).map(|n| file(dir.path(), weights(n))));
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn a_folder_that_cannot_be_written_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stands_in_the_way = dir.path().join("file");
    fs::write(&stands_in_the_way, "no folder").unwrap();
    keep(&stands_in_the_way, weights(1), &filters(1));
    assert!(load(&stands_in_the_way, weights(1), &shapes()).is_none());
}
