//! Which kinds of JPEG are not decoded, each by its name. What the library would refuse as damaged, or decode to another
//! image than was meant, is refused here.

use super::frame::{Channel, Frame, unsupported};
use super::header::Header;
use crate::imaging::error::DecodeError;

/// Passes over the image; encoders write up to a few dozen. Each costs time, however few bytes it has.
const MAX_SCANS: usize = 500;

/// # Errors
/// `Unsupported`, also of other than 8 bits.
pub(super) fn check(header: &Header) -> Result<(), DecodeError> {
    check_coding(header)?;
    depth(&header.frame)
}

/// The same of a stream of any depth.
///
/// # Errors
/// `Unsupported`.
pub(super) fn check_coding(header: &Header) -> Result<(), DecodeError> {
    let Header { frame, scans, lacks, later_height, .. } = header;
    let cause = of_frame(frame).or_else(|| of_channels(header)).or(*lacks);
    if let Some(cause) = cause {
        return Err(unsupported(cause));
    }
    if frame.height == 0 || later_height.is_some_and(|height| height != frame.height) {
        return Err(unsupported("a JPEG whose height stands behind its pixels (DNL)"));
    }
    if scans.len() > MAX_SCANS {
        return Err(unsupported(&format!("a JPEG of more than {MAX_SCANS} scans")));
    }
    Ok(())
}

fn of_frame(frame: &Frame) -> Option<&'static str> {
    let coding = frame.coding;
    match () {
        () if coding.is_hierarchical() => Some("hierarchical JPEG, with the image in several sizes"),
        () if coding.is_lossless() && coding.is_arithmetic() => Some("lossless JPEG with arithmetic coding"),
        () if coding.is_lossless() && frame.channels.iter().any(|channel| (channel.across, channel.down) != (1, 1)) => {
            Some("lossless JPEG with subsampled channels")
        }
        () => None,
    }
}

/// Of a file of its own, 8 bits are read.
fn depth(frame: &Frame) -> Result<(), DecodeError> {
    let kind = if frame.coding.is_lossless() { "lossless JPEG" } else { "JPEG" };
    match frame.precision {
        8 => Ok(()),
        bits => Err(unsupported(&format!("{kind} with {bits} bits a channel"))),
    }
}

fn of_channels(header: &Header) -> Option<&'static str> {
    let Header { frame, adobe, .. } = header;
    match (frame.channels.len(), adobe) {
        (3, Some(2..)) => Some("JPEG with three channels and a colour transform that Adobe does not define"),
        (4, None) => Some("JPEG with four channels that does not say which colours they are (no Adobe segment)"),
        (4, Some(0 | 2)) | (1 | 3, _) => odd_sampling(&frame.channels),
        (4, _) => Some("JPEG with four channels and a colour transform that Adobe does not define"),
        _ => Some("JPEG with neither one, three nor four channels"),
    }
}

/// Channels are upsampled by whole factors.
fn odd_sampling(channels: &[Channel]) -> Option<&'static str> {
    let largest = |factor: fn(&Channel) -> u8| channels.iter().map(factor).max().unwrap_or(1);
    let (across, down) = (largest(|channel| channel.across), largest(|channel| channel.down));
    let divides = |factor: u8, whole: u8| (1..=4).contains(&factor) && whole.is_multiple_of(factor);
    let even = channels.iter().all(|channel| divides(channel.across, across) && divides(channel.down, down));
    (!even).then_some("JPEG with channels that are subsampled by a fraction, not by 2, 3 or 4")
}
