//! Long work on a terminal: a bar with speed and time left. Elsewhere: a log line now and then.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::domain::{Phase, Progress};

/// All bars of the process, so that log lines can be written between them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

const LOG_EVERY: Duration = Duration::from_secs(10);

/// Writes whole lines above the bars, if there are any: false where nothing is drawn. A terminal that has gone takes no
/// lines, which is no error; `MultiProgress::suspend` would panic there.
pub(super) fn written_above(lines: &str) -> bool {
    if BARS.is_hidden() {
        return false;
    }
    drop(BARS.println(lines.trim_end_matches('\n')));
    true
}

/// Draws bars on a terminal, and logs elsewhere.
#[derive(Default)]
pub(super) struct TerminalProgress {
    phase: Mutex<Option<ShownPhase>>,
}

struct ShownPhase {
    phase: Phase,
    total: u64,
    done: u64,
    remark: String,
    begun: Instant,
    logged: Instant,
    bar: Option<ProgressBar>,
}

impl TerminalProgress {
    fn with(&self, change: impl FnOnce(&mut ShownPhase)) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(phase) = phase.as_mut() {
            change(phase);
        }
    }
}

impl Progress for TerminalProgress {
    fn begin(&self, phase: Phase, total: u64) {
        let now = Instant::now();
        let bar = console_bar(phase, total);
        if bar.is_none() {
            tracing::info!(phase = phase.name(), total, unit = phase.unit(), "Phase started");
        }
        let begun = ShownPhase { phase, total, done: 0, remark: String::new(), begun: now, logged: now, bar };
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
    }

    fn advance(&self, n: u64) {
        self.with(|phase| {
            phase.done += n;
            match &phase.bar {
                Some(bar) => bar.inc(n),
                None if phase.logged.elapsed() >= LOG_EVERY && phase.done < phase.total => phase.log(false),
                None => {}
            }
        });
    }

    fn remark(&self, text: &str) {
        self.with(|phase| {
            text.clone_into(&mut phase.remark);
            if let Some(bar) = &phase.bar {
                bar.set_message(text.to_owned());
            }
        });
    }

    fn end(&self) {
        self.with(|phase| match &phase.bar {
            Some(bar) => bar.finish(),
            None => phase.log(true),
        });
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ShownPhase {
    /// `is_done`: no more of it comes.
    fn log(&mut self, is_done: bool) {
        self.logged = Instant::now();
        let seconds = self.begun.elapsed().as_secs_f64();
        let speed = self.done as f64 / seconds.max(1e-9);
        let Self { phase, done, total, remark, .. } = self;
        let (name, unit) = (phase.name(), phase.unit());
        let per_second = (10.0 * speed).round() / 10.0;
        let remark = Some(&*remark).filter(|remark| !remark.is_empty());
        if is_done && done < total {
            tracing::info!(phase = name, done, total, unit, per_second, remark, "Phase ended early");
        } else if is_done {
            tracing::info!(phase = name, done, total, unit, per_second, remark, "Phase completed");
        } else {
            tracing::info!(phase = name, done, total, unit, per_second, remark, "Phase in progress");
        }
    }
}

fn console_bar(phase: Phase, total: u64) -> Option<ProgressBar> {
    if BARS.is_hidden() {
        return None;
    }
    let unit = phase.unit();
    let template = format!("{{prefix:>10}} {{wide_bar}} {{pos}}/{{len}} {unit} {{per_sec}} ETA {{eta}} {{msg}}");
    let style = ProgressStyle::with_template(&template).ok()?;
    let bar = BARS.add(ProgressBar::new(total).with_style(style));
    bar.set_prefix(phase.name());
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}
