//! The watching thread `gw-watch`: events and surveys in, settled arrivals out. It stops and joins when it is dropped.

use std::collections::BTreeMap;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::fs_events::FsEvents;
use super::health::{Health, SharedHealth};
use super::mounts::SeenMounts;
use super::watch_loop::{OpenFsEvents, Order, Reports, WatchLoop};
use super::{WatchError, survey};
use crate::config::WatchSettings;
use crate::content::FileFailure;
use crate::domain::{Arrival, FileStamp, StopFlag};

/// A watched inbox.
pub struct Watcher {
    arrivals: Receiver<Vec<Arrival>>,
    ready: Receiver<()>,
    pub(super) health: SharedHealth,
    /// Ends a walk that is under way.
    stop: StopFlag,
    // Both are `Some` until the drop: first the orders end, then the thread.
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts watching. `known` are the files that were reported before, as of when: they are reported again only if they
    /// have changed, and as gone if they no longer exist. `mounts` are the folders that [`Health::mounts`] named before.
    ///
    /// # Errors
    /// [`WatchError`] when the inbox is not there now. When it goes later, [`Self::health`] says so until it is back.
    pub fn start(
        settings: &WatchSettings,
        known: BTreeMap<String, FileStamp>,
        mounts: Option<SeenMounts>,
    ) -> Result<Self, WatchError> {
        Self::start_with(FsEvents::open, settings, known, mounts)
    }

    pub(super) fn start_with(
        open: OpenFsEvents,
        settings: &WatchSettings,
        known: BTreeMap<String, FileStamp>,
        mounts: Option<SeenMounts>,
    ) -> Result<Self, WatchError> {
        survey::check(&settings.inbox, known.len())?;
        // Unbounded, so that the watching never stands still; who receives keeps of each file only the last.
        let (arrivals_sender, arrivals) = unbounded();
        let (ready_sender, ready) = bounded(1);
        let (orders, orders_receiver) = unbounded();
        let (health, stop) = (SharedHealth::default(), StopFlag::default());
        health.change(|health| health.mounts.clone_from(&mounts));
        let reports = Reports { arrivals: arrivals_sender, ready: ready_sender, health: health.clone() };
        let watch_loop = WatchLoop::new(settings.clone(), known, mounts, open, reports, stop.clone());
        let thread = Builder::new()
            .name("gw-watch".into())
            .spawn(move || watch_loop.run(&orders_receiver))
            .map_err(WatchError::Thread)?;
        Ok(Self { arrivals, ready, health, stop, orders: Some(orders), thread: Some(thread) })
    }

    /// Batches of news, each in the order of paths with what is gone at its end; disconnected when the thread died.
    pub fn arrivals(&self) -> &Receiver<Vec<Arrival>> {
        &self.arrivals
    }

    /// Notified once, when all watches are in place; where the system grants none, when the first survey is done.
    pub fn ready(&self) -> &Receiver<()> {
        &self.ready
    }

    /// A file that was reported as settled could not be used. One that is unfinished or changing waits for a change, and is
    /// reported a last time when none came for `watch.max_settle`; one that could not be read is reported again after 15
    /// seconds, as often as it takes.
    pub fn reconsider(&self, path: &str, failure: &FileFailure) {
        if let Some(orders) = &self.orders {
            // A dead thread shows as a disconnected `arrivals`.
            let _ = orders.send(Order::Reconsider(path.to_owned(), failure.clone()));
        }
    }

    /// What was decided on a file does not hold any more: it is reported again, as if it had just come.
    pub fn report_again(&self, path: &str) {
        if let Some(orders) = &self.orders {
            // A dead thread shows as a disconnected `arrivals`.
            let _ = orders.send(Order::ReportAgain(path.to_owned()));
        }
    }

    /// How the watching goes.
    pub fn health(&self) -> Health {
        self.health.get()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.raise();
        drop(self.orders.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("Watching thread died; files that arrived since were not seen");
        }
    }
}
