//! How long work tells how far it is, without knowing who listens.

/// Told by stages; a terminal draws a bar, the service writes its status and sparse log lines.
pub trait Progress: Sync {
    /// A phase of `total` steps begins; `unit` is what is counted (`images`, `epochs`).
    fn begin(&self, phase: &str, total: u64, unit: &str);
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
    fn begin(&self, _phase: &str, _total: u64, _unit: &str) {}
    fn advance(&self, _n: u64) {}
    fn remark(&self, _text: &str) {}
    fn end(&self) {}
}
