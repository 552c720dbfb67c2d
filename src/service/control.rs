//! The control socket: one JSON line asks, one JSON line answers, so that other commands work while the service holds the
//! registry. The questions are a closed list; the conductor answers them, this file only carries.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use rustix::net::{Shutdown, shutdown};
use serde::{Deserialize, Serialize};

use crate::disk::{self, DiskError, Workspace};
use crate::domain::{Clock, ContentHash, Counter, DatasetName, Decision, Erased, Ledger, ModelRecord, RunId};
use crate::workflow::{self, Fault, ForgetRequest, Incumbent, TrainedModel};

use super::connections::{self, Client};
use super::status::Status;

/// What another command may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// What the service is doing: its status file may be out of date while the disk cannot be written.
    Status,
    /// The models of one dataset, or of all.
    Models {
        /// Which; `None` for all.
        dataset: Option<DatasetName>,
    },
    /// Make this model the best one of its dataset, or go back from it to the one that it replaced.
    Choose {
        /// Whose.
        dataset: DatasetName,
        /// Which.
        run_id: RunId,
        /// Forth or back.
        choice: Choice,
    },
    /// Have images erased, or say what that would remove, or let them in again.
    Forget {
        /// Which.
        request: ForgetRequest,
        /// What is to become of them.
        act: ForgetAct,
    },
    /// The images that are forgotten.
    Forgotten,
    /// Register a run that was made outside the service; its folder is complete.
    Adopt {
        /// The model, and the decision on it.
        trained: Box<TrainedModel>,
        /// What else was done for it.
        work: Vec<(Counter, u64)>,
    },
}

/// What is to become of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForgetAct {
    /// Nothing: it is asked what an erasure would remove.
    Preview,
    /// They are forgotten.
    Erase,
    /// They are forgotten no more.
    Readmit,
}

/// What is to become of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// It becomes the best model.
    Promote,
    /// It stops being the best model.
    RollBack,
}

impl Choice {
    /// What to record, dated by `clock`.
    ///
    /// # Errors
    /// One sentence: why that cannot be.
    pub fn decide(self, ledger: &Ledger, dataset: &DatasetName, run: &RunId, clock: Clock) -> Result<Decision, String> {
        match self {
            Self::Promote => workflow::promote_by_hand(ledger, dataset, run, clock),
            Self::RollBack => workflow::roll_back(ledger, dataset, run, clock),
        }
    }
}

/// What the service answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// What the service is doing.
    Status {
        /// As it is known now.
        status: Box<Status>,
    },
    /// In order of dataset and run.
    Models {
        /// One entry a model.
        models: Vec<ListedModel>,
    },
    /// The run is registered.
    Adopted,
    /// It is not: the best model is no longer the one that it was decided against.
    Outdated {
        /// What to decide against.
        incumbent: Box<Incumbent>,
    },
    /// What was removed, or would be.
    Erased {
        /// In numbers.
        erased: Box<Erased>,
        /// Whether it is done; else it is recorded, and done as soon as the work under way ends.
        is_done: bool,
    },
    /// The images that are forgotten, or were until now.
    Forgotten {
        /// By the SHA-256 of their files.
        images: Vec<ContentHash>,
    },
    /// The best model is another one from now on.
    Chosen {
        /// As it was recorded.
        decision: Box<Decision>,
    },
    /// It cannot be answered.
    Refused {
        /// One sentence: what, where, how to fix.
        reason: String,
        /// What kind of failure; the asking command's exit code follows from it.
        fault: Fault,
    },
}

impl Answer {
    /// It cannot be answered.
    pub fn refused(fault: Fault, reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into(), fault }
    }
}

/// A model as `models list` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListedModel {
    /// Whether it is the best model of its dataset now.
    pub best: bool,
    /// What was decided on it, in order of time.
    pub decisions: Vec<Decision>,
    /// How many of the images that it learned from were forgotten since; none is known of a model without its files.
    pub forgotten_images: u64,
    /// Its `model.json`.
    #[serde(flatten)]
    pub record: ModelRecord,
}

/// The models of `dataset`, or of all datasets, in order of dataset and run.
pub fn models(ledger: &Ledger, workspace: &Workspace, dataset: Option<&DatasetName>) -> Vec<ListedModel> {
    let wanted = ledger.runs.values().filter(|record| dataset.is_none_or(|dataset| *dataset == record.dataset));
    let listed = wanted.map(|record| {
        let about = |decision: &&Decision| decision.dataset == record.dataset && decision.run_id == record.run_id;
        let decisions = ledger.decisions.iter().filter(about).cloned().collect();
        let best = ledger.best.get(&record.dataset) == Some(&record.run_id);
        let forgotten_images = workflow::n_forgotten_of(ledger, workspace, record);
        ListedModel { best, decisions, forgotten_images, record: record.clone() }
    });
    listed.collect()
}

/// A question that waits for its answer.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub question: Question,
    reply: Sender<Answer>,
}

impl Request {
    /// A question without a client, and where its answer comes.
    #[cfg(test)]
    pub(super) fn example(question: Question) -> (Self, Receiver<Answer>) {
        let (reply, answered) = bounded(1);
        (Self { question, reply }, answered)
    }

    /// Answers. One who no longer waits is no error.
    pub fn answer(self, answer: Answer) {
        drop(self.reply.send(answer));
    }
}

/// The conductor answers within moments; a service that is stopping may not.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// What the asking side waits for: somebody else's question, then its own.
const ASK_PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of a question.
const LONGEST_QUESTION: usize = 1 << 20;

/// The serving side. Dropping it closes the socket.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    listener: Arc<UnixListener>,
    /// Dropped when the service ends, which a question that waits for its answer hears.
    alive: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Opens `state/control.sock` (for the user and the group) and hands each question to `hear`, from several threads.
    /// A socket that is there is a leftover: the caller holds the state folder's lock.
    ///
    /// # Errors
    /// The socket or its thread cannot be made.
    pub fn start(workspace: &Workspace, hear: impl Fn(Request) + Send + Sync + 'static) -> io::Result<Self> {
        let path = workspace.control_socket();
        let refused = |error: DiskError| io::Error::other(error.to_string());
        disk::remove_file(&path).map_err(refused)?;
        let listener = Arc::new(via_short_path(&path, |short| UnixListener::bind(short))?);
        disk::set_mode(&path, 0o660).map_err(refused)?;
        let (alive, ended) = bounded(0);
        let heard = Arc::clone(&listener);
        let serve = move || {
            let still = ended.clone();
            connections::serve(&heard, &ended, move |client| attend(client, &hear, &still));
        };
        let thread = thread::Builder::new().name("gw-control".to_owned()).spawn(serve)?;
        Ok(Self { path, listener, alive: Some(alive), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.alive.take());
        // The thread may wait in `accept`. A connection would not wake it when the state folder is away.
        let woken = shutdown(&*self.listener, Shutdown::Both).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            drop(thread.join());
        }
        if let Err(error) = disk::remove_file(&self.path) {
            tracing::warn!(%error, "Control socket not removed");
        }
    }
}

/// Reads one question, has it answered, writes the answer.
fn attend(client: &Client, hear: &impl Fn(Request), ended: &Receiver<Infallible>) -> io::Result<()> {
    let line = client.line(LONGEST_QUESTION)?;
    if line.is_empty() {
        return Ok(());
    }
    let answer = match serde_json::from_slice(&line) {
        Ok(question) => passed_on(question, hear, ended),
        Err(error) => Answer::refused(
            Fault::Data,
            format!("the service does not support this request: {error}; use the same version of gradwatch"),
        ),
    };
    client.say(&json_line(&answer)?)
}

const STOPPING: &str = "the service is stopping; try again when it runs";

fn passed_on(question: Question, hear: &impl Fn(Request), ended: &Receiver<Infallible>) -> Answer {
    let (reply, answered) = bounded(1);
    hear(Request { question, reply });
    let refused = |reason: &str| Answer::refused(Fault::Later, reason);
    select! {
        recv(answered) -> answer => answer.unwrap_or_else(|_| refused(STOPPING)),
        recv(ended) -> _ => refused(STOPPING),
        default(ANSWER_PATIENCE) => refused("the service is busy; try again in a moment"),
    }
}

fn json_line(words: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(words)?;
    line.push(b'\n');
    Ok(line)
}

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no service answers on `{}`: another gradwatch command is running, or a service that starts or waits for its disk; see `gradwatch status`, and try again", path.display())]
    NotServed {
        /// The socket.
        path: PathBuf,
    },
    /// Talking failed.
    #[error("cannot communicate with the service on `{}`: {source}{}", path.display(), hint(source))]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was heard, perhaps, and the service ended.
    #[error("the service ended before it answered on `{}`; what it has recorded is done by its next start; see `gradwatch status`", path.display())]
    Closed {
        /// The socket.
        path: PathBuf,
    },
    /// The answer is not one that this program knows.
    #[error("cannot read the service's answer ({0}); use the version of gradwatch that runs as the service")]
    Unknown(serde_json::Error),
    /// The answer belongs to another question.
    #[error("the service answered another request ({0:?}); please report this error")]
    Unexpected(Box<Answer>),
    /// The service will not.
    #[error("{reason}")]
    Refused {
        /// As in [`Answer::Refused`].
        reason: String,
        /// What kind of failure.
        fault: Fault,
    },
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "; run this as the service's user, or join its group",
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "; it is busy or hangs, see `gradwatch status`",
        _ => "",
    }
}

/// Asks the service that works in `workspace`, and waits for its answer.
///
/// # Errors
/// [`ControlError`], an answer of [`Answer::Refused`] included.
pub fn ask(workspace: &Workspace, question: &Question) -> Result<Answer, ControlError> {
    let path = workspace.control_socket();
    let line = converse(&path, question).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NotServed { path: path.clone() },
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            ControlError::Closed { path: path.clone() }
        }
        _ => ControlError::Io { path: path.clone(), source },
    })?;
    match serde_json::from_str(&line).map_err(ControlError::Unknown)? {
        Answer::Refused { reason, fault } => Err(ControlError::Refused { reason, fault }),
        answer => Ok(answer),
    }
}

fn converse(path: &Path, question: &Question) -> io::Result<String> {
    let stream = via_short_path(path, |short| UnixStream::connect(short))?;
    stream.set_read_timeout(Some(ASK_PATIENCE))?;
    (&stream).write_all(&json_line(question)?)?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    if line.ends_with('\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A socket's address holds 107 bytes; a longer path is reached through its open folder.
fn via_short_path<T>(path: &Path, reach: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    const LONGEST: usize = 107;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return reach(path) };
    if path.as_os_str().len() <= LONGEST {
        return reach(path);
    }
    let folder = File::open(folder)?;
    reach(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name))
}

#[cfg(test)]
mod tests;
