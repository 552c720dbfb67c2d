//! How names, addresses, numbers and times are written on every page. Records keep all digits; pages round.

use crate::stats::Interval;

/// Text from outside, with characters that are not seen or turn the reading direction made visible. maud escapes the rest.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown = |c: char| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// A relative path as an address: everything but plain letters, digits and `-_.~/` is percent-encoded.
pub(super) fn address(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A score from 0 to 1, never rounded to certainty.
pub(super) fn score(value: f64) -> String {
    match value {
        v if v > 0.999 && v < 1.0 => "> 0.999".to_owned(),
        v if v < 0.001 && v > 0.0 => "< 0.001".to_owned(),
        v => format!("{v:.3}"),
    }
}

/// A measure from 0 to 1.
pub(super) fn measure(value: f64) -> String {
    format!("{value:.3}")
}

/// The ends of a 95 % confidence interval.
pub(super) fn interval(Interval { low, high }: Interval) -> String {
    format!("{low:.3}–{high:.3}")
}

/// A proportion: `0.913 (21 of 23)`.
pub(super) fn proportion((hits, n): (u64, u64)) -> String {
    match n {
        0 => "not measured".to_owned(),
        n => format!("{} ({} of {})", measure(hits as f64 / n as f64), count(hits), count(n)),
    }
}

/// `grey12` as `grey, 12 bits in a 16-bit file`.
pub(super) fn colour(name: &str) -> String {
    let kind = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let shown = match kind {
        "greya" => "grey with transparency",
        "rgb" => "RGB",
        "rgba" => "RGB with transparency",
        "cmyk" => "CMYK",
        "float" => "floating point",
        other => other,
    };
    match &name[kind.len()..] {
        "" => shown.to_owned(),
        "1" => format!("{shown}, 1 bit"),
        bits @ ("10" | "12" | "14") => format!("{shown}, {bits} bits in a 16-bit file"),
        bits => format!("{shown}, {bits} bits"),
    }
}

/// A number of things, with commas between thousands.
pub(super) fn count(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or(u64::MAX).to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let (head, tail) = digits.split_at(first);
    tail.as_bytes().chunks(3).fold(head.to_owned(), |text, group| text + "," + &String::from_utf8_lossy(group))
}

/// `1 image`, `2 images`.
pub(super) fn images(n: impl TryInto<u64>) -> String {
    match count(n).as_str() {
        "1" => "1 image".to_owned(),
        n => format!("{n} images"),
    }
}

/// `2025-11-23T14:20:05Z` as `2025-11-23 14:20 UTC`.
pub(super) fn day(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_and_addresses_encoded() {
        assert_eq!(visible("a\u{202e}gnp.exe\n"), "a\\u{202e}gnp.exe\\u{a}");
        assert_eq!(address("x/a b#1%ä.jpg"), "x/a%20b%231%25%C3%A4.jpg");
    }

    #[test]
    fn a_colour_is_written_out() {
        let shown = ["grey12", "grey8", "rgba16", "grey1", "palette", "cmyk8"].map(colour);
        assert_eq!(shown[..3], ["grey, 12 bits in a 16-bit file", "grey, 8 bits", "RGB with transparency, 16 bits"]);
        assert_eq!(shown[3..], ["grey, 1 bit", "palette", "CMYK, 8 bits"]);
    }

    #[test]
    fn a_score_is_never_rounded_to_certainty() {
        assert_eq!([0.999_999, 1.0, 0.5, 1e-9, 0.0].map(score), ["> 0.999", "1.000", "0.500", "< 0.001", "0.000"]);
    }

    #[test]
    fn counts_and_measures_are_short_and_readable() {
        let numbers = [0_u64, 7, 999, 1000, 12_345, 123_456, 1_234_567];
        assert_eq!(numbers.map(count), ["0", "7", "999", "1,000", "12,345", "123,456", "1,234,567"]);
        assert_eq!([proportion((21, 23)), proportion((0, 0))], ["0.913 (21 of 23)", "not measured"]);
        assert_eq!(interval(Interval { low: 0.732_04, high: 0.975_82 }), "0.732–0.976");
        assert_eq!([images(1_u64), images(1200_u64)], ["1 image", "1,200 images"]);
        assert_eq!(day("2025-11-23T14:20:05Z"), "2025-11-23 14:20 UTC");
    }
}
