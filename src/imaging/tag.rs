//! The mark that this program leaves in the images it writes, and how it is found in a file's first bytes.

/// The keyword before the tag.
pub(super) const KEYWORD: &str = "gradwatch";
/// Where a comment goes in our own JPEG files: behind the start mark (2 bytes) and the JFIF segment (18).
pub(super) const BEHIND_JFIF: usize = 20;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The last chunk of every PNG, whole.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";
const JPEG_START: &[u8] = b"\xFF\xD8";
const JPEG_END: &[u8] = b"\xFF\xD9";
const JPEG_COMMENT: &[u8] = b"\xFF\xFE";

/// The tag of an image that this program wrote, from the file's first bytes (100, and 40 more for a tag beyond 64).
pub fn read_tag(start: &[u8]) -> Option<&str> {
    let text = if start.starts_with(PNG_SIGNATURE) { png_text(start)? } else { jpeg_text(start)? };
    let tag = text.strip_prefix(KEYWORD.as_bytes())?.strip_prefix(b"\0")?;
    std::str::from_utf8(tag).ok()
}

/// Whether the file with these first bytes and these last ones (12 or more) reaches the end mark, which a cut-off or
/// zero-filled PNG or JPEG lacks.
pub fn is_whole(start: &[u8], end: &[u8]) -> bool {
    let is_jpeg = start.starts_with(JPEG_START) && end.ends_with(JPEG_END);
    is_jpeg || (start.starts_with(PNG_SIGNATURE) && end.ends_with(PNG_END))
}

/// A comment segment with `tag`.
pub(super) fn jpeg_comment(tag: &str) -> Vec<u8> {
    let text = [KEYWORD.as_bytes(), b"\0", tag.as_bytes()].concat();
    let length = (text.len() as u16).saturating_add(2).to_be_bytes();
    [JPEG_COMMENT, &length, &text].concat()
}

/// The text chunk right behind the header.
fn png_text(start: &[u8]) -> Option<&[u8]> {
    const TEXT_CHUNK: usize = 33;
    let chunk = start.get(TEXT_CHUNK..)?;
    let length = u32::from_be_bytes(*chunk.first_chunk()?) as usize;
    chunk.get(4..)?.strip_prefix(b"tEXt")?.get(..length)
}

/// The comment right behind the JFIF segment.
fn jpeg_text(start: &[u8]) -> Option<&[u8]> {
    let segment = start.starts_with(JPEG_START).then(|| start.get(BEHIND_JFIF..))??.strip_prefix(JPEG_COMMENT)?;
    let length = u16::from_be_bytes(*segment.first_chunk()?) as usize;
    segment.get(2..length)
}
