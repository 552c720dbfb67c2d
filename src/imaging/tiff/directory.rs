//! The directories of a TIFF file: tags with values of every type, in both byte orders, classic and `BigTIFF`.

use std::collections::BTreeMap;

use super::refusal::{damaged, truncated};
use crate::imaging::error::DecodeError;

/// The bytes of a file and how its numbers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct TiffFile<'a> {
    bytes: &'a [u8],
    pub(super) is_big_endian: bool,
    /// With offsets of 8 bytes.
    is_big: bool,
}

/// One directory: the tags of one image.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    fields: BTreeMap<u16, Field<'a>>,
    /// Where the next one lies; 0 behind the last.
    pub(super) next: u64,
    is_big_endian: bool,
}

#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    kind: u16,
    /// `count` values of the kind's size.
    data: &'a [u8],
}

/// Bytes a value; `None` of a type that is not known, whose fields are skipped, as the specification demands.
fn size_of(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

impl<'a> TiffFile<'a> {
    /// # Errors
    /// `Truncated` or `Damaged` in the file's first bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let is_big_endian = bytes.starts_with(b"MM");
        let classic = Self { bytes, is_big_endian, is_big: false };
        match classic.read(2, 2)? {
            42 => Ok(classic),
            43 if classic.read(4, 2)? == 8 => Ok(Self { is_big: true, ..classic }),
            _ => Err(damaged("its header is of no known version")),
        }
    }

    /// Where the first directory lies; 0 while a program is still writing the file.
    pub(super) fn first_directory(&self) -> Result<u64, DecodeError> {
        if self.is_big { self.read(8, 8) } else { self.read(4, 4) }
    }

    pub(super) fn ends_at(&self, place: u64) -> bool {
        self.bytes.len() as u64 == place
    }

    /// # Errors
    /// `Truncated` where the file ends before.
    pub(super) fn slice(&self, at: u64, length: u64) -> Result<&'a [u8], DecodeError> {
        let range = at.checked_add(length).map(|end| at as usize..end as usize);
        range.and_then(|range| self.bytes.get(range)).ok_or_else(truncated)
    }

    fn read(&self, at: u64, length: u64) -> Result<u64, DecodeError> {
        Ok(number(self.slice(at, length)?, self.is_big_endian))
    }

    /// # Errors
    /// `Truncated` where the file ends before it or before one of its values.
    pub(super) fn directory(&self, at: u64) -> Result<Directory<'a>, DecodeError> {
        let (counter, entry, offset) = if self.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let n_entries = self.read(at, counter)?;
        if at == 0 || n_entries == 0 {
            return Err(truncated());
        }
        let length = n_entries.checked_mul(entry).ok_or_else(truncated)?;
        let entries = self.slice(at.saturating_add(counter), length)?;
        let mut fields = BTreeMap::new();
        for entry in entries.chunks_exact(entry as usize) {
            if let Some((tag, field)) = self.field(entry, offset)? {
                fields.entry(tag).or_insert(field);
            }
        }
        let next = self.read(at + counter + length, offset)?;
        Ok(Directory { fields, next, is_big_endian: self.is_big_endian })
    }

    /// One entry of 12 or 20 bytes. Its value stands in its last `inline` bytes, or they say where.
    fn field(&self, entry: &'a [u8], inline: u64) -> Result<Option<(u16, Field<'a>)>, DecodeError> {
        let number = |range: std::ops::Range<usize>| number(&entry[range], self.is_big_endian);
        let (tag, kind) = (number(0..2) as u16, number(2..4) as u16);
        let Some(size) = size_of(kind) else { return Ok(None) };
        let value = entry.len() - inline as usize;
        let length = number(4..value).checked_mul(size).ok_or_else(truncated)?;
        let place = &entry[value..];
        let data = match place.get(..length as usize) {
            Some(data) if length <= inline => data,
            _ => self.slice(number(value..entry.len()), length)?,
        };
        Ok(Some((tag, Field { kind, data })))
    }
}

/// Up to 8 bytes as a number.
fn number(bytes: &[u8], is_big_endian: bool) -> u64 {
    let push = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
    if is_big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}

impl<'a> Directory<'a> {
    pub(super) fn has(&self, tag: u16) -> bool {
        self.fields.contains_key(&tag)
    }

    /// The values of a tag, none if it is missing.
    ///
    /// # Errors
    /// `Damaged` if they are no whole numbers from 0.
    pub(super) fn numbers(&self, tag: u16) -> Result<Vec<u64>, DecodeError> {
        let Some(field) = self.fields.get(&tag) else { return Ok(Vec::new()) };
        let wrong = || damaged(format!("its tag {tag} holds no whole numbers"));
        if matches!(field.kind, 2 | 5 | 10 | 11 | 12) {
            return Err(wrong());
        }
        let values: Vec<u64> = self.raw(*field).collect();
        let bits = size_of(field.kind).unwrap_or(8) * 8;
        let is_signed = matches!(field.kind, 6 | 8 | 9 | 17);
        let is_negative = |value: &u64| is_signed && value >> (bits - 1) != 0;
        if values.iter().any(is_negative) { Err(wrong()) } else { Ok(values) }
    }

    /// The first value of a tag; `None` if it is missing.
    ///
    /// # Errors
    /// As [`Self::numbers`].
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>, DecodeError> {
        Ok(self.numbers(tag)?.first().copied())
    }

    /// The values of a tag whose type the specification leaves open, as those of a sample's range; none if there are none
    /// or they are fractions.
    pub(super) fn reals(&self, tag: u16) -> Vec<f64> {
        let Some(field) = self.fields.get(&tag) else { return Vec::new() };
        let value = |raw: u64| match field.kind {
            1 | 3 | 4 | 16 => Some(raw as f64),
            6 => Some(f64::from((raw as u8).cast_signed())),
            8 => Some(f64::from((raw as u16).cast_signed())),
            9 => Some(f64::from((raw as u32).cast_signed())),
            11 => Some(f64::from(f32::from_bits(raw as u32))),
            12 => Some(f64::from_bits(raw)),
            _ => None,
        };
        self.raw(*field).filter_map(value).collect()
    }

    /// The bytes of a tag; none if it is missing.
    pub(super) fn data(&self, tag: u16) -> &'a [u8] {
        self.fields.get(&tag).map_or(&[], |field| field.data)
    }

    /// How many values a tag has.
    pub(super) fn count(&self, tag: u16) -> usize {
        self.fields.get(&tag).map_or(0, |field| self.raw(*field).count())
    }

    /// The bit patterns of a field's values.
    fn raw(&self, field: Field<'a>) -> impl Iterator<Item = u64> + use<'a> {
        let is_big_endian = self.is_big_endian;
        let size = size_of(field.kind).unwrap_or(1) as usize;
        field.data.chunks_exact(size).map(move |bytes| number(bytes, is_big_endian))
    }
}
