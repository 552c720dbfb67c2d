//! Whether the scans of a JPEG file give all of its image. Each may be whole where later ones are missing: the decoder
//! then shows a coarse image, or one without a colour.

use super::frame::{Frame, ScanHeader};

/// Coefficients of a block.
const BLOCK: usize = 64;

/// Whether each channel has all of its samples or coefficients, down to the last bit.
pub(super) fn are_complete(frame: &Frame, scans: &[ScanHeader]) -> bool {
    let is_complete = |id: u8| {
        let mut own = scans.iter().filter(|scan| scan.channels.iter().any(|&(channel, _)| channel == id));
        if frame.coding.is_progressive() { has_every_bit(own) } else { own.next().is_some() }
    };
    frame.channels.iter().all(|channel| is_complete(channel.id))
}

fn has_every_bit<'a>(scans: impl Iterator<Item = &'a ScanHeader>) -> bool {
    let mut is_known = [false; BLOCK];
    for scan in scans {
        let (first, last) = (usize::from(scan.band.0), usize::from(scan.band.1).min(BLOCK - 1));
        is_known.iter_mut().take(last + 1).skip(first).for_each(|known| *known = scan.lowest_bit == 0);
    }
    is_known.into_iter().all(|known| known)
}
