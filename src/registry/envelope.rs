//! The wrapping of every value in sled: version, checksum, payload. What does not verify is not believed.

use crate::domain::ContentHash;

/// The newest version of records, head and journal that this program reads, and the one it writes.
pub(super) const SCHEMA: u16 = 1;

const CHECK: std::ops::Range<usize> = 2..18;

/// Why a value cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Its bytes are not those that were written.
    Damaged,
    /// It is whole, but a newer program wrote it in this version.
    Newer(u16),
}

/// Wraps `payload`: version (big-endian u16), the first 16 bytes of the SHA-256 over version, table, key and payload, payload.
pub(super) fn seal(table: &str, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let version = SCHEMA.to_be_bytes();
    [&version, checksum(version, table, key, payload).as_slice(), payload].concat()
}

/// The payload of a wrapped value.
pub(super) fn open<'a>(table: &str, key: &[u8], value: &'a [u8]) -> Result<&'a [u8], Unusable> {
    let (Some(version), Some(check), Some(payload)) =
        (value.first_chunk::<2>(), value.get(CHECK), value.get(CHECK.end..))
    else {
        return Err(Unusable::Damaged);
    };
    if check != checksum(*version, table, key, payload) {
        return Err(Unusable::Damaged);
    }
    match u16::from_be_bytes(*version) {
        newer if newer > SCHEMA => Err(Unusable::Newer(newer)),
        _ => Ok(payload),
    }
}

/// The checksum inside a wrapped value as a number, for sums over a whole table; 0 when there is none.
pub(super) fn weight(value: &[u8]) -> u128 {
    value.get(CHECK).and_then(|check| check.try_into().ok()).map_or(0, u128::from_be_bytes)
}

fn checksum(version: [u8; 2], table: &str, key: &[u8], payload: &[u8]) -> [u8; 16] {
    let hash = ContentHash::of_parts([&version, table.as_bytes(), key, payload]);
    let mut check = [0; 16];
    check.copy_from_slice(&hash.as_bytes()[..16]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does() {
        let value = seal("samples", b"key", b"payload");
        assert_eq!(open("samples", b"key", &value), Ok(b"payload".as_slice()));
        assert_eq!(open("scans", b"key", &value), Err(Unusable::Damaged));
        assert_eq!(open("samples", b"yek", &value), Err(Unusable::Damaged));
        for place in 0..value.len() {
            let mut flipped = value.clone();
            flipped[place] ^= 1;
            assert_eq!(open("samples", b"key", &flipped), Err(Unusable::Damaged), "byte {place}");
            assert_eq!(open("samples", b"key", &value[..place]), Err(Unusable::Damaged), "{place} bytes");
        }
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let version = 7_u16.to_be_bytes();
        let value = [&version, checksum(version, "t", b"k", b"p").as_slice(), b"p"].concat();
        assert_eq!(open("t", b"k", &value), Err(Unusable::Newer(7)));
    }
}
