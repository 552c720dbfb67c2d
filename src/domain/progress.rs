//! How long work reports its progress, without knowing who listens.

/// One kind of long work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading the files of a dataset folder.
    Read,
    /// Writing augmented copies.
    Augment,
    /// Making copies again from their manifest.
    Replay,
    /// Computing mean and deviation of pixels.
    Statistics,
    /// Forwards through the backbone.
    Features,
    /// Fitting the head.
    Epochs,
    /// Explaining scans.
    Explain,
}

impl Phase {
    /// The fixed name in `status.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Augment => "augment",
            Self::Replay => "replay",
            Self::Statistics => "statistics",
            Self::Features => "features",
            Self::Epochs => "epochs",
            Self::Explain => "explain",
        }
    }

    /// What is counted.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Read => "files",
            Self::Augment | Self::Replay | Self::Statistics | Self::Features => "images",
            Self::Epochs => "epochs",
            Self::Explain => "scans",
        }
    }
}

/// Where stages report; a terminal draws a bar, the service writes its status and sparse log lines.
pub trait Progress: Sync {
    /// A phase of `total` steps begins.
    fn begin(&self, phase: Phase, total: u64);
    /// `n` more steps are done.
    fn advance(&self, n: u64);
    /// A short remark on the current phase (`loss 0.21, accuracy 0.93`).
    fn remark(&self, text: &str);
    /// The phase is over.
    fn end(&self);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _phase: Phase, _total: u64) {}
    fn advance(&self, _n: u64) {}
    fn remark(&self, _text: &str) {}
    fn end(&self) {}
}
