//! The chunks of a WebP file, without decoding it.

/// Behind `RIFF`, the length and `WEBP`.
const FIRST: usize = 12;

/// One chunk: its four letters, and what it holds.
pub(super) type Chunk<'a> = (&'a [u8], &'a [u8]);

/// The chunks of `webp` in their order, up to the first that is not whole.
pub(super) fn chunks(webp: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = webp.get(FIRST..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_le_bytes(*rest.get(4..)?.first_chunk()?) as usize;
        let chunk = (rest.get(..4)?, rest.get(8..)?.get(..length)?);
        // The next one begins at an even place.
        rest = rest.get(8 + length.next_multiple_of(2)..).unwrap_or_default();
        Some(chunk)
    })
}
