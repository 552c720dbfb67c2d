//! What was repaired when the registry was opened, one step at a time, each logged once.

use std::fmt;
use std::path::PathBuf;

use crate::domain::Counter;

/// One step of repair at opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// sled was killed while it wrote a snapshot; the half-written ones are gone.
    LeftoverSnapshots {
        /// How many.
        n: u64,
    },
    /// A damaged file or folder was renamed, to be looked at.
    Renamed {
        /// What it is called now.
        to: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// sled opened, but it does not hold what was committed.
    StoreDamaged {
        /// In which way.
        what: String,
    },
    /// The journal was ahead of sled, as after a kill between the two.
    Replayed {
        /// Events.
        n: u64,
    },
    /// The journal's last line was cut off; it was never committed.
    TornTail {
        /// Its length.
        bytes: u64,
    },
    /// Lines of the journal that do not verify were left out.
    DamagedLines {
        /// How many.
        n: u64,
    },
    /// The journal was written anew.
    JournalRewritten,
    /// sled was made again from the journal.
    FromJournal {
        /// Events.
        n: u64,
    },
    /// There was nothing better than the records of a damaged sled that can still be read.
    Salvaged,
    /// Models were found again by their files.
    FromFiles {
        /// How many.
        runs: u64,
    },
    /// Counters may be too low, because what counted them was lost.
    Counters {
        /// What files show, which was added.
        shown: Vec<(Counter, u64)>,
        /// What no file shows.
        unknown: Counter,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftoverSnapshots { n } => {
                write!(f, "removed {n} incomplete snapshot(s) of sled")
            }
            Self::Renamed { to, why } => write!(f, "renamed to `{}`: {why}", to.display()),
            Self::StoreDamaged { what } => write!(f, "sled does not hold what was committed: {what}"),
            Self::Replayed { n } => write!(f, "added {n} event(s) to sled that only the journal had"),
            Self::TornTail { bytes } => write!(f, "removed {bytes} byte(s) of an incomplete journal line"),
            Self::DamagedLines { n } => write!(f, "skipped {n} damaged line(s) of the journal"),
            Self::JournalRewritten => f.write_str("rewrote the journal"),
            Self::FromJournal { n } => write!(f, "rebuilt the registry from {n} event(s) of the journal"),
            Self::Salvaged => f.write_str("kept the records that can still be read, because the journal has none"),
            Self::FromFiles { runs } => write!(f, "restored {runs} model(s) from their files"),
            Self::Counters { shown, unknown } => {
                let shown: Vec<_> = shown.iter().map(|(counter, n)| format!("{n} {}", counter.name())).collect();
                let shown = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
                write!(
                    f,
                    "added to the counters what files show ({shown}); {} cannot be restored and may be too low, {} and {} are counted again for the files that still are in the inbox",
                    unknown.name(),
                    Counter::Samples.name(),
                    Counter::Quarantined.name()
                )
            }
        }
    }
}

/// The steps taken.
#[derive(Debug, Default)]
pub(super) struct Repairs(Vec<Repair>);

impl Repairs {
    /// Logs a step, once, and keeps it.
    pub(super) fn step(&mut self, step: Repair) {
        tracing::warn!(%step, "Registry repaired");
        self.0.push(step);
    }

    /// All steps, in order.
    pub(super) fn steps(&self) -> &[Repair] {
        &self.0
    }
}
