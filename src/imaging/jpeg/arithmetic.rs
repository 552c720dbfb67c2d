//! Whether arithmetic-coded data are whole. Encoders leave zeros at their end out, so the decoder takes whatever is
//! missing for zeros, without a warning; a missing half of the image is then one plain area.

use super::frame::unsupported;
use super::header::Header;
use super::library::{self, Target};
use super::stream;
use crate::imaging::error::DecodeError;

/// Put behind the data of each scan: two zeros, then other bytes. Whole files seldom depend on the bytes behind the zeros, but
/// those with a plain lower edge do, because their encoder left out more; files that were cut and closed again do,
/// unless only a few blocks are missing.
const PADDING: [u8; 26] = {
    let mut bytes = [0xFE; 26];
    bytes[0] = 0;
    bytes[1] = 0;
    bytes
};

/// Whether the image that was decoded to `samples` does not depend on bytes behind its data.
///
/// # Errors
/// `Unsupported` where it does: such a file is whole or cut, and a cut image must never be learned from.
pub(super) fn check_end(jpeg: &[u8], header: &Header, target: Target, samples: &[u8]) -> Result<(), DecodeError> {
    // The library warns of the bytes that were added.
    let (padded, _) = library::decode(&stream::bare(jpeg, header, &PADDING), target)?;
    if padded == samples {
        return Ok(());
    }
    Err(unsupported(
        "arithmetic coding that ends in a plain area, which is the same as that of a file that was cut; make sure that the file \
         is whole",
    ))
}
