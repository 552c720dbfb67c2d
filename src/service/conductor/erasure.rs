//! Images that a person has forgotten: recorded at once, and erased as soon as no work is under way; a training is stopped for it.

use std::time::Instant;

use crate::domain::{DatasetName, Erased, LedgerEvent};
use crate::registry::RegistryError;
use crate::service::control::{Answer, ForgetAct, Request};
use crate::service::error::ServiceError;
use crate::service::held_erasure::HeldErasure;
use crate::service::retry::Task;
use crate::service::status::ErasureStatus;
use crate::service::training_worker::TrainingTask;
use crate::workflow::{self, FailedWork, Fault, ForgetRequest, ForgetTargets, Work};

use super::Conductor;

impl Conductor {
    /// Whether something is still to be erased, by this process.
    pub(super) fn has_to_erase(&self) -> bool {
        self.erasure.is_some() && !self.failed.has_failed(&Task::Erasure)
    }

    /// Previews or readmits; or records what is to be forgotten, and answers when it is erased.
    pub(super) fn answer_forget(
        &mut self,
        asked: Request,
        request: &ForgetRequest,
        act: ForgetAct,
    ) -> Result<(), ServiceError> {
        let answer = match (request.targets(self.ledger()), act) {
            (Err(reason), _) => Answer::refused(Fault::Missing, reason),
            (Ok(targets), ForgetAct::Preview) => self.preview(&targets),
            (Ok(targets), ForgetAct::Readmit) => self.readmit(request, targets)?,
            (Ok(targets), ForgetAct::Erase) => match self.record_now(workflow::forgotten(self.ledger(), &targets))? {
                Ok(()) => {
                    self.await_erasure(asked, targets);
                    return Ok(());
                }
                Err(refused) => refused,
            },
        };
        asked.answer(answer);
        Ok(())
    }

    fn await_erasure(&mut self, asked: Request, targets: ForgetTargets) {
        self.held_erasures.push(HeldErasure::new(asked, &targets));
        self.erasure.get_or_insert_default().extend(targets);
        // A person asks: one that failed before need not wait for its next try.
        self.failed.drop_task(&Task::Erasure);
        self.publish();
    }

    /// Commands that wait for too long learn that the erasure is recorded, and not done.
    pub(super) fn release_held_erasures(&mut self) {
        let now = Instant::now();
        self.held_erasures.extract_if(.., |held| held.is_over(now)).for_each(HeldErasure::give_up);
    }

    /// No erasure is done any more by this process: commands that wait learn that theirs is recorded.
    pub(super) fn give_up_held_erasures(&mut self) {
        self.held_erasures.drain(..).for_each(HeldErasure::give_up);
    }

    /// Begins the erasure that waits, or stops the training that it waits for; `true` while nothing else is to begin.
    pub(super) fn erase_next(&mut self) -> Result<bool, ServiceError> {
        if self.training.erasing().is_some() {
            return Ok(true);
        }
        if self.erasure.is_none() || self.failed.holds(&Task::Erasure, Instant::now()) {
            return Ok(false);
        }
        let is_idle = !self.intake.is_reading() && self.scans.is_idle() && self.training.is_idle();
        let begun = if is_idle { self.start_erasure()? } else { self.stop_training() };
        if let Err(work) = begun {
            self.not_erased(work);
            return Ok(false);
        }
        Ok(true)
    }

    fn start_erasure(&mut self) -> Result<Result<(), FailedWork>, ServiceError> {
        if let Err(error) = self.attempts.discard() {
            return Ok(Err(FailedWork::of(Work::Erasure, self.workspace.attempts().display(), &error)));
        }
        let targets = self.erasure.take().unwrap_or_default();
        self.held_erasures.iter_mut().for_each(|held| held.is_begun = true);
        self.training.start_erasure(targets.clone())?;
        let ledger = Box::new(self.ledger().clone());
        self.workers.training.give(TrainingTask::Erase(ledger, Box::new(targets)));
        self.publish();
        Ok(Ok(()))
    }

    /// The training goes on after the erasure. One that has none of the images is left alone while another program's training
    /// would stop the erasure.
    fn stop_training(&mut self) -> Result<(), FailedWork> {
        let Some((dataset, stop)) = self.training.training().filter(|(_, stop)| !stop.is_raised()) else {
            return Ok(());
        };
        let other = workflow::find_other_training(self.ledger(), &self.workspace, dataset);
        let has_theirs = self.erasure.as_ref().is_some_and(|targets| self.training.trains_on(&targets.images));
        if other.is_ok() || has_theirs {
            stop.raise();
        }
        other.map_err(|error| FailedWork::of(Work::Erasure, self.workspace.root().display(), &error))
    }

    fn preview(&self, targets: &ForgetTargets) -> Answer {
        match workflow::preview_erasure(self.ledger(), targets, &self.settings) {
            Ok(erased) => Answer::Erased { erased: Box::new(erased), is_done: false },
            Err(error) => Answer::refused(Fault::from(&error), error.to_string()),
        }
    }

    /// The files are gone, or not: that nothing is left of them is recorded.
    pub(super) fn erased(
        &mut self,
        outcome: Result<(Erased, Vec<LedgerEvent>), FailedWork>,
    ) -> Result<(), ServiceError> {
        let targets = self.training.finish_erasure()?;
        let outcome = match outcome {
            Ok((erased, events)) => self.record_erasure(&erased, &events)?.map(|()| erased),
            Err(work) => Err(work),
        };
        match outcome {
            Ok(erased) => {
                self.failed.clear(&Task::Erasure, Instant::now());
                self.publish();
                let answer = Answer::Erased { erased: Box::new(erased), is_done: true };
                let begun = self.held_erasures.extract_if(.., |held| held.is_begun);
                begun.for_each(|held| held.answer(answer.clone()));
            }
            Err(work) => {
                self.erasure.get_or_insert_default().extend(targets);
                self.not_erased(work);
            }
        }
        Ok(())
    }

    /// Who waits learns why.
    fn not_erased(&mut self, work: FailedWork) {
        let answer = Answer::refused(work.fault, format!("{work} (it is recorded, and tried again)"));
        self.held_erasures.drain(..).for_each(|held| held.answer(answer.clone()));
        self.fail(Task::Erasure, work, true);
        self.publish();
    }

    /// What is being erased or waits for that; `None` when nothing does.
    pub(super) fn erasure_status(&self) -> Option<ErasureStatus> {
        let ForgetTargets { images, unread } = self.training.erasing().or(self.erasure.as_ref())?;
        let waits_for = self.training.erasing().is_none().then(|| self.erasure_waits_for());
        Some(ErasureStatus { images: images.iter().copied().collect(), files: unread.len() as u64, waits_for })
    }

    fn erasure_waits_for(&self) -> String {
        if self.failed.has_failed(&Task::Erasure) {
            return "another attempt (see failures)".to_owned();
        }
        match self.training.training() {
            _ if self.is_stuck() => "what is being recorded".to_owned(),
            Some((dataset, _)) => format!("the training of dataset `{dataset}` to stop"),
            None if self.training.is_retaining() => "the removal of what exceeds the limits in [retention]".to_owned(),
            None if !self.training.is_idle() => "the preparation of a training".to_owned(),
            None if !self.scans.is_idle() => "the scan or gallery in hand".to_owned(),
            None => "files that are being read".to_owned(),
        }
    }

    /// Records that nothing is left; what is kept in memory loses the names too.
    fn record_erasure(
        &mut self,
        erased: &Erased,
        events: &[LedgerEvent],
    ) -> Result<Result<(), FailedWork>, ServiceError> {
        match self.registry.erase(&self.workspace, events) {
            Ok(()) => {}
            Err(RegistryError::Disk(error)) if !self.is_once() => {
                return Ok(Err(FailedWork::new(Work::Erasure, self.workspace.journal().display(), Fault::Io, error)));
            }
            Err(error) => return Err(error.into()),
        }
        tracing::info!(
            n_images = erased.images.len(),
            copies = erased.copies,
            features = erased.features,
            reports = erased.reports,
            pages = erased.pages,
            "Images forgotten"
        );
        self.note_recorded(events);
        self.gallery.look_again();
        self.data_warnings.clear();
        self.obstacles.clear();
        self.forget_gone_scans();
        for event in events {
            match event {
                LedgerEvent::SampleGone { dataset, .. } => self.sample_erased(dataset),
                LedgerEvent::FileGone { path } => {
                    // One that was left out because of a forgotten image is looked at again; a forgotten one stays out.
                    if let Some(watcher) = &self.watcher {
                        watcher.report_again(path);
                    }
                }
                _ => {}
            }
        }
        Ok(Ok(()))
    }

    fn sample_erased(&mut self, dataset: &DatasetName) {
        self.failed.drop_parts(dataset);
        self.failed.drop_task(&Task::Training(dataset.clone()));
        self.trigger.note(dataset, 1, Instant::now());
    }

    fn readmit(&mut self, request: &ForgetRequest, targets: ForgetTargets) -> Result<Answer, ServiceError> {
        let images: Vec<_> =
            targets.images.into_iter().filter(|hash| self.ledger().forgotten.contains_key(hash)).collect();
        let readmitted = images.iter().map(|hash| LedgerEvent::Readmitted { hash: *hash }).collect();
        if let Err(refused) = self.record_now(readmitted)? {
            return Ok(refused);
        }
        if let Some(watcher) = &self.watcher {
            request
                .names
                .iter()
                .filter_map(|name| name.inbox_path.as_ref())
                .for_each(|path| watcher.report_again(path));
        }
        Ok(Answer::Forgotten { images })
    }
}
