//! The secret of an installation: keyed hashes that nobody without it can compute from a list of names or numbers.

use std::fmt::{self, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Hexadecimal digits of a pseudonym: 96 bits, so that two of a billion are different ones.
const DIGITS: usize = 24;

/// 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SiteKey([u8; 32]);

impl SiteKey {
    /// Of bytes that are random.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Of 64 hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        for (byte, number) in bytes.iter_mut().zip(0..) {
            *byte = u8::from_str_radix(text.get(2 * number..2 * number + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As [`Self::parse`] reads it.
    pub(super) fn secret(&self) -> String {
        hex(&self.0)
    }

    /// Tells keys apart, and nothing else of them: 24 hexadecimal digits.
    pub fn id(&self) -> String {
        self.pseudonym("key", b"")
    }

    /// HMAC-SHA256 (RFC 2104) of `value`, its first 24 hexadecimal digits. Pseudonyms of different purposes have nothing in
    /// common.
    pub fn pseudonym(&self, purpose: &str, value: &[u8]) -> String {
        hex(&self.mac(purpose, value)[..DIGITS / 2])
    }

    /// Whether a text has the form of a pseudonym.
    pub(super) fn is_pseudonym(text: &str) -> bool {
        text.len() == DIGITS && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// The whole HMAC, for numbers that have to be drawn the same way each time.
    pub fn mac(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        // A key of a whole block of SHA-256 is taken as it is, and a shorter one is filled up with zeros (RFC 2104).
        let mut block = [0; 64];
        block[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }
}

/// The key reaches no text but its file.
impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteKey({})", self.id())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_same_for_one_key_and_purpose_and_tells_nothing_of_the_key() {
        let (one, other) = (SiteKey::new([1; 32]), SiteKey::new([2; 32]));
        assert_eq!(one.pseudonym("patient", b"DOE"), one.pseudonym("patient", b"DOE"));
        let different = [
            one.pseudonym("patient", b"DOE"),
            one.pseudonym("patient", b"ROE"),
            one.pseudonym("study", b"DOE"),
            other.pseudonym("patient", b"DOE"),
            one.id(),
            other.id(),
        ];
        assert_eq!(different.iter().collect::<std::collections::BTreeSet<_>>().len(), different.len());
        assert!(different.iter().all(|pseudonym| pseudonym.len() == DIGITS));
        assert!(!format!("{one:?}").contains(&one.secret()[..8]));
    }

    /// RFC 4231 gives no case with a purpose; this is `printf 'patient\0DOE' | openssl dgst -sha256 -mac hmac -macopt hexkey:01...`.
    #[test]
    fn it_is_the_hmac_of_openssl() {
        assert_eq!(SiteKey::new([1; 32]).pseudonym("patient", b"DOE"), "984d78b6be1dcb3dbffff84c");
    }

    #[test]
    fn its_text_is_read_back_and_no_other_text_is_a_key() {
        let key = SiteKey::new(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(SiteKey::parse(&key.secret()), Some(key.clone()));
        let secret = key.secret();
        for text in ["", &secret[1..], &format!("{secret}0"), &secret.replace('0', "g"), &"é".repeat(32)] {
            assert_eq!(SiteKey::parse(text), None, "{text}");
        }
    }
}
