//! Numbers to colours of 8 bits, by three tables that may be written in segments (PS3.3, C.7.9).

use super::data_set::DataSet;
use super::lut::{LookupTable, LutDescriptor, entries};
use super::refusal::damaged;
use super::tags;
use crate::imaging::error::DecodeError;

/// RGB, interleaved. Entries of 16 bits give their upper 8, or their lower 8 where no entry has more.
///
/// # Errors
/// `Damaged` where a table is missing or makes no sense.
pub(super) fn colours(numbers: &[u16], set: &DataSet) -> Result<Vec<u8>, DecodeError> {
    let tables: Option<Vec<LookupTable>> = (0..3).map(|channel| table(set, channel)).collect();
    let tables = tables.ok_or_else(|| damaged("its palette is missing or makes no sense"))?;
    let is_in_low_byte = tables.iter().all(|table| table.largest() < 256);
    let shift = if is_in_low_byte { 0 } else { 8 };
    Ok(numbers.iter().flat_map(|&n| tables.iter().map(move |table| (table.entry(n.into()) >> shift) as u8)).collect())
}

/// Of channel 0 (red), 1 or 2.
fn table(set: &DataSet, channel: u32) -> Option<LookupTable> {
    let descriptor = LutDescriptor::read(set, tags::PALETTE_DESCRIPTOR + channel, false)?;
    let plain = entries(set, tags::PALETTE_DATA + channel, descriptor.n_entries);
    let segmented = || {
        let words: Vec<u16> = set.u16s(tags::SEGMENTED_PALETTE_DATA + channel).collect();
        expanded(&words, descriptor.n_entries)
    };
    LookupTable::new(descriptor, plain.or_else(segmented)?)
}

/// Segments to at most `n_entries` entries: 0 gives entries as they are, 1 a line to a value, 2 repeats earlier segments.
fn expanded(words: &[u16], n_entries: usize) -> Option<Vec<u16>> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < words.len() && out.len() < n_entries {
        at = match words.get(at)? {
            2 => {
                let n_segments = usize::from(*words.get(at + 1)?);
                // Before this segment, so that none repeats itself.
                let bytes = usize::from(*words.get(at + 2)?) | usize::from(*words.get(at + 3)?) << 16;
                let mut earlier = Some(bytes / 2).filter(|&earlier| earlier < at)?;
                for _ in 0..n_segments {
                    earlier = segment(words, earlier, n_entries, &mut out)?;
                }
                at + 4
            }
            _ => segment(words, at, n_entries, &mut out)?,
        };
    }
    Some(out)
}

/// Appends a segment of type 0 or 1, at `at`; returns where the next one begins.
fn segment(words: &[u16], at: usize, n_entries: usize, out: &mut Vec<u16>) -> Option<usize> {
    let [kind, length] = *words.get(at..)?.first_chunk()?;
    let n = usize::from(length);
    if out.len() + n > n_entries {
        return None;
    }
    match kind {
        0 => {
            out.extend(words.get(at + 2..at + 2 + n)?);
            Some(at + 2 + n)
        }
        1 => {
            let (from, to) = (f64::from(*out.last()?), f64::from(*words.get(at + 2)?));
            out.extend((1..=n).map(|step| (from + (to - from) * step as f64 / n as f64).round() as u16));
            Some(at + 3)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_entries_lines_and_repetitions() {
        let words = [0, 2, 10, 20, 1, 2, 40, 2, 1, 0, 0];
        assert_eq!(expanded(&words, 6), Some(vec![10, 20, 30, 40, 10, 20]));
        assert_eq!(expanded(&words, 5), None, "more than the descriptor says");
        assert_eq!(expanded(&[2, 1, 0, 0], 5), None, "a repetition of itself");
        assert_eq!(expanded(&[1, 3, 9], 5), None, "a line from nowhere");
    }
}
