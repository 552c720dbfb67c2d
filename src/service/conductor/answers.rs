//! Questions of other commands, which come through the control socket.

use crate::domain::LedgerEvent;
use crate::service::control::{self, Answer, Question, Request};
use crate::service::error::ServiceError;
use crate::workflow::{Fault, Incumbent};

use super::Conductor;

impl Conductor {
    /// Answers another command.
    pub(super) fn answer(&mut self, request: Request) -> Result<(), ServiceError> {
        let answer = match &request.question {
            Question::Choose { .. } | Question::Adopt { .. } | Question::Forget { .. } if self.is_stuck() => {
                Answer::refused(Fault::Io, format!("{}; then try again", self.what_failed()))
            }
            Question::Status => Answer::Status { status: Box::new(self.status.status().clone()) },
            Question::Models { dataset } => {
                let models = control::models(self.registry.ledger(), &self.workspace, dataset.as_ref());
                Answer::Models { models }
            }
            Question::Choose { dataset, run_id, choice } => {
                match choice.decide(self.registry.ledger(), dataset, run_id, self.settings.clock) {
                    Ok(decision) => {
                        self.commit(vec![LedgerEvent::Decision(decision.clone())])?;
                        self.release_scans();
                        self.once_recorded(Answer::Chosen { decision: Box::new(decision) })
                    }
                    Err(reason) => Answer::refused(Fault::Data, reason),
                }
            }
            Question::Forget { request: wanted, act } => {
                let (wanted, act) = (wanted.clone(), *act);
                return self.answer_forget(request, &wanted, act);
            }
            Question::Forgotten => Answer::Forgotten { images: self.ledger().forgotten.keys().copied().collect() },
            Question::Adopt { trained, .. } if !trained.decision_holds(self.registry.ledger()) => {
                let incumbent = Incumbent::of(self.registry.ledger(), &trained.model.dataset);
                Answer::Outdated { incumbent: Box::new(incumbent) }
            }
            Question::Adopt { trained, work } => {
                self.commit(
                    work.iter().map(|(counter, n)| LedgerEvent::Counted { counter: *counter, n: *n }).collect(),
                )?;
                self.record_model((**trained).clone())?;
                self.once_recorded(Answer::Adopted)
            }
        };
        request.answer(answer);
        Ok(())
    }

    /// `answer`, if what it says is recorded.
    fn once_recorded(&self, answer: Answer) -> Answer {
        if !self.is_stuck() {
            return answer;
        }
        let reason = format!("{}; it is recorded as soon as that is possible", self.what_failed());
        Answer::refused(Fault::Io, reason)
    }

    pub(super) fn what_failed(&self) -> String {
        self.waits_for_another_try().unwrap_or_default()
    }
}
