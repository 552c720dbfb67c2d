//! `EarlyStopping` and `ModelCheckpoint` as Keras has them: two trackers that do not share their best value.
//!
//! Early stopping counts an epoch as better only by more than `min_delta`; the checkpoint saves on every strict
//! improvement. Accuracies are compared as the counts they are, so that a step of exactly `min_delta` is never an
//! improvement, and what is not a number is never better. Keras compares 32-bit fractions, which leaves such steps to
//! rounding, and takes a first value that is no number for the best: `keras_f32` does as it does.

use crate::config::{CheckpointSettings, Direction, EarlyStoppingSettings, Monitor};

/// How one epoch went on one side of the split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    /// Images whose greatest logit is their class's.
    pub(super) n_correct: u64,
    /// Of so many.
    pub(super) n: u64,
    /// Mean loss.
    pub(super) loss: f64,
}

impl Score {
    /// 0 to 1.
    pub(super) fn accuracy(self) -> f64 {
        self.n_correct as f64 / self.n.max(1) as f64
    }
}

/// One epoch, as the callbacks see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EpochScores {
    pub(super) training: Score,
    pub(super) validation: Score,
}

/// A watched number as a fraction; a loss, a baseline or a threshold is over 1.
#[derive(Debug, Clone, Copy)]
struct MonitoredValue {
    amount: f64,
    of: f64,
}

impl MonitoredValue {
    fn plain(amount: f64) -> Self {
        Self { amount, of: 1.0 }
    }

    fn single(self) -> f64 {
        f64::from((self.amount / self.of) as f32)
    }
}

/// Compares two values of one metric.
#[derive(Debug, Clone, Copy)]
struct MetricMonitor {
    monitor: Monitor,
    greater_is_better: bool,
    min_delta: f64,
    keras_f32: bool,
}

impl MetricMonitor {
    fn new(monitor: Monitor, direction: Direction, min_delta: f64, keras_f32: bool) -> Self {
        let greater_is_better = direction.prefers_greater(monitor);
        Self { monitor, greater_is_better, min_delta: min_delta.abs(), keras_f32 }
    }

    fn value(&self, scores: EpochScores) -> MonitoredValue {
        let score = match self.monitor {
            Monitor::Accuracy | Monitor::Loss => scores.training,
            Monitor::ValAccuracy | Monitor::ValLoss => scores.validation,
        };
        match self.monitor.is_accuracy() {
            // A layer that has diverged predicts nothing, whatever the count says.
            true if score.loss.is_nan() && !self.keras_f32 => MonitoredValue::plain(f64::NAN),
            true => MonitoredValue { amount: score.n_correct as f64, of: score.n.max(1) as f64 },
            false => MonitoredValue::plain(score.loss),
        }
    }

    /// Whether `new` beats `old` by more than `min_delta`; never when one is no number.
    fn is_better(&self, new: MonitoredValue, old: MonitoredValue) -> bool {
        let (new, old, margin) = if self.keras_f32 {
            return self.is_better_in_f32(new.single(), old.single());
        } else if self.monitor.is_accuracy() {
            let margin = whole_if_close(self.min_delta * new.of * old.of);
            (whole_if_close(new.amount * old.of), whole_if_close(old.amount * new.of), margin)
        } else {
            (new.amount, old.amount, self.min_delta)
        };
        if self.greater_is_better { new - margin > old } else { new + margin < old }
    }

    /// As `keras.callbacks.MonitorCallback`: the margin is taken off in 64 bits, the comparison is of 32.
    fn is_better_in_f32(&self, new: f64, old: f64) -> bool {
        if self.greater_is_better {
            (new - self.min_delta) as f32 > old as f32
        } else {
            ((new + self.min_delta) as f32) < old as f32
        }
    }
}

/// 0.29 of 100 images is 29 images, though the product of the two floats is a little less.
fn whole_if_close(count: f64) -> f64 {
    if (count - count.round()).abs() < 1e-12 * count.abs().max(1.0) { count.round() } else { count }
}

/// Keeps the best value of one metric.
#[derive(Debug)]
struct BestSoFar {
    metric: MetricMonitor,
    best: Option<MonitoredValue>,
}

impl BestSoFar {
    /// Whether this value is better than the best; it is then the best.
    fn improve(&mut self, value: MonitoredValue) -> bool {
        let better = match self.best {
            None => self.metric.keras_f32 || !value.amount.is_nan(),
            Some(best) => self.metric.is_better(value, best),
        };
        if better {
            self.best = Some(value);
        }
        better
    }
}

/// What early stopping says after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoppingDecision {
    /// This epoch's layer is the one that `restore_best_weights` would come back to.
    pub(super) is_best: bool,
    pub(super) stops: bool,
}

/// Ends a training that no longer gets better.
#[derive(Debug)]
pub(super) struct EarlyStopping {
    best: BestSoFar,
    settings: EarlyStoppingSettings,
    n_waited: u32,
    n_epochs: u32,
    has_best: bool,
}

impl EarlyStopping {
    pub(super) fn new(settings: EarlyStoppingSettings, keras_f32: bool) -> Self {
        let metric = MetricMonitor::new(settings.monitor, settings.mode, settings.min_delta, keras_f32);
        Self { best: BestSoFar { metric, best: None }, settings, n_waited: 0, n_epochs: 0, has_best: false }
    }

    /// Takes in the next epoch. Never stops after the first one.
    pub(super) fn after(&mut self, scores: EpochScores) -> StoppingDecision {
        let epoch = self.n_epochs;
        self.n_epochs += 1;
        if epoch < self.settings.start_from_epoch {
            return StoppingDecision { is_best: false, stops: false };
        }
        let is_first = !std::mem::replace(&mut self.has_best, true);
        self.n_waited += 1;
        let metric = self.best.metric;
        let value = metric.value(scores);
        if self.best.improve(value) {
            // While the baseline is not beaten, the waiting goes on.
            if self.settings.baseline.is_none_or(|baseline| metric.is_better(value, MonitoredValue::plain(baseline))) {
                self.n_waited = 0;
            }
            return StoppingDecision { is_best: true, stops: false };
        }
        StoppingDecision { is_best: is_first, stops: self.n_waited >= self.settings.patience && epoch > 0 }
    }
}

/// Says which epochs' layers are saved; the last of them is kept.
#[derive(Debug)]
pub(super) struct ModelCheckpoint {
    best: BestSoFar,
    best_only: bool,
}

impl ModelCheckpoint {
    pub(super) fn new(settings: CheckpointSettings, keras_f32: bool) -> Self {
        let metric = MetricMonitor::new(settings.monitor, settings.mode, 0.0, keras_f32);
        let best = settings.initial_value_threshold.map(MonitoredValue::plain);
        Self { best: BestSoFar { metric, best }, best_only: settings.save_best_only }
    }

    /// Whether this epoch's layer is to be saved. Ties keep the earlier one.
    pub(super) fn saves(&mut self, scores: EpochScores) -> bool {
        !self.best_only || self.best.improve(self.best.metric.value(scores))
    }
}

#[cfg(test)]
mod tests;
