//! How often each value of a property occurs in each class, and a table of it that stays short.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::domain::{ClassName, Sample};
use crate::report::badges::bar;
use crate::report::format::{count, visible};

/// Values that a table lists; the others share a row.
const MOST_VALUES: usize = 10;
/// Classes that a table has columns for; the others share one.
const MOST_CLASSES: usize = 6;

/// Counts by value and class.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    values: BTreeMap<String, BTreeMap<&'a ClassName, u64>>,
}

/// The classes that tables have columns for: those with the most images, in the order of their names.
pub(super) struct ClassColumns<'a> {
    shown: BTreeSet<&'a ClassName>,
    n_others: usize,
}

impl<'a> Tally<'a> {
    /// Of the samples that have the property.
    pub(super) fn of(samples: &'a [Sample], value: impl Fn(&Sample) -> Option<String>) -> Self {
        let mut tally = Self::default();
        for sample in samples {
            if let Some(value) = value(sample) {
                *tally.values.entry(value).or_default().entry(&sample.class).or_default() += 1;
            }
        }
        tally
    }

    /// A table with the most frequent values first; empty where no sample has the property.
    pub(super) fn table(&self, title: &str, columns: &ClassColumns<'_>) -> Markup {
        let rows = self.rows();
        let total: u64 = rows.iter().map(|(_, n, _)| n).sum();
        html! {
            @if !rows.is_empty() {
                div.scroll tabindex="0" {
                    table.measures.tally.many[columns.are_many()] {
                        thead { tr { th scope="col" { (title) } th.number scope="col" { "Images" } th.share { "Share" } (columns.heads()) } }
                        tbody { @for (value, n, by_class) in rows { (row(&value, n, total, &by_class, columns)) } }
                    }
                }
            }
        }
    }

    /// Value, images, and images by class: the most frequent ones, and what is left in one row.
    fn rows(&self) -> Vec<(String, u64, BTreeMap<&'a ClassName, u64>)> {
        let with_sum = |(value, by_class): (&String, &BTreeMap<&'a ClassName, u64>)| {
            (visible(value), by_class.values().sum::<u64>(), by_class.clone())
        };
        let mut rows: Vec<_> = self.values.iter().map(with_sum).collect();
        rows.sort_by_key(|(_, n, _)| Reverse(*n));
        if rows.len() > MOST_VALUES + 1 {
            let others = rows.split_off(MOST_VALUES);
            let (name, mut sum, mut by_class) = (format!("{} more", count(others.len())), 0, BTreeMap::new());
            for (_, n, of_classes) in others {
                sum += n;
                for (class, n) in of_classes {
                    *by_class.entry(class).or_default() += n;
                }
            }
            rows.push((name, sum, by_class));
        }
        rows
    }
}

impl<'a> ClassColumns<'a> {
    pub(super) fn of(samples: &'a [Sample]) -> Self {
        let mut counts: BTreeMap<&ClassName, u64> = BTreeMap::new();
        for sample in samples {
            *counts.entry(&sample.class).or_default() += 1;
        }
        let mut classes: Vec<_> = counts.into_iter().collect();
        classes.sort_by_key(|(_, n)| Reverse(*n));
        // A column for one class takes no more room than a column for all others.
        let n_shown = if classes.len() == MOST_CLASSES + 1 { classes.len() } else { classes.len().min(MOST_CLASSES) };
        let n_others = classes.len() - n_shown;
        Self { shown: classes.into_iter().take(n_shown).map(|(class, _)| class).collect(), n_others }
    }

    /// Whether they are too many for a narrow screen.
    fn are_many(&self) -> bool {
        self.shown.len() + usize::from(self.n_others > 0) > 3
    }

    fn heads(&self) -> Markup {
        html! {
            @for class in &self.shown { th.number scope="col" { bdi { (visible(class.as_str())) } } }
            @if self.n_others > 0 { th.number scope="col" { (count(self.n_others)) " other classes" } }
        }
    }

    fn cells(&self, by_class: &BTreeMap<&ClassName, u64>) -> Markup {
        let cell = |class: &ClassName| by_class.get(class).copied().unwrap_or_default();
        let others = by_class.iter().filter(|(class, _)| !self.shown.contains(*class)).map(|(_, n)| n);
        html! {
            @for class in &self.shown { td.number { (count(cell(class))) } }
            @if self.n_others > 0 { td.number { (count(others.sum::<u64>())) } }
        }
    }
}

fn row(value: &str, n: u64, total: u64, by_class: &BTreeMap<&ClassName, u64>, columns: &ClassColumns<'_>) -> Markup {
    html! {
        tr {
            th scope="row" { bdi { (value) } }
            td.number { (count(n)) }
            td.share { (bar(n as f64 / total.max(1) as f64)) }
            (columns.cells(by_class))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(classes: usize, values: usize) -> Vec<Sample> {
        let sample = |(class, value)| {
            let mut sample = Sample::example(&format!("{class}-{value}"), &format!("c{class:02}"));
            sample.image.width = value as u32;
            sample
        };
        (0..classes).flat_map(|class| (0..values).map(move |value| (class, value))).map(sample).collect()
    }

    fn width(sample: &Sample) -> Option<String> {
        (sample.image.width > 0).then(|| format!("{} pixels", sample.image.width))
    }

    #[test]
    fn rare_values_and_small_classes_are_counted_together() {
        let samples = [samples(9, 20), samples(2, 3)].concat();
        let rows = Tally::of(&samples, width).rows();
        assert_eq!(rows.len(), MOST_VALUES + 1);
        assert_eq!((rows[0].0.as_str(), rows[0].1), ("1 pixels", 11), "most frequent first");
        assert_eq!((rows[10].0.as_str(), rows[10].1), ("9 more", 81));
        let html = Tally::of(&samples, width).table("Width", &ClassColumns::of(&samples)).into_string();
        assert!(html.contains("3 other classes") && html.matches("<tr>").count() == 12, "{html}");
        assert!(html.contains("c00") && html.contains("c01") && !html.contains("c08"), "{html}");
    }

    #[test]
    fn a_property_that_no_image_has_takes_no_room() {
        let samples = samples(2, 1);
        assert_eq!(Tally::of(&samples, width).table("Width", &ClassColumns::of(&samples)).into_string(), "");
    }

    #[test]
    fn one_value_or_class_more_than_fits_is_shown_itself() {
        let samples = samples(7, 12);
        let html = Tally::of(&samples, width).table("Width", &ClassColumns::of(&samples)).into_string();
        assert!(!html.contains("more") && !html.contains("other"), "{html}");
    }
}
