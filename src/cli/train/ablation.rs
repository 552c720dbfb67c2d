//! The table that `gradwatch train --ablate` prints.

use crate::stats::{Estimate, Interval};
use crate::workflow::{Ablation, Component};

/// A component that can be omitted.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum AblatedPart {
    /// All augmentation: training on the originals only
    Augment,
}

impl From<AblatedPart> for Component {
    fn from(what: AblatedPart) -> Self {
        match what {
            AblatedPart::Augment => Self::Augment,
        }
    }
}

/// Both trainings beside each other, their differences with intervals, and what may be said of them.
pub(super) fn table(found: &Ablation) -> String {
    let Ablation { with, without, difference, paired, n, .. } = found;
    let what = name(found.part);
    let on = match found.folds {
        Some(folds) => format!("{n} images, each held out once in {folds} folds"),
        None => format!("{n} validation images"),
    };
    let mut lines = vec![format!("{} with and without {what}, {on}", found.dataset), head()];
    lines.push(row("accuracy", Some(with.accuracy), Some(without.accuracy), Some(difference.accuracy)));
    lines.push(row("ROC AUC", with.roc_auc_mean, without.roc_auc_mean, difference.roc_auc_mean));
    lines.push(row("Brier score", Some(with.brier), Some(without.brier), difference.brier));
    lines.push(format!("{:<12}{:>8}{:>10}", "epoch", mean(&found.epochs_with), mean(&found.epochs_without)));
    lines.push(String::new());
    lines.push(format!(
        "Correct only with {what}: {}, only without: {}; McNemar p = {:.3}.",
        paired.only_first, paired.only_second, paired.p_value
    ));
    lines.push(verdict(found));
    if found.folds.is_none() {
        lines.push(
            "These images were also used to select the epoch of each training; use --folds 5 for independent images."
                .to_owned(),
        );
    }
    lines.join("\n") + "\n"
}

fn name(part: Component) -> &'static str {
    match part {
        Component::Augment => "augmentation",
    }
}

/// One sentence that goes no further than the interval of the accuracies.
fn verdict(found: &Ablation) -> String {
    let (what, n) = (name(found.part), found.n);
    let Interval { low, high } = found.difference.accuracy.interval;
    if low > 0.0 {
        format!(
            "The interval of the accuracy difference is above 0: {what} improves the accuracy on images like these {n}."
        )
    } else if high < 0.0 {
        format!(
            "The interval of the accuracy difference is below 0: {what} reduces the accuracy on images like these {n}."
        )
    } else {
        format!(
            "The interval of the accuracy difference contains 0: these {n} images do not show whether {what} helps."
        )
    }
}

fn head() -> String {
    format!("{:<12}{:>8}{:>10}{:>12}   95 % interval", "", "with", "without", "difference")
}

fn row(name: &str, with: Option<f64>, without: Option<f64>, difference: Option<Estimate>) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let interval = |Estimate { value, interval: Interval { low, high } }: Estimate| {
        format!("{value:>+12.3}   {low:+.3} to {high:+.3}")
    };
    format!("{name:<12}{:>8}{:>10}{}", number(with), number(without), difference.map_or_else(String::new, interval))
}

/// The epoch that was kept; over several trainings their mean.
fn mean(epochs: &[u32]) -> String {
    match epochs {
        [epoch] => epoch.to_string(),
        _ => format!("{:.1}", f64::from(epochs.iter().sum::<u32>()) / epochs.len().max(1) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DatasetName;
    use crate::stats::{Differences, Measures, Paired};

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value, interval: Interval { low, high } }
    }

    fn example(accuracy: Estimate) -> Ablation {
        let measures = |accuracy| Measures { accuracy, roc_auc_mean: Some(0.9), brier: 0.1 };
        Ablation {
            dataset: DatasetName::new("chest").unwrap(),
            part: Component::Augment,
            folds: None,
            n: 24,
            with: measures(0.875),
            without: measures(0.833),
            difference: Differences { accuracy, roc_auc_mean: None, brier: Some(estimate(-0.01, -0.03, 0.01)) },
            paired: Paired { only_first: 2, only_second: 1, p_value: 1.0 },
            epochs_with: vec![4],
            epochs_without: vec![7],
        }
    }

    #[test]
    fn the_table_says_what_may_be_said() {
        let found = example(estimate(0.042, -0.13, 0.21));
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(table(&found)) });
        let folds = Ablation { folds: Some(5), epochs_with: vec![4, 5], ..found };
        assert!(table(&folds).contains("24 images, each held out once in 5 folds"));
        assert!(table(&folds).contains("       4.5         7\n") && !table(&folds).contains("--folds"));
    }

    #[test]
    fn the_verdict_goes_no_further_than_the_interval() {
        let verdict = |low, high| verdict(&example(estimate(0.0, low, high)));
        assert!(verdict(0.01, 0.2).contains("augmentation improves the accuracy"));
        assert!(verdict(-0.2, -0.01).contains("augmentation reduces the accuracy"));
        assert!(verdict(0.0, 0.2).contains("do not show whether"));
    }
}
