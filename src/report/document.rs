//! The shell of every page: one file, no network, nothing runs or loads but what is hashed here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::domain::ContentHash;

const STYLE: &str = include_str!("style.css");

/// Said on every page.
pub(super) const NOTICE: &str = "Research use only, not for diagnostic use";

/// Where a page's pictures may come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Images {
    /// Inside the page.
    Embedded,
    /// Files beside the page.
    Beside,
}

/// A whole page. `script` is one of the room's own files.
pub(super) fn document(title: &str, images: Images, script: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(images, script));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (visible(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top {
                    span.mark { "gradwatch" }
                    span.notice { (NOTICE) }
                }
                (body)
                script { (PreEscaped(script)) }
            }
        }
    };
    page.into_string()
}

fn policy(images: Images, script: &str) -> String {
    let images = match images {
        Images::Embedded => "data:",
        Images::Beside => "'self' file:",
    };
    let hash = |text: &str| STANDARD.encode(ContentHash::of(text.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; img-src {images}; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(script)
    )
}

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

/// A score as people read it; the record has all digits.
pub(super) fn score(value: f64) -> String {
    match value {
        v if v > 0.999 && v < 1.0 => "> 0.999".to_owned(),
        v if v < 0.001 && v > 0.0 => "< 0.001".to_owned(),
        v => format!("{v:.3}"),
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
    fn a_score_is_never_rounded_to_certainty() {
        assert_eq!([0.999_999, 1.0, 0.5, 1e-9, 0.0].map(score), ["> 0.999", "1.000", "0.500", "< 0.001", "0.000"]);
    }
}
