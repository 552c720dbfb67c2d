//! What lives on the network's thread: the network itself, and the order in which it answers.
//!
//! Every batch has the device's one size, padded where images run out, so that what the network says of an image does
//! not depend on what else was asked. Scans are computed one by one: somebody waits for each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, select};

use super::error::NnError;
use super::network::PendingFeatures;
use super::network_image::NetworkImage;
use super::running_network::RunningNetwork;
use crate::domain::ContentHash;
use crate::head::Activations;

/// Images of the right size to be explained, and where the answers go, one an image.
pub(super) struct ActivationsJob {
    pub(super) images: Vec<NetworkImage>,
    pub(super) reply: Sender<Result<Vec<Activations>, NnError>>,
}

/// Images of the right size whose features are wanted, as this arithmetic gives them, and where they go.
pub(super) struct FeaturesJob {
    pub(super) images: Arc<[NetworkImage]>,
    /// A backbone's fingerprint.
    pub(super) arithmetic: ContentHash,
    pub(super) reply: Sender<Result<Vec<Vec<f32>>, NnError>>,
}

/// Turns a panic into an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, NnError>) -> Result<T, NnError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(NnError::Panicked { cause: text.lines().next().unwrap_or_default().to_owned() })
    })
}

/// The network as the thread has it.
pub(super) struct NetworkWorker {
    network: RunningNetwork,
}

impl NetworkWorker {
    pub(super) fn new(network: RunningNetwork) -> Self {
        Self { network }
    }

    /// Until every handle is gone.
    pub(super) fn serve(mut self, scans: &Receiver<ActivationsJob>, training: &Receiver<FeaturesJob>) {
        loop {
            self.serve_waiting(scans);
            // Whoever asked may have gone meanwhile.
            select! {
                recv(scans) -> job => match job {
                    Ok(job) => drop(job.reply.send(self.activations(&job.images))),
                    Err(_) => break,
                },
                recv(training) -> job => match job {
                    Ok(job) => drop(job.reply.send(self.features(&job, scans))),
                    Err(_) => break,
                },
            }
        }
        self.network.release();
    }

    fn serve_waiting(&mut self, scans: &Receiver<ActivationsJob>) {
        scans.try_iter().for_each(|job| drop(job.reply.send(self.activations(&job.images))));
    }

    /// Again on the processor where a GPU fails.
    fn activations(&mut self, images: &[NetworkImage]) -> Result<Vec<Activations>, NnError> {
        loop {
            match guarded(|| self.network.forward(images)) {
                Ok(answers) => return Ok(answers),
                // One image at a time: there is no smaller batch.
                Err(error) => self.network.recover(error, 1)?,
            }
        }
    }

    /// All rows by one arithmetic; from the first that is missing on, in smaller batches, where a GPU's memory is too small.
    fn features(&mut self, job: &FeaturesJob, scans: &Receiver<ActivationsJob>) -> Result<Vec<Vec<f32>>, NnError> {
        let mut rows = Vec::with_capacity(job.images.len());
        while rows.len() < job.images.len() {
            if job.arithmetic != self.network.fingerprint() {
                return Err(NnError::ArithmeticChanged);
            }
            if let Err(error) = guarded(|| self.stream(&job.images, &mut rows, scans)) {
                self.network.recover(error, self.network.batch())?;
            }
        }
        Ok(rows)
    }

    /// Adds the missing rows batch by batch: one is prepared while another is computed. Waiting `scans` are served after
    /// each. Ends early, with whole batches, when serving one of them has changed how the network runs.
    fn stream(
        &mut self,
        images: &[NetworkImage],
        rows: &mut Vec<Vec<f32>>,
        scans: &Receiver<ActivationsJob>,
    ) -> Result<(), NnError> {
        let as_begun = (self.network.fingerprint(), self.network.batch());
        let mut before: Option<PendingFeatures> = None;
        let missing = &images[rows.len()..];
        for batch in missing.chunks(self.network.batch()) {
            let started = self.network.start(batch)?;
            if let Some(before) = before.replace(started) {
                rows.extend(before.rows()?);
            }
            self.serve_waiting(scans);
            if (self.network.fingerprint(), self.network.batch()) != as_begun {
                return Ok(());
            }
        }
        before.map_or(Ok(()), |last| last.rows().map(|last| rows.extend(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let error = guarded::<()>(|| panic!("index {} is out of range", 7)).unwrap_err().to_string();
        assert_eq!(error, "the network's thread ran into a bug (index 7 is out of range); please report it");
    }
}
