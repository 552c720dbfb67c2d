//! Which items hang together, as far as links between two of them reach.

/// Items by number (union by path halving).
pub(super) struct Links(Vec<usize>);

impl Links {
    /// `n` items, each by itself.
    pub(super) fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    /// The item that stands for all that hang together with `at`.
    pub(super) fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a] = b;
    }
}
