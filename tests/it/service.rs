//! A running `gradwatch run`, and how to wait for it: everything it does is an event on one channel.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::bed::{LIMIT, TestBed};

pub struct Service {
    child: Child,
    state: PathBuf,
    events: Receiver<Event>,
    notify_socket: UnixDatagram,
    sender: Sender<Event>,
    watcher: notify::RecommendedWatcher,
    has_ended: bool,
    /// Every log line so far.
    pub log: Vec<String>,
    /// Every message to the service manager so far, as `READY=1`.
    pub told: Vec<String>,
}

enum Event {
    Logged(String),
    Told(String),
    StateChanged,
    Ended,
}

/// Why a condition was not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMet {
    /// The service ended.
    Ended,
    /// The time was over.
    Late,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// None when a signal killed it.
    pub code: Option<i32>,
    /// From the signal to the end.
    pub took: Duration,
    pub log: Vec<String>,
    pub told: Vec<String>,
}

impl Service {
    pub(crate) fn start(bed: &TestBed) -> Self {
        Self::spawn(bed, bed.command(&["run"]))
    }

    /// As [`Self::start`], through a shell that ignores the signal of a file that may not grow: writing fails instead.
    pub(crate) fn start_on_a_disk_that_may_fill(bed: &TestBed) -> Self {
        let run = bed.command(&["run"]);
        let mut shell = Command::new("/bin/sh");
        shell.current_dir(bed.path("")).env_clear().env("HOME", bed.path("")).stdin(Stdio::null());
        shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(run.get_program()).args(run.get_args());
        Self::spawn(bed, shell)
    }

    /// The largest file that it may write from now on, in bytes; `None` lifts the limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// A program that runs `gradwatch run` in the bed, and passes signals on to it.
    pub(crate) fn spawn(bed: &TestBed, mut command: Command) -> Self {
        let (sender, events) = mpsc::channel();
        let watcher = watch_folder(&bed.state(""), sender.clone());
        let socket_path = bed.path("notify.sock");
        // A service started after another one was killed finds the old one's socket.
        let _ = fs::remove_file(&socket_path);
        let notify_socket = UnixDatagram::bind(&socket_path).unwrap();
        hear(notify_socket.try_clone().unwrap(), sender.clone());

        let lines_to = sender.clone();
        command.env("NOTIFY_SOCKET", &socket_path).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            lines.for_each(|line| drop(lines_to.send(Event::Logged(line))));
            drop(lines_to.send(Event::Ended));
        });
        let state = bed.state("");
        Self {
            child,
            state,
            events,
            notify_socket,
            sender,
            watcher,
            has_ended: false,
            log: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Its process, or that of the program which passes signals on to it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its state folder is seen from here, if it runs on a file system of its own.
    pub fn look_into(&mut self, state: &Path) {
        self.watcher = watch_folder(state, self.sender.clone());
        state.clone_into(&mut self.state);
    }

    /// Waits until SIGTERM would be obeyed: held back, or taken over already.
    pub fn until_a_stop_is_obeyed(&self) {
        let deadline = Instant::now() + LIMIT;
        let status = format!("/proc/{}/status", self.child.id());
        let has_term = |line: &str| {
            let mask = line.strip_prefix("SigBlk:").or_else(|| line.strip_prefix("SigCgt:"));
            mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (15 - 1)) != 0)
        };
        while !fs::read_to_string(&status).unwrap().lines().any(has_term) {
            assert!(Instant::now() < deadline, "the signals are not held back");
            thread::yield_now();
        }
    }

    /// Waits until the service manager would take it for started.
    pub fn ready(&mut self) {
        self.wait_for("READY=1", |service| service.told.iter().any(|message| message == "READY=1").then_some(()));
    }

    /// Waits until `condition`, asked again after every event, gives something.
    #[track_caller]
    pub fn wait_for<T>(&mut self, what: &str, condition: impl Fn(&Self) -> Option<T>) -> T {
        match self.wait_within(LIMIT, condition) {
            Ok(found) => found,
            Err(NotMet::Ended) => panic!("it ended while waiting for {what}\n{}", self.log.join("\n")),
            Err(NotMet::Late) => panic!("no {what} in {LIMIT:?}\n{}", self.log.join("\n")),
        }
    }

    /// As [`Self::wait_for`], for tests in which it may not come.
    pub fn wait_within<T>(&mut self, limit: Duration, condition: impl Fn(&Self) -> Option<T>) -> Result<T, NotMet> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(found) = condition(self) {
                return Ok(found);
            }
            if self.has_ended {
                return Err(NotMet::Ended);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NotMet::Late);
            }
            match self.events.recv_timeout(left) {
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(NotMet::Late),
                Ok(event) => self.note(event),
            }
        }
    }

    /// Waits until the counter in `status.json` is at least `n`.
    #[track_caller]
    pub fn wait_for_count(&mut self, counter: &str, n: u64) {
        let reached = |service: &Self| service.status()?["counters"][counter].as_u64().filter(|count| *count >= n);
        self.wait_for(&format!("{counter} >= {n}"), reached);
    }

    /// `status.json` as it lies there now; none before the first one.
    pub fn status(&self) -> Option<serde_json::Value> {
        let text = fs::read(self.state.join("status.json")).ok()?;
        Some(serde_json::from_slice(&text).expect("status.json is never seen half-written"))
    }

    /// Asks it to read its configuration anew, as `systemctl reload` does.
    pub fn reload(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// Asks it to stop, as `systemctl stop` does.
    pub fn stop(self) -> Ended {
        self.end(Signal::TERM)
    }

    /// Kills it where it stands, as a power cut does.
    pub fn kill(self) -> Ended {
        self.end(Signal::KILL)
    }

    /// Sends any signal, and waits for the end.
    pub fn end(mut self, signal: Signal) -> Ended {
        let start = Instant::now();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let ended = self.wait_within(LIMIT, |_| None::<()>);
        let log = self.log.join("\n");
        assert_eq!(ended, Err(NotMet::Ended), "it has not ended in {LIMIT:?} after {signal:?}\n{log}");
        let code = self.child.wait().unwrap().code();
        let (log, told) = (std::mem::take(&mut self.log), std::mem::take(&mut self.told));
        Ended { code, took: start.elapsed(), log, told }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Logged(line) => self.log.push(line),
            Event::Told(message) => self.told.push(message),
            Event::StateChanged => {}
            Event::Ended => self.has_ended = true,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // After a failed test it still runs; after `end` these do nothing.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(self.notify_socket.shutdown(Shutdown::Both));
    }
}

fn watch_folder(folder: &Path, sender: Sender<Event>) -> notify::RecommendedWatcher {
    // Conditions read the status: what only reads is no change, or each look would be the reason for the next one.
    let changed = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            drop(sender.send(Event::StateChanged));
        }
    };
    let mut watcher = notify::recommended_watcher(changed).unwrap();
    watcher.watch(folder, RecursiveMode::NonRecursive).unwrap();
    watcher
}

/// Passes on what is sent to the service manager, until the socket is shut down.
fn hear(socket: UnixDatagram, sender: Sender<Event>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = socket.recv(&mut buffer) {
            for message in String::from_utf8_lossy(&buffer[..n]).lines() {
                drop(sender.send(Event::Told(message.to_owned())));
            }
        }
    });
}
