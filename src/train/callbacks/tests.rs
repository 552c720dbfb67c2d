//! The callbacks against what Keras' own did on 40 recorded traces, and what differs from Keras on purpose.

use serde::Deserialize;

use super::*;

/// `scripts/make-callback-traces` makes it with real Keras.
const RECORDED: &str = include_str!("../../../tests/fixtures/callbacks.json");

#[derive(Deserialize)]
struct Recorded {
    traces: Vec<Trace>,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    counts: Vec<u64>,
    #[serde(default)]
    losses: Vec<Option<f64>>,
    early_stopping: Stopping,
    checkpoint: Checkpoint,
    keras: Trainer,
    /// By the same code on exact numbers; none where a value is no number.
    exact: Option<Trainer>,
}

#[derive(Deserialize)]
struct Stopping {
    monitor: Monitor,
    min_delta: f64,
    patience: u32,
    mode: Direction,
    baseline: Option<f64>,
    start_from_epoch: u32,
    restore_best_weights: bool,
}

#[derive(Deserialize)]
struct Checkpoint {
    monitor: Monitor,
    mode: Direction,
    save_best_only: bool,
    initial_value_threshold: Option<f64>,
}

/// Epochs count from 0.
#[derive(Debug, PartialEq, Deserialize)]
struct Trainer {
    stopped: Option<usize>,
    saved: Vec<usize>,
    /// The epoch whose weights the network has in the end.
    ends_with: usize,
}

impl Trace {
    fn readings(&self) -> Vec<EpochScores> {
        let scores = |n_correct, loss| {
            let score = Score { n_correct, n: self.n, loss };
            EpochScores { training: score, validation: score }
        };
        let counts = self.counts.iter().map(|count| scores(*count, 0.5));
        counts.chain(self.losses.iter().map(|loss| scores(0, loss.unwrap_or(f64::NAN)))).collect()
    }

    fn stopping(&self) -> EarlyStoppingSettings {
        let Stopping { monitor, min_delta, patience, mode, baseline, start_from_epoch, restore_best_weights } =
            self.early_stopping;
        EarlyStoppingSettings { monitor, min_delta, patience, mode, baseline, start_from_epoch, restore_best_weights }
    }

    fn checkpoint(&self) -> CheckpointSettings {
        let Checkpoint { monitor, mode, save_best_only, initial_value_threshold } = self.checkpoint;
        CheckpointSettings { monitor, mode, save_best_only, initial_value_threshold }
    }
}

fn trainer(
    stopping: EarlyStoppingSettings,
    checkpoint: CheckpointSettings,
    f32s: bool,
    readings: &[EpochScores],
) -> Trainer {
    let restores = stopping.restore_best_weights;
    let mut stopping = EarlyStopping::new(stopping, f32s);
    let mut checkpoint = ModelCheckpoint::new(checkpoint, f32s);
    let mut trainer = Trainer { stopped: None, saved: Vec::new(), ends_with: 0 };
    let mut best = None;
    for (epoch, scores) in readings.iter().enumerate() {
        trainer.ends_with = epoch;
        if checkpoint.saves(*scores) {
            trainer.saved.push(epoch);
        }
        let verdict = stopping.after(*scores);
        best = if verdict.is_best { Some(epoch) } else { best };
        if verdict.stops {
            trainer.stopped = Some(epoch);
            break;
        }
    }
    trainer.ends_with = best.filter(|_| restores).unwrap_or(trainer.ends_with);
    trainer
}

#[test]
fn forty_traces_stop_save_and_restore_as_in_keras() {
    let traces = serde_json::from_str::<Recorded>(RECORDED).unwrap().traces;
    assert_eq!(traces.len(), 40);
    let mut n_apart = 0;
    for trace in &traces {
        let run = |f32s| trainer(trace.stopping(), trace.checkpoint(), f32s, &trace.readings());
        assert_eq!(run(true), trace.keras, "{} as Keras rounds", trace.name);
        if let Some(exact) = &trace.exact {
            assert_eq!(run(false), *exact, "{} on exact numbers", trace.name);
            n_apart += u32::from(*exact != trace.keras);
        }
    }
    assert!(n_apart >= 3, "traces in which rounding decides are missing");
}

fn stopping(monitor: Monitor, min_delta: f64, patience: u32) -> EarlyStoppingSettings {
    EarlyStoppingSettings {
        monitor,
        min_delta,
        patience,
        mode: Direction::Auto,
        baseline: None,
        start_from_epoch: 0,
        restore_best_weights: false,
    }
}

fn course_of(stopping: EarlyStoppingSettings, scores: &[Score]) -> (Vec<usize>, Option<usize>) {
    let checkpoint = CheckpointSettings {
        monitor: stopping.monitor,
        mode: stopping.mode,
        save_best_only: true,
        initial_value_threshold: None,
    };
    let readings: Vec<_> = scores.iter().map(|score| EpochScores { training: *score, validation: *score }).collect();
    let trainer = trainer(stopping, checkpoint, false, &readings);
    (trainer.saved, trainer.stopped)
}

#[test]
fn exactly_min_delta_is_no_improvement_and_one_image_more_is() {
    let accuracy = |min_delta: f64, counts: &[u64]| {
        let scores: Vec<_> = counts.iter().map(|&n_correct| Score { n_correct, n: 1000, loss: 0.5 }).collect();
        course_of(stopping(Monitor::ValAccuracy, min_delta, 1), &scores)
    };
    assert_eq!(accuracy(0.01, &[900, 910]), (vec![0, 1], Some(1)));
    assert_eq!(accuracy(0.01, &[900, 911]), (vec![0, 1], None));
    assert_eq!(accuracy(0.29, &[600, 890]), (vec![0, 1], Some(1)));
    assert_eq!(accuracy(-0.01, &[900, 910]), (vec![0, 1], Some(1)), "the sign of min_delta does not matter");
}

#[test]
fn fractions_of_different_numbers_of_images_are_compared_as_fractions() {
    let score = |n_correct, n| Score { n_correct, n, loss: 0.5 };
    let watched = stopping(Monitor::Accuracy, 0.1, 1);
    assert_eq!(course_of(watched, &[score(5, 10), score(18, 30)]), (vec![0, 1], Some(1)), "0.5 to 0.6 exactly");
    assert_eq!(course_of(watched, &[score(5, 10), score(19, 30)]), (vec![0, 1], None));
}

#[test]
fn what_is_not_a_number_is_never_better() {
    const NAN: f64 = f64::NAN;
    let loss = |losses: &[f64]| {
        let scores: Vec<_> = losses.iter().map(|&loss| Score { n_correct: 500, n: 1000, loss }).collect();
        [Monitor::ValLoss, Monitor::ValAccuracy].map(|monitor| course_of(stopping(monitor, 0.0, 2), &scores))
    };
    assert_eq!(loss(&[NAN, 0.5, 0.4, NAN, NAN])[0], (vec![1, 2], Some(4)));
    assert_eq!(loss(&[NAN, NAN, 0.1])[0], (vec![], Some(1)));
    assert_eq!(loss(&[NAN, NAN, NAN])[1], (vec![], Some(1)), "a diverged layer's accuracy counts for nothing");
}
