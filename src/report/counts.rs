//! The table of how many images of each class a model was made and measured with.

use maud::{Markup, html};

use super::document::visible;
use crate::domain::ModelRecord;

/// Originals a class: learned from, measured on, and tested on where there is a test side.
pub(super) fn table(model: &ModelRecord) -> Markup {
    html! {
        table.counts {
            thead {
                tr {
                    th scope="col" { "Class" } th scope="col" { "Learned from" } th scope="col" { "Measured on" }
                    @if model.test.is_some() { th scope="col" { "Tested on" } }
                }
            }
            tbody {
                @for class in &model.classes {
                    @let count = model.counts.get(class).copied().unwrap_or_default();
                    tr {
                        th scope="row" { bdi { (visible(class.as_str())) } }
                        td { (count.train) " images" }
                        td { (count.validation) " images" }
                        @if model.test.is_some() { td { (count.test) " images" } }
                    }
                }
            }
        }
    }
}
