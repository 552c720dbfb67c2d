//! The shell of a file: preamble, its own group, transfer syntax, and the data set behind them.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::DeflateDecoder;

use super::data_set::DataSet;
use super::element::{Element, ElementEncoding, element};
use super::refusal::{damaged, truncated};
use super::syntax::TransferSyntax;
use super::tags;
use crate::imaging::decode_options::DecodeOptions;
use crate::imaging::error::DecodeError;

const PREAMBLE: usize = 128;
const MARK: &[u8] = b"DICM";
/// Groups that a file without preamble begins with: its own, and the one that identifies the object.
const FIRST_GROUPS: [u32; 2] = [0x0002, 0x0008];

/// A file of which the shell was read.
#[derive(Debug)]
pub(super) struct DicomFile<'a> {
    pub(super) syntax: TransferSyntax,
    /// The data set, inflated where it was deflated.
    body: Cow<'a, [u8]>,
}

impl<'a> DicomFile<'a> {
    /// # Errors
    /// `Truncated`, `Damaged`; `Unsupported` by the name of the transfer syntax.
    pub(super) fn read(bytes: &'a [u8], options: &DecodeOptions) -> Result<Self, DecodeError> {
        let (stated, body) = shell(bytes)?;
        let syntax = match stated {
            Some(uid) => TransferSyntax::of(uid)?,
            None => TransferSyntax::plain(guessed(body)),
        };
        let body = if syntax.is_deflated { Cow::Owned(inflated(body, options)?) } else { Cow::Borrowed(body) };
        let encoding = syntax.encoding.corrected(&body);
        Ok(Self { syntax: TransferSyntax { encoding, ..syntax }, body })
    }

    /// # Errors
    /// `Truncated`, `Damaged`.
    pub(super) fn data_set(&self) -> Result<DataSet<'_>, DecodeError> {
        DataSet::read(&self.body, self.syntax.encoding)
    }

    /// All elements of the data set in their order, up to one that cannot be read.
    pub(super) fn elements(&self) -> impl Iterator<Item = Result<Element<'_>, DecodeError>> {
        let mut rest = &*self.body;
        std::iter::from_fn(move || {
            let found = (!rest.is_empty()).then(|| element(rest, self.syntax.encoding))?;
            rest = found.as_ref().map_or(&[], |(_, after)| after);
            Some(found.map(|(element, _)| element))
        })
    }

    /// Whether the data set takes memory of its own, in bytes.
    pub(super) fn n_inflated(&self) -> u64 {
        if self.syntax.is_deflated { self.body.len() as u64 } else { 0 }
    }
}

/// Whether a file is DICOM: by the mark behind its preamble or, of one without, by an element of a group that files begin
/// with, of a plausible type or length.
pub(in crate::imaging) fn begins(bytes: &[u8]) -> bool {
    bytes.get(PREAMBLE..).is_some_and(|rest| rest.starts_with(MARK)) || begins_with_element(bytes)
}

/// The beginning of a file that has its preamble of zeros, and no mark yet.
pub(in crate::imaging) fn may_begin(bytes: &[u8]) -> bool {
    let (preamble, mark) = bytes.split_at(bytes.len().min(PREAMBLE));
    preamble.iter().all(|&byte| byte == 0) && mark.len() < MARK.len() && MARK.starts_with(mark)
}

fn begins_with_element(bytes: &[u8]) -> bool {
    [ElementEncoding::EXPLICIT, ElementEncoding::BIG_ENDIAN].into_iter().any(|encoding| {
        let Some(tag) = encoding.tag(bytes).filter(|tag| FIRST_GROUPS.contains(&(tag >> 16))) else { return false };
        let Some([a, b, c, d]) = bytes.get(4..).and_then(<[u8]>::first_chunk).copied() else { return false };
        let names_type = [a, b].iter().all(u8::is_ascii_uppercase);
        let length = u32::from_le_bytes([a, b, c, d]);
        // The elements that such files begin with are short: versions, character sets, identifiers.
        let is_short = !encoding.is_big_endian && length <= 128 && length as usize + 8 < bytes.len();
        tag & 0xFFFF <= 0x0018 && (names_type || is_short)
    })
}

/// The transfer syntax that the file's own group states, and what lies behind the group.
fn shell(bytes: &[u8]) -> Result<(Option<&str>, &[u8]), DecodeError> {
    let has_preamble = bytes.get(PREAMBLE..).is_some_and(|rest| rest.starts_with(MARK));
    let mut rest = if has_preamble { &bytes[PREAMBLE + MARK.len()..] } else { bytes };
    let begin = rest;
    while ElementEncoding::EXPLICIT.tag(rest).is_some_and(|tag| tag >> 16 == 0x0002) {
        rest = element(rest, ElementEncoding::EXPLICIT.corrected(rest))?.1;
    }
    if rest.is_empty() {
        return Err(truncated());
    }
    let group = &begin[..begin.len() - rest.len()];
    let group = DataSet::read(group, ElementEncoding::EXPLICIT.corrected(group))?;
    Ok((group.text(tags::TRANSFER_SYNTAX), rest))
}

/// Of a file that does not state its transfer syntax: no group has a high number, so that the bytes of the first tell the order.
fn guessed(body: &[u8]) -> ElementEncoding {
    match body {
        [0, 1..=0x7F, ..] => ElementEncoding::BIG_ENDIAN,
        _ => ElementEncoding::EXPLICIT,
    }
}

/// All of it, which may be more than the image, but not more than one within the limits and what lies beside it.
fn inflated(body: &[u8], options: &DecodeOptions) -> Result<Vec<u8>, DecodeError> {
    let limit = options.max_stored_bytes();
    let mut out = Vec::new();
    let read = DeflateDecoder::new(body).take(limit + 1).read_to_end(&mut out);
    match read {
        Ok(n) if n as u64 > limit => Err(damaged("its deflated content is larger than any image within the limits")),
        Ok(_) => Ok(out),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(truncated()),
        Err(_) => Err(damaged("its deflated content is invalid")),
    }
}
