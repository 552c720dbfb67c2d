//! Lookup tables as DICOM writes them: a descriptor of three numbers, and the entries.

use super::data_set::DataSet;
use super::tags;

/// Entries for values from `first` on; what lies beyond either end has the entry of that end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LookupTable {
    first: i32,
    /// At least one.
    entries: Vec<u16>,
    /// Of an entry.
    pub(super) bits: u16,
}

/// The three numbers before a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct LutDescriptor {
    pub(super) n_entries: usize,
    pub(super) first: i32,
    pub(super) bits: u16,
}

impl LutDescriptor {
    /// `None` where it is missing. Where the file does not say whether the first value has a sign, `is_signed` does.
    pub(super) fn read(set: &DataSet, tag: u32, is_signed: bool) -> Option<Self> {
        let mut numbers = set.u16s(tag);
        let (n_entries, first, bits) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let element = set.element(tag)?;
        let is_signed = element.is_signed || !element.encoding.is_explicit && is_signed;
        let first = if is_signed { i32::from(first.cast_signed()) } else { i32::from(first) };
        // All of 16 bits do not fit the field.
        Some(Self { n_entries: if n_entries == 0 { 1 << 16 } else { n_entries.into() }, first, bits })
    }
}

impl LookupTable {
    /// The table of an item; `None` where it is missing or makes no sense.
    pub(super) fn read(item: &DataSet, is_signed: bool) -> Option<Self> {
        let descriptor = LutDescriptor::read(item, tags::LUT_DESCRIPTOR, is_signed)?;
        Self::new(descriptor, entries(item, tags::LUT_DATA, descriptor.n_entries)?)
    }

    /// `None` of entries that are none, or of no depth.
    pub(super) fn new(descriptor: LutDescriptor, entries: Vec<u16>) -> Option<Self> {
        let LutDescriptor { first, bits, .. } = descriptor;
        // Tables of 8 bits are stated by some programs that write 16.
        let is_deeper = (1..=8).contains(&bits) && entries.iter().any(|&entry| entry > 255);
        let bits = if is_deeper { 16 } else { bits };
        ((1..=16).contains(&bits) && !entries.is_empty()).then_some(Self { first, entries, bits })
    }

    pub(super) fn entry(&self, value: i32) -> u16 {
        let at = usize::try_from(value.saturating_sub(self.first)).unwrap_or(0);
        self.entries[at.min(self.entries.len() - 1)]
    }

    /// The largest of all entries.
    pub(super) fn largest(&self) -> u16 {
        self.entries.iter().copied().max().unwrap_or(0)
    }
}

/// Up to `n_entries` entries of 16 bits, or of 8 where the value has only so many bytes.
pub(super) fn entries(set: &DataSet, tag: u32, n_entries: usize) -> Option<Vec<u16>> {
    let value = set.element(tag)?.value;
    if value.len() < 2 * n_entries && value.len() >= n_entries {
        return Some(value[..n_entries].iter().map(|&entry| entry.into()).collect());
    }
    Some(set.u16s(tag).take(n_entries).collect())
}
