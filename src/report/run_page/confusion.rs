//! What the model takes for what.

use maud::{Markup, html};

use crate::domain::{ClassName, ModelRecord};
use crate::report::document::visible;
use crate::stats::Confusion;

pub(super) fn section(model: &ModelRecord) -> Markup {
    html! {
        section.card aria-labelledby="confusion" {
            h2 #confusion { "What it takes for what" }
            (table(&model.classes, &model.confusion))
        }
    }
}

/// Of whatever images.
pub(super) fn table(classes: &[ClassName], confusion: &Confusion) -> Markup {
    html! {
        table.counts {
            thead {
                tr {
                    th scope="col" { "Truth" }
                    @for class in classes { th scope="col" { "taken for " bdi { (visible(class.as_str())) } } }
                }
            }
            tbody {
                @for (truth, (class, row)) in classes.iter().zip(confusion.rows()).enumerate() {
                    tr {
                        th scope="row" { bdi { (visible(class.as_str())) } }
                        @for (predicted, n) in row.iter().enumerate() {
                            td { @if truth == predicted { strong { (n) } } @else { (n) } }
                        }
                    }
                }
            }
        }
    }
}
