//! The curves of a run as TensorBoard reads them: laid out, named and counted as Keras' callback of that name does it.
//!
//! An event file is a row of records, each framed with its length and two checksums (TensorFlow's `TFRecord`), and each a
//! protocol buffer (`event.proto`, `summary.proto`), of which six fields are needed here. All events carry the time of the
//! model's record: the same run gives the same bytes, and epochs of milliseconds have no times worth recording.

use std::path::Path;
use std::time::UNIX_EPOCH;

use super::error::ReportError;
use crate::disk::write_atomic;
use crate::domain::{EpochRecord, ModelRecord};

/// TensorBoard knows its files by `tfevents`. Always the same name, so that a page written again adds no second one.
const FILE: &str = "events.out.tfevents.gradwatch";
/// What the first record of a file must say.
const VERSION: &[u8] = b"brain.Event:2";

/// One value of one curve.
#[derive(Debug, Clone, Copy)]
struct Point {
    tag: &'static str,
    step: u32,
    value: f64,
}

/// Writes `train/` and `validation/`, each with one event file, into the run's folder.
///
/// # Errors
/// [`ReportError::Disk`].
pub(super) fn write(folder: &Path, model: &ModelRecord, history: &[EpochRecord]) -> Result<(), ReportError> {
    let made = humantime::parse_rfc3339(&model.created).ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    let time = made.map_or(0.0, |since| since.as_secs_f64());
    for (run, points) in [("train", training(history)), ("validation", validation(model, history))] {
        write_atomic(&folder.join(run).join(FILE), &events(time, &points))?;
    }
    Ok(())
}

/// Keras counts steps from 0.
fn step(epoch: u32) -> u32 {
    epoch.saturating_sub(1)
}

fn training(history: &[EpochRecord]) -> Vec<Point> {
    let of_epoch = |epoch: &EpochRecord| {
        [("epoch_loss", epoch.loss), ("epoch_accuracy", epoch.accuracy)].map(|(tag, value)| Point {
            tag,
            step: step(epoch.epoch),
            value,
        })
    };
    history.iter().flat_map(of_epoch).collect()
}

/// The curves, and at the kept epoch the measures of the model.
fn validation(model: &ModelRecord, history: &[EpochRecord]) -> Vec<Point> {
    let of_epoch = |epoch: &EpochRecord| {
        let curves = [
            ("epoch_loss", epoch.val_loss),
            ("epoch_accuracy", epoch.val_accuracy),
            ("epoch_binary_accuracy", epoch.val_binary_accuracy),
        ];
        curves.map(|(tag, value)| Point { tag, step: step(epoch.epoch), value })
    };
    history.iter().flat_map(of_epoch).chain(measures(model)).collect()
}

fn measures(model: &ModelRecord) -> Vec<Point> {
    let Some(assessment) = &model.assessment else { return Vec::new() };
    let measures = [
        ("model/accuracy", assessment.accuracy.map(|estimate| estimate.value)),
        ("model/roc_auc", assessment.roc_auc_mean),
        ("model/brier_score", assessment.brier.map(|estimate| estimate.value)),
        ("model/calibration_error", assessment.calibration_error.map(|estimate| estimate.value)),
    ];
    let point = |(tag, value): (&'static str, Option<f64>)| Some(Point { tag, step: step(model.epoch), value: value? });
    measures.into_iter().filter_map(point).collect()
}

/// A whole file; `time` in seconds since 1970.
fn events(time: f64, points: &[Point]) -> Vec<u8> {
    let head = event(time, 0, &delimited(3, VERSION));
    let events = points.iter().map(|point| event(time, point.step, &summary(point)));
    std::iter::once(head).chain(events).flat_map(|event| record(&event)).collect()
}

/// `Event`: `wall_time` = 1, `step` = 2, and one of what it can hold: `file_version` = 3, `summary` = 5.
fn event(time: f64, step: u32, what: &[u8]) -> Vec<u8> {
    [&[key(1, 1)], time.to_le_bytes().as_slice(), &[key(2, 0)], &varint(step.into()), what].concat()
}

/// `Summary`: `value` = 1, of `tag` = 1 and `simple_value` = 2, a 32-bit float.
fn summary(point: &Point) -> Vec<u8> {
    let tag = delimited(1, point.tag.as_bytes());
    let value = [&tag, [key(2, 5)].as_slice(), (point.value as f32).to_le_bytes().as_slice()].concat();
    delimited(5, &delimited(1, &value))
}

/// A field's number (below 16) and how it is written: 0 varint, 1 eight bytes, 2 with its length, 5 four bytes.
fn key(field: u8, wire: u8) -> u8 {
    field << 3 | wire
}

fn delimited(field: u8, content: &[u8]) -> Vec<u8> {
    [&[key(field, 2)], varint(content.len() as u64).as_slice(), content].concat()
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Length, its checksum, content, its checksum; all little-endian.
fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    [&length, masked(&length).as_slice(), content, &masked(content)].concat()
}

/// Turned and shifted, as the format wants it, so that a checksum over data with checksums in it is sound.
fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// CRC-32C (Castagnoli), bit by bit: a run's files have a few kilobytes.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let of_bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), of_bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Assessment;
    use crate::stats::{Activation, Predictions};

    /// A remainder of polynomials, the highest power first: the definition of the checksum, written another way.
    fn remainder(bytes: &[u8]) -> u32 {
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| u64::from(byte >> bit & 1))).chain([0; 32]);
        let flipped = bits.enumerate().map(|(at, bit)| if at < 32 { bit ^ 1 } else { bit });
        let mut left = 0_u64;
        for bit in flipped {
            left = left << 1 | bit;
            if left >> 32 == 1 {
                left ^= 0x1_1edc_6f41;
            }
        }
        !(left as u32).reverse_bits()
    }

    /// Takes `n` bytes off the front.
    fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
        let (front, rest) = bytes.split_at(n);
        *bytes = rest;
        front
    }

    fn number(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for place in 0.. {
            let byte = take(bytes, 1)[0];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    /// The fields of a message: number and content; of a varint, its value in eight bytes.
    fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut found = Vec::new();
        while !message.is_empty() {
            let key = number(&mut message);
            let content = match key & 7 {
                0 => number(&mut message).to_le_bytes().to_vec(),
                1 => take(&mut message, 8).to_vec(),
                2 => {
                    let length = number(&mut message) as usize;
                    take(&mut message, length).to_vec()
                }
                5 => take(&mut message, 4).to_vec(),
                other => panic!("wire type {other}"),
            };
            found.push((key >> 3, content));
        }
        found
    }

    fn all_fields<const N: usize>(message: &[u8]) -> [(u64, Vec<u8>); N] {
        fields(message).try_into().unwrap()
    }

    /// The contents of all records, whose checksums are checked.
    fn records(mut file: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        while !file.is_empty() {
            let length = take(&mut file, 8);
            let checked = |bytes: &[u8], sum: &[u8]| {
                let sum = u32::from_le_bytes(sum.try_into().unwrap()).wrapping_sub(0xa282_ead8).rotate_left(15);
                assert_eq!(sum, remainder(bytes));
            };
            checked(length, take(&mut file, 4));
            let content = take(&mut file, u64::from_le_bytes(length.try_into().unwrap()) as usize);
            checked(content, take(&mut file, 4));
            found.push(content.to_vec());
        }
        found
    }

    /// Tag, step and value of every scalar of a file that begins as it must and whose times are all `time`.
    fn scalars(file: &[u8], time: f64) -> Vec<(String, u64, f32)> {
        let events: Vec<_> = records(file).iter().map(|event| fields(event)).collect();
        assert!(events.iter().all(|event| event[0] == (1, time.to_le_bytes().to_vec())));
        assert_eq!(events[0][2], (3, b"brain.Event:2".to_vec()));
        let scalar = |event: &Vec<(u64, Vec<u8>)>| {
            let [_, (2, step), (5, summary)] = event.as_slice() else { panic!("{event:?}") };
            let [(1, value)] = all_fields(summary) else { panic!("{summary:?}") };
            let [(1, tag), (2, value)] = all_fields(&value) else { panic!("{summary:?}") };
            let step = u64::from_le_bytes(step.as_slice().try_into().unwrap());
            (String::from_utf8(tag).unwrap(), step, f32::from_le_bytes(value.try_into().unwrap()))
        };
        events[1..].iter().map(scalar).collect()
    }

    fn epoch(epoch: u32, loss: f64) -> EpochRecord {
        EpochRecord {
            epoch,
            loss,
            accuracy: 0.75,
            val_loss: 2.0 * loss,
            val_accuracy: 0.5,
            val_binary_accuracy: 0.625,
            saved: true,
        }
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!((crc32c(b"123456789"), remainder(b"123456789")), (0xe306_9283, 0xe306_9283));
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa, "as in RFC 3720");
    }

    #[test]
    fn a_run_is_two_files_that_say_what_the_history_says() {
        let dir = tempfile::tempdir().unwrap();
        let mut model = ModelRecord::example("chest", "0001-abc");
        let predictions =
            Predictions { activation: Activation::Sigmoid, logits: vec![vec![1.0, -1.0]; 2], labels: vec![0, 1] };
        model.assessment = Some(Assessment::of(&predictions, &model.classes, &mut |_| 0));
        let history = [epoch(1, 0.5), epoch(2, f64::NAN), epoch(3, f64::INFINITY), epoch(300, 0.25)];
        write(dir.path(), &model, &history).unwrap();
        let file = |run: &str| std::fs::read(dir.path().join(run).join(FILE)).unwrap();
        let curve = |run: &str, tag: &str| -> Vec<(u64, f32)> {
            let scalars = scalars(&file(run), 1_767_323_045.0);
            scalars.into_iter().filter(|found| found.0 == tag).map(|(_, step, value)| (step, value)).collect()
        };
        let losses = curve("train", "epoch_loss");
        assert_eq!(losses.iter().map(|point| point.0).collect::<Vec<_>>(), [0, 1, 2, 299]);
        assert!(losses[1].1.is_nan());
        assert_eq!([losses[0], losses[2], losses[3]], [(0, 0.5), (2, f32::INFINITY), (299, 0.25)]);
        assert_eq!(curve("validation", "epoch_loss")[3], (299, 0.5));
        assert_eq!(curve("train", "epoch_accuracy")[0], (0, 0.75));
        assert_eq!(curve("validation", "epoch_accuracy")[0], (0, 0.5));
        assert_eq!(curve("validation", "epoch_binary_accuracy").len(), 4);
        assert_eq!(curve("validation", "model/accuracy"), [(2, 0.5)], "at the kept epoch");
        let first = [file("train"), file("validation")];
        write(dir.path(), &model, &history).unwrap();
        assert_eq!(first, [file("train"), file("validation")]);
        assert_eq!(dir.path().join("train").read_dir().unwrap().count(), 1);
    }
}
