//! A named thread that does one kind of job, one after the other, and reports each result to the conductor.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crossbeam_channel::{Sender, unbounded};

use super::event::{Event, WorkerRole};

/// A handle: dropping it ends the thread after the job in hand. It is not joined, because a job may outlast the
/// time a service has for stopping; whatever it leaves half done is done again at the next start.
#[derive(Debug)]
pub(super) struct Worker<J> {
    jobs: Sender<J>,
}

impl<J: Send + 'static> Worker<J> {
    /// Starts the thread; `work` turns a job into the event that reports it. A panic in a job is reported as well.
    pub(super) fn spawn(
        role: WorkerRole,
        events: Sender<Event>,
        mut work: impl FnMut(J) -> Event + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, inbox) = unbounded();
        thread::Builder::new().name(role.thread_name().to_owned()).spawn(move || {
            for job in inbox {
                let outcome = panic::catch_unwind(AssertUnwindSafe(|| work(job)));
                let event = outcome.unwrap_or(Event::WorkerPanicked(role));
                if events.send(event).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Hands a job over. The thread lives as long as this handle, so the job always arrives.
    pub(super) fn give(&self, job: J) {
        if self.jobs.send(job).is_err() {
            tracing::error!(advice = "restart gradwatch", "Worker thread ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_panics_is_reported_and_the_next_one_is_done() {
        let (events, heard) = unbounded();
        let work = |n: u64| {
            assert!(n > 0, "a fault");
            Event::Expanded(n)
        };
        let worker = Worker::spawn(WorkerRole::Intake, events, work).unwrap();
        worker.give(0);
        worker.give(7);
        assert!(matches!(heard.recv().unwrap(), Event::WorkerPanicked(WorkerRole::Intake)));
        assert!(matches!(heard.recv().unwrap(), Event::Expanded(7)));
    }
}
