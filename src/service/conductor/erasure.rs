//! Images that a person has forgotten: recorded at once, and erased as soon as no work is under way.

use std::time::Instant;

use crate::domain::{DatasetName, Erased, LedgerEvent};
use crate::registry::RegistryError;
use crate::service::control::{Answer, ForgetAct};
use crate::service::error::ServiceError;
use crate::service::held_erasure::HeldErasure;
use crate::service::retry::Task;
use crate::workflow::{self, FailedWork, Fault, ForgetRequest, ForgetTargets, Work};

use super::Conductor;

impl Conductor {
    /// Whether something is still to be erased, by this process.
    pub(super) fn has_to_erase(&self) -> bool {
        self.erasure.is_some() && !self.failed.has_failed(&Task::Erasure)
    }

    /// Previews, readmits, or records what is to be forgotten, and erases it if no work is under way.
    pub(super) fn answer_forget(&mut self, request: &ForgetRequest, act: ForgetAct) -> Result<Answer, ServiceError> {
        let targets = match request.targets(self.ledger()) {
            Ok(targets) => targets,
            Err(reason) => return Ok(Answer::Refused { reason }),
        };
        match act {
            ForgetAct::Preview => Ok(self.preview(&targets, false)),
            ForgetAct::Readmit => self.readmit(request, targets),
            ForgetAct::Erase => {
                self.commit(workflow::forgotten(&targets))?;
                if self.is_stuck() {
                    let reason = format!("it is not recorded: {}; then try again", self.what_failed());
                    return Ok(Answer::Refused { reason });
                }
                if self.is_idle() {
                    return self.erase(targets);
                }
                let planned = self.preview(&targets, false);
                let erasure = self.erasure.get_or_insert_default();
                erasure.images.extend(targets.images);
                erasure.unread.extend(targets.unread);
                Ok(planned)
            }
        }
    }

    /// Commands that wait for too long learn that the erasure is recorded, and not done.
    pub(super) fn release_held_erasures(&mut self) {
        let now = Instant::now();
        self.held_erasures.extract_if(.., |held| held.is_over(now)).for_each(HeldErasure::give_up);
    }

    /// Erases what waits for it, once no work is under way; `true` while it has to be waited for.
    pub(super) fn erase_when_idle(&mut self) -> Result<bool, ServiceError> {
        if self.erasure.is_none() || self.failed.holds(&Task::Erasure, Instant::now()) {
            return Ok(false);
        }
        if !self.is_idle() {
            return Ok(true);
        }
        if let Some(targets) = self.erasure.take() {
            let answer = self.erase(targets)?;
            self.held_erasures.drain(..).for_each(|held| held.answer(answer.clone()));
        }
        Ok(false)
    }

    fn is_idle(&self) -> bool {
        !self.intake.is_reading() && self.scans.is_idle() && self.training.is_idle() && !self.is_stuck()
    }

    fn preview(&self, targets: &ForgetTargets, is_done: bool) -> Answer {
        match workflow::preview_erasure(self.ledger(), targets, &self.settings) {
            Ok(erased) => Answer::Erased { erased: Box::new(erased), is_done },
            Err(error) => Answer::Refused { reason: error.to_string() },
        }
    }

    fn erase(&mut self, targets: ForgetTargets) -> Result<Answer, ServiceError> {
        if let Err(error) = self.attempts.discard() {
            return Ok(
                self.not_erased(targets, FailedWork::of(Work::Erasure, self.workspace.attempts().display(), &error))
            );
        }
        let outcome = workflow::erase(self.ledger(), &targets, &self.settings);
        let erased = match outcome {
            Ok((erased, events)) => self.record_erasure(&erased, &events)?.map(|()| erased),
            Err(error) => Err(FailedWork::of(Work::Erasure, self.workspace.root().display(), &error)),
        };
        match erased {
            Ok(erased) => {
                self.failed.clear(&Task::Erasure, Instant::now());
                Ok(Answer::Erased { erased: Box::new(erased), is_done: true })
            }
            Err(work) => Ok(self.not_erased(targets, work)),
        }
    }

    fn not_erased(&mut self, targets: ForgetTargets, work: FailedWork) -> Answer {
        let reason = format!("{work} (it is recorded, and tried again)");
        self.erasure = Some(targets);
        self.fail(Task::Erasure, work, true);
        Answer::Refused { reason }
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
        self.publish();
        Ok(Ok(()))
    }

    fn sample_erased(&mut self, dataset: &DatasetName) {
        self.failed.drop_parts(dataset);
        self.failed.drop_task(&Task::Training(dataset.clone()));
        self.trigger.note(dataset, 1, Instant::now());
    }

    fn readmit(&mut self, request: &ForgetRequest, targets: ForgetTargets) -> Result<Answer, ServiceError> {
        let images: Vec<_> = targets.images.into_iter().filter(|hash| self.ledger().forgotten.contains(hash)).collect();
        self.commit(images.iter().map(|hash| LedgerEvent::Readmitted { hash: *hash }).collect())?;
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
