//! How texts are written beside those that a scan has in its own character set.

/// What an object's Specific Character Set allows for texts that are not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    /// Nothing but the letters that all character sets share.
    Ascii,
    /// `ISO_IR 100`
    Latin1,
    /// `ISO_IR 192`
    Utf8,
}

impl TextEncoding {
    /// Letters that cannot be written are named by their number, such as `(U+80BA)`; control characters become spaces.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                _ if letter.is_control() => out.push(b' '),
                '\u{a0}'..='\u{ff}' if self == Self::Latin1 => out.push(letter as u8),
                _ if self == Self::Utf8 || letter.is_ascii() => {
                    out.extend(letter.encode_utf8(&mut [0; 4]).bytes());
                }
                _ => out.extend(format!("(U+{:04X})", u32::from(letter)).bytes()),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::TextEncoding;

    #[test]
    fn what_a_character_set_lacks_is_named_by_number() {
        let encoded = |encoding: TextEncoding| encoding.encode("ü\n肺");
        assert_eq!(encoded(TextEncoding::Utf8), "ü 肺".as_bytes());
        assert_eq!(encoded(TextEncoding::Latin1), b"\xfc (U+80BA)");
        assert_eq!(encoded(TextEncoding::Ascii), b"(U+00FC) (U+80BA)");
    }
}
