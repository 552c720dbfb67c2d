//! The chunks of a PNG file, without decoding it.

/// Behind the signature.
const FIRST: usize = 8;

/// One chunk: its four letters, and what it holds.
pub(super) type Chunk<'a> = (&'a [u8], &'a [u8]);

/// The chunks of `png` in their order, up to the first that is not whole.
pub(super) fn chunks(png: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = png.get(FIRST..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let chunk = (rest.get(4..8)?, rest.get(8..)?.get(..length)?);
        rest = rest.get(12 + length..)?;
        Some(chunk)
    })
}

/// Whether the file states how many bits of its samples are significant. Its samples are then on the whole range of
/// their width already, as the PNG specification demands.
pub(super) fn states_depth(png: &[u8]) -> bool {
    chunks(png).take_while(|(kind, _)| kind != b"IDAT").any(|(kind, _)| kind == b"sBIT")
}
