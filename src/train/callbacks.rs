//! `EarlyStopping` and `ModelCheckpoint` as Keras has them: two trackers that do not share their best value.
//!
//! Early stopping counts an epoch as better only by more than `min_delta`; the checkpoint saves on every strict
//! improvement. What is not a number is never better.

use crate::config::{EarlyStoppingSettings, Monitor};

/// One epoch's validation result, as the callbacks see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// Images whose greatest logit is their class's.
    pub(super) n_correct: u64,
    /// Mean binary cross-entropy.
    pub(super) loss: f64,
}

impl Reading {
    /// The watched number. Accuracy is compared as a count of images: a step of exactly `min_delta` is then never an
    /// improvement, whereas Keras compares 32-bit fractions and lets rounding decide.
    fn value(self, monitor: Monitor) -> f64 {
        match monitor {
            // A layer that has diverged predicts nothing, whatever the count says.
            Monitor::ValAccuracy if self.loss.is_nan() => f64::NAN,
            Monitor::ValAccuracy => self.n_correct as f64,
            Monitor::ValLoss => self.loss,
        }
    }
}

/// Keeps the best value of one metric.
#[derive(Debug)]
struct Tracker {
    monitor: Monitor,
    /// In the units of [`Reading::value`].
    min_delta: f64,
    best: Option<f64>,
}

impl Tracker {
    /// Whether `value` beats the best by more than `min_delta`; it is then the best.
    fn improve(&mut self, reading: Reading) -> bool {
        let value = reading.value(self.monitor);
        let better = match (self.best, self.monitor) {
            _ if value.is_nan() => false,
            (None, _) => true,
            (Some(best), Monitor::ValAccuracy) => value - self.min_delta > best,
            (Some(best), Monitor::ValLoss) => value + self.min_delta < best,
        };
        if better {
            self.best = Some(value);
        }
        better
    }
}

/// Ends a training that no longer gets better.
#[derive(Debug)]
pub(super) struct EarlyStopping {
    tracker: Tracker,
    patience: u32,
    wait: u32,
    n_epochs: u32,
}

impl EarlyStopping {
    /// For validation on `n_validation` images.
    pub(super) fn new(settings: EarlyStoppingSettings, n_validation: u64) -> Self {
        let EarlyStoppingSettings { monitor, min_delta, patience } = settings;
        let min_delta = match monitor {
            Monitor::ValAccuracy => whole_if_close(min_delta.abs() * n_validation as f64),
            Monitor::ValLoss => min_delta.abs(),
        };
        Self { tracker: Tracker { monitor, min_delta, best: None }, patience, wait: 0, n_epochs: 0 }
    }

    /// Whether to stop after this epoch. Never after the first.
    pub(super) fn stops_after(&mut self, reading: Reading) -> bool {
        self.n_epochs += 1;
        self.wait += 1;
        if self.tracker.improve(reading) {
            self.wait = 0;
            return false;
        }
        self.wait >= self.patience && self.n_epochs > 1
    }
}

/// 0.29 of 100 images is 29 images, though the product of the two floats is a little less.
fn whole_if_close(count: f64) -> f64 {
    if (count - count.round()).abs() < 1e-6 { count.round() } else { count }
}

/// Keeps the layer of the best epoch (`save_best_only`).
#[derive(Debug)]
pub(super) struct ModelCheckpoint {
    tracker: Tracker,
}

impl ModelCheckpoint {
    pub(super) fn new(monitor: Monitor) -> Self {
        Self { tracker: Tracker { monitor, min_delta: 0.0, best: None } }
    }

    /// Whether this epoch's layer is to be saved. Ties keep the earlier one.
    pub(super) fn saves(&mut self, reading: Reading) -> bool {
        self.tracker.improve(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    /// Epochs (from 0) at which Keras would save, and after which it would stop.
    fn run(monitor: Monitor, min_delta: f64, patience: u32, readings: &[Reading]) -> (Vec<usize>, Option<usize>) {
        let mut stopping = EarlyStopping::new(EarlyStoppingSettings { monitor, min_delta, patience }, 1000);
        let mut checkpoint = ModelCheckpoint::new(monitor);
        let mut saved = Vec::new();
        for (epoch, reading) in readings.iter().enumerate() {
            if checkpoint.saves(*reading) {
                saved.push(epoch);
            }
            if stopping.stops_after(*reading) {
                return (saved, Some(epoch));
            }
        }
        (saved, None)
    }

    /// Accuracies as counts of 1000 images.
    fn accuracy(min_delta: f64, patience: u32, counts: &[u64]) -> (Vec<usize>, Option<usize>) {
        let readings: Vec<_> = counts.iter().map(|&n_correct| Reading { n_correct, loss: 0.5 }).collect();
        run(Monitor::ValAccuracy, min_delta, patience, &readings)
    }

    fn loss(min_delta: f64, patience: u32, losses: &[f64]) -> (Vec<usize>, Option<usize>) {
        let readings: Vec<_> = losses.iter().map(|&loss| Reading { n_correct: 0, loss }).collect();
        run(Monitor::ValLoss, min_delta, patience, &readings)
    }

    #[test]
    fn creep_below_min_delta_adds_up() {
        assert_eq!(accuracy(0.01, 3, &[900, 905, 909, 911, 911, 911]), (vec![0, 1, 2, 3], None));
    }

    #[test]
    fn the_checkpoint_keeps_what_early_stopping_ignores() {
        assert_eq!(accuracy(0.01, 3, &[900, 905, 909, 909, 999]), (vec![0, 1, 2], Some(3)));
    }

    #[test]
    fn exactly_min_delta_is_no_improvement_and_one_image_more_is() {
        assert_eq!(accuracy(0.01, 1, &[900, 910]), (vec![0, 1], Some(1)));
        assert_eq!(accuracy(0.01, 1, &[900, 911]), (vec![0, 1], None));
        assert_eq!(accuracy(0.29, 1, &[600, 890]), (vec![0, 1], Some(1)));
        assert_eq!(accuracy(-0.01, 1, &[900, 910]), (vec![0, 1], Some(1)), "the sign of min_delta does not matter");
    }

    #[test]
    fn never_stops_after_the_first_epoch_and_earliest_after_patience() {
        assert_eq!(accuracy(0.0, 0, &[900]), (vec![0], None));
        assert_eq!(accuracy(0.0, 0, &[900, 900]), (vec![0], Some(1)));
        assert_eq!(accuracy(0.0, 3, &[900, 899, 898, 897]), (vec![0], Some(3)));
        assert_eq!(accuracy(0.0, 3, &[900, 899, 898, 901, 1, 1, 1]), (vec![0, 3], Some(6)));
    }

    #[test]
    fn loss_is_better_when_less() {
        assert_eq!(loss(0.01, 2, &[0.5, 0.495, 0.485, 0.48, 0.48]), (vec![0, 1, 2, 3], Some(4)));
        assert_eq!(loss(0.0, 1, &[0.5, 0.5]), (vec![0], Some(1)), "ties do not save");
    }

    #[test]
    fn what_is_not_a_number_is_never_better() {
        assert_eq!(loss(0.0, 2, &[NAN, 0.5, 0.4, NAN, NAN]), (vec![1, 2], Some(4)));
        assert_eq!(loss(0.0, 2, &[NAN, NAN, 0.1]), (vec![], Some(1)));
        let diverged = [Reading { n_correct: 500, loss: NAN }; 3];
        assert_eq!(run(Monitor::ValAccuracy, 0.0, 2, &diverged), (vec![], Some(1)));
    }
}
