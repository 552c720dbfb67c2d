//! `PackBits` (TIFF 6.0, section 9), which DICOM's run-length encoding is made of too.

/// The first `length` bytes that `data` hold: runs of one byte, and bytes as they are, each with their number before them.
/// `None` if there are fewer.
pub(super) fn pack_bits(mut data: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length.min(data.len().saturating_mul(64)));
    while out.len() < length {
        let (&count, rest) = data.split_first()?;
        let n_read = match count {
            0..=127 => {
                let n = usize::from(count) + 1;
                out.extend(rest.get(..n)?);
                n
            }
            128 => 0,
            129..=255 => {
                let n = 257 - usize::from(count);
                out.extend(std::iter::repeat_n(*rest.first()?, n));
                1
            }
        };
        data = &rest[n_read..];
    }
    out.truncate(length);
    Some(out)
}
