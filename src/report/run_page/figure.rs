//! A plot with its key.

use maud::{Markup, PreEscaped, html};

use crate::report::document::visible;
use crate::report::error::ReportError;
use crate::report::plots::{Plot, colour};

pub(super) fn figure(plot: &Plot) -> Result<Markup, ReportError> {
    let svg = plot.svg()?;
    Ok(html! {
        figure.plot role="img" aria-label={ (plot.y) " over " (plot.x) } {
            // Drawn here, and without a name from a user in it.
            (PreEscaped(svg))
            figcaption {
                @for (number, curve) in plot.curves.iter().enumerate() {
                    span.key {
                        svg width="14" height="10" aria-hidden="true" { rect width="14" height="4" y="3" fill=(colour(number)) {} }
                        " " bdi { (visible(&curve.name)) }
                    }
                    " "
                }
            }
        }
    })
}
