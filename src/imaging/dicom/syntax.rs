//! Transfer syntaxes: how elements are written and pixels compressed.

use super::element::ElementEncoding;
use super::refusal::unsupported;
use crate::imaging::error::DecodeError;

/// How the pixels are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Rle,
    Jpeg,
    JpegLossless,
    Jpeg2000,
}

/// What a transfer syntax says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TransferSyntax {
    pub(super) encoding: ElementEncoding,
    /// Whether all behind the file's own group is deflated.
    pub(super) is_deflated: bool,
    pub(super) compression: Compression,
}

impl TransferSyntax {
    /// What is not compressed, written as `encoding` says.
    pub(super) fn plain(encoding: ElementEncoding) -> Self {
        Self { encoding, is_deflated: false, compression: Compression::None }
    }

    /// # Errors
    /// `Unsupported`, with the name of the syntax.
    pub(super) fn of(uid: &str) -> Result<Self, DecodeError> {
        let compressed = |compression| Self { compression, ..Self::plain(ElementEncoding::EXPLICIT) };
        let number = uid.strip_prefix("1.2.840.10008.1.2").ok_or_else(|| refused("a private transfer syntax"))?;
        match number {
            "" => Ok(Self::plain(ElementEncoding::IMPLICIT)),
            ".1" => Ok(Self::plain(ElementEncoding::EXPLICIT)),
            ".1.99" => Ok(Self { is_deflated: true, ..Self::plain(ElementEncoding::EXPLICIT) }),
            ".2" => Ok(Self::plain(ElementEncoding::BIG_ENDIAN)),
            ".5" => Ok(compressed(Compression::Rle)),
            ".4.50" | ".4.51" | ".4.53" | ".4.55" => Ok(compressed(Compression::Jpeg)),
            ".4.57" | ".4.70" => Ok(compressed(Compression::JpegLossless)),
            ".4.90" | ".4.91" => Ok(compressed(Compression::Jpeg2000)),
            other => Err(refused(name(other))),
        }
    }
}

/// The names of what is not read.
fn name(number: &str) -> &'static str {
    match number {
        ".4.80" | ".4.81" => "JPEG-LS compression",
        ".4.92" | ".4.93" => "JPEG 2000 multi-component compression",
        ".4.94" | ".4.95" | ".4.204" | ".4.205" => "pixels on a server (JPIP)",
        ".4.110" | ".4.111" | ".4.112" => "JPEG XL compression",
        ".4.201" | ".4.202" | ".4.203" => "high-throughput JPEG 2000 compression",
        ".8.1" => "pixels with each frame deflated",
        _ if number.starts_with(".4.10") => "MPEG video compression",
        _ if number.starts_with(".4.") => "a retired or unknown compression",
        _ => "an unknown transfer syntax",
    }
}

fn refused(name: &str) -> DecodeError {
    unsupported(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        for (uid, expected) in [
            ("1.2.840.10008.1.2.4.80", "JPEG-LS compression"),
            ("1.2.840.10008.1.2.4.102", "MPEG video compression"),
            ("1.2.840.10008.1.2.4.110", "JPEG XL compression"),
            ("1.2.840.10008.1.2.4.202", "high-throughput JPEG 2000 compression"),
            ("1.2.840.113619.5.2", "a private transfer syntax"),
        ] {
            let error = TransferSyntax::of(uid).unwrap_err();
            assert!(error.to_string().ends_with(expected), "{uid}: {error}");
        }
        assert!(TransferSyntax::of("1.2.840.10008.1.2").is_ok());
    }
}
