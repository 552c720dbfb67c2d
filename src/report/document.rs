//! The shell of every page: one file, no network, nothing runs or loads but what is hashed here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::format::visible;
use crate::domain::ContentHash;

const STYLE: &str = include_str!("style.css");

/// Shown on every page.
pub(super) const NOTICE: &str = "Research use only, not for diagnostic use";

/// This program and its version.
pub(super) const PROGRAM: &str = concat!("gradwatch ", env!("CARGO_PKG_VERSION"));

/// Where a page's images may come from, and whether its script loads data.
#[derive(Debug, Clone, Copy)]
pub(super) enum Images {
    /// Inside the page.
    Embedded,
    /// Files beside the page.
    Beside,
    /// Files beside the page, and so may be data for its script.
    BesideWithData,
}

/// The last line of a page that `program` made.
pub(super) fn footer(program: &str) -> Markup {
    html! { footer { p { (NOTICE) ". Generated locally by " (visible(program)) "; no data left this machine." } } }
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
    let (images, data) = match images {
        Images::Embedded => ("data:", ""),
        Images::Beside => ("'self' file:", ""),
        Images::BesideWithData => ("'self' file:", " 'self' file:"),
    };
    let hash = |text: &str| STANDARD.encode(ContentHash::of(text.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; img-src {images}; style-src 'sha256-{}'; script-src 'sha256-{}'{data}; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(script)
    )
}
