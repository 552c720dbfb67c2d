//! The chunks of a WebP file, without decoding it.

/// Behind `RIFF`, the length and `WEBP`.
const FIRST: usize = 12;
/// The letters and the length.
const HEADER: usize = 8;

/// One chunk: its four letters, and what it holds.
pub(super) type Chunk<'a> = (&'a [u8], &'a [u8]);

/// The chunks of `webp` in their order, up to the first that is not whole.
pub(super) fn chunks(webp: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = webp.get(FIRST..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_le_bytes(*rest.get(4..)?.first_chunk()?) as usize;
        let chunk = (rest.get(..4)?, rest.get(HEADER..)?.get(..length)?);
        // The next one begins at an even place.
        rest = rest.get(HEADER + length.next_multiple_of(2)..).unwrap_or_default();
        Some(chunk)
    })
}

/// Frames of an animation, each with its place on the canvas.
pub(super) fn n_frames(webp: &[u8]) -> usize {
    chunks(webp).filter(|(kind, _)| kind == b"ANMF").count()
}

/// Where the content of the first chunk of this kind begins; the file's end when there is none.
pub(super) fn place_of(webp: &[u8], kind: &[u8]) -> usize {
    let before = chunks(webp).take_while(|(found, _)| *found != kind);
    FIRST + HEADER + before.map(|(_, data)| HEADER + data.len().next_multiple_of(2)).sum::<usize>()
}
