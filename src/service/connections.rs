//! Many connections to one socket at once, each with a deadline, so that no client keeps another one waiting: one that says
//! nothing, or does not read its answer, is hung up on when another one needs its place.
//!
//! It knows nothing of what is said.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

/// Connections at a time.
const MOST: usize = 64;
/// For a client to say its line, and again for it to read the answer.
const TALK_PATIENCE: Duration = Duration::from_secs(2);
/// Hanging up does not wake a write that waits for its reader; so it looks this often.
const WRITE_SLICE: Duration = Duration::from_millis(50);
/// Between two tries to accept a connection while the process has no file descriptor or place for it.
const PAUSE: Duration = Duration::from_millis(200);
/// For a client that was hung up on to leave its place, before the next one is.
const TURN: Duration = Duration::from_millis(10);
/// For the answers that are being given when the service ends.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// A connection that waits for its client.
#[derive(Debug)]
struct Talk {
    stream: Arc<UnixStream>,
    is_reading: bool,
}

/// The connections that wait for their clients, oldest first.
#[derive(Debug, Default)]
struct OpenTalks(Mutex<VecDeque<Talk>>);

impl OpenTalks {
    fn with<T>(&self, change: impl FnOnce(&mut VecDeque<Talk>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hang_up_on_oldest(&self) {
        self.with(|talks| talks.pop_front().map(|talk| hang_up(&talk)));
    }

    /// Nothing is lost with a question that has not been asked.
    fn hang_up_on_silent(&self) {
        self.with(|talks| talks.iter().filter(|talk| talk.is_reading).for_each(hang_up));
    }
}

fn hang_up(talk: &Talk) {
    // A client that has gone itself is no error.
    drop(talk.stream.shutdown(Shutdown::Both));
}

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    stream: Arc<UnixStream>,
    talks: Arc<OpenTalks>,
}

impl Client {
    /// What it says up to the end of a line, of `most` bytes or of its words.
    ///
    /// # Errors
    /// It said nothing or too little in time, or was hung up on.
    pub(super) fn line(&self, most: usize) -> io::Result<Vec<u8>> {
        self.talk(true, |deadline| {
            let (mut line, mut piece) = (Vec::new(), [0; 4096]);
            while line.len() < most {
                self.stream.set_read_timeout(Some(until(deadline)?))?;
                let n = uninterrupted(|| (&*self.stream).read(&mut piece))?;
                line.extend_from_slice(&piece[..n]);
                if n == 0 || piece[..n].contains(&b'\n') {
                    break;
                }
            }
            Ok(line)
        })
    }

    /// # Errors
    /// It did not read `bytes` in time, or was hung up on.
    pub(super) fn say(&self, mut bytes: &[u8]) -> io::Result<()> {
        self.talk(false, |deadline| {
            while !bytes.is_empty() {
                self.stream.set_write_timeout(Some(until(deadline)?.min(WRITE_SLICE)))?;
                match uninterrupted(|| (&*self.stream).write(bytes)) {
                    Ok(n) => bytes = &bytes[n..],
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    /// Known from the moment it is accepted, before its thread runs.
    fn accepted(stream: UnixStream, talks: &Arc<OpenTalks>) -> Self {
        let client = Self { stream: Arc::new(stream), talks: Arc::clone(talks) };
        client.waited_for(true);
        client
    }

    fn waited_for(&self, is_reading: bool) {
        let talk = Talk { stream: Arc::clone(&self.stream), is_reading };
        self.talks.with(|talks| talks.push_back(talk));
    }

    fn not_waited_for(&self) {
        self.talks.with(|talks| talks.retain(|talk| !Arc::ptr_eq(&talk.stream, &self.stream)));
    }

    /// Talks until a deadline that holds for all of it, so that a byte now and then does not prolong it.
    fn talk<T>(&self, is_reading: bool, talk: impl FnOnce(Instant) -> io::Result<T>) -> io::Result<T> {
        self.not_waited_for();
        self.waited_for(is_reading);
        let outcome = talk(Instant::now() + TALK_PATIENCE);
        self.not_waited_for();
        outcome
    }
}

fn until(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn uninterrupted<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Accepts connections and has each attended to on a thread of its own, until `ended` hears that all is over (a last connection
/// wakes it). A process without free file descriptors tries again after a pause.
pub(super) fn serve(
    listener: &UnixListener,
    ended: &Receiver<Infallible>,
    attend: impl Fn(&Client) -> io::Result<()> + Send + Sync + 'static,
) {
    let (attend, talks) = (Arc::new(attend), Arc::<OpenTalks>::default());
    let (places, place) = bounded(MOST);
    let (working, finished) = bounded::<Infallible>(0);
    let mut refused = false;
    while ended.try_recv() == Err(TryRecvError::Empty) {
        let begun = listener.accept().and_then(|(stream, _)| {
            take_place(&places, &talks);
            let client = Client::accepted(stream, &talks);
            let (attend, taken, working) = (Arc::clone(&attend), place.clone(), working.clone());
            let work = move || {
                if let Err(error) = attend(&client) {
                    tracing::debug!(%error, "Control connection failed");
                }
                drop((client, working));
                leave_place(&taken);
            };
            let begun = thread::Builder::new().name("gw-answer".to_owned()).spawn(work);
            begun.inspect_err(|_| leave_place(&place))
        });
        if let Err(error) = &begun {
            if ended.try_recv() != Err(TryRecvError::Empty) {
                break;
            }
            if !refused {
                tracing::warn!(%error, "Control connection not accepted; trying again");
            }
            talks.hang_up_on_oldest();
            let _ = ended.recv_timeout(PAUSE);
        }
        refused = begun.is_err();
    }
    talks.hang_up_on_silent();
    drop(working);
    let _ = finished.recv_timeout(END_PATIENCE);
}

/// Waits for a place; a client that keeps its connection waiting gives up its own.
fn take_place(places: &Sender<()>, talks: &OpenTalks) {
    while places.try_send(()).is_err() {
        talks.hang_up_on_oldest();
        if places.send_timeout((), TURN).is_ok() {
            return;
        }
    }
}

fn leave_place(place: &Receiver<()>) {
    let _ = place.try_recv();
}
