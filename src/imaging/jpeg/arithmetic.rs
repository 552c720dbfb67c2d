//! Whether arithmetic-coded data are whole. Encoders leave zeros at their end out, so the decoder takes whatever is
//! missing for zeros, without a warning; a missing half of the image is then one plain area.

use super::frame::damaged;
use super::header::Header;
use super::library::{self, Target};
use super::stream;
use crate::imaging::error::DecodeError;

/// Put behind the data of each scan: as many zeros as encoders leave out at an end, then other bytes. Of 346 whole files 5
/// depend on the bytes behind the zeros, all with a plain lower edge; of files cut and closed again all did, unless
/// only a few blocks were missing.
const PADDING: [u8; 26] = {
    let mut bytes = [0xFE; 26];
    bytes[0] = 0;
    bytes[1] = 0;
    bytes
};

/// Whether the image that was decoded to `samples` does not depend on bytes behind its data.
///
/// # Errors
/// `Damaged` where it does.
pub(super) fn check_end(jpeg: &[u8], header: &Header, target: Target, samples: &[u8]) -> Result<(), DecodeError> {
    // The library warns of the bytes that were added.
    let (padded, _) = library::decode(&stream::bare(jpeg, header, &PADDING), target)?;
    if padded == samples {
        return Ok(());
    }
    Err(damaged("its arithmetic-coded data end early, or in an area of one level, and nothing distinguishes the two"))
}
