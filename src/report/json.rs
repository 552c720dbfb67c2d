//! JSON for people as well: indented, and every number with the digits that a 32-bit float needs, which is what the
//! network computes with. So 0.3 is not 0.30000001192092896, and a sum that should be 1 is not 0.9999999999999999.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::stats::shortest_single;

/// The value as indented JSON, with a line feed at the end.
pub(super) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut text, ShortNumbers(PrettyFormatter::new())))?;
    text.push(b'\n');
    Ok(text)
}

/// serde's indented form but for numbers.
struct ShortNumbers(PrettyFormatter<'static>);

impl Formatter for ShortNumbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.0.write_f64(writer, shortest_single(value))
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_a_32_bit_float_needs() {
        for (value, text) in [
            (f64::from(0.3_f32), "0.3"),
            (0.999_999_999_999_999_9, "1.0"),
            (21.0 / 23.0, "0.9130435"),
            (-0.999_999, "-0.999999"),
            (0.000_734_727_271_144_535_9, "0.00073472725"),
            (0.0, "0.0"),
            (1e-60, "1e-60"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(String::from_utf8(to_json(&value).unwrap()).unwrap(), format!("{text}\n"), "{value}");
        }
    }

    #[test]
    fn all_else_is_as_serde_writes_it() {
        let value = serde_json::json!({"empty": [], "list": [1, "two", null, {"a": true}], "none": {}});
        let text = serde_json::to_string_pretty(&value).unwrap() + "\n";
        assert_eq!(String::from_utf8(to_json(&value).unwrap()).unwrap(), text);
    }
}
