//! A place of its own for one test: an inbox, a state folder and a configuration, gone when the test ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::Duration;

use gradwatch::domain::ContentHash;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::pictures::{self, Look};
use crate::service::Service;

/// Nothing that a test starts takes longer, even on a slow machine; what does has hung.
pub const LIMIT: Duration = Duration::from_secs(300);

/// Quick to settle, and on one thread of the processor, so that a test means the same on every machine and tests that
/// run side by side do not wait for each other; and without a reserve, so that a disk that is almost full does as well.
const CONFIG: &str = r#"
watch = { inbox = "inbox", settle = "100ms", settle_unclosed = "200ms", rescan = "1s" }
storage = { state_dir = "state", reserve_gib = 0.0 }
retrain.after_quiet = "1s"
compute = { device = "cpu", threads = 1 }
augment.contact_sheet = false
"#;

pub struct TestBed {
    dir: TempDir,
    set: Vec<String>,
}

/// What a command that has ended left: its exit code and all it said.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl TestBed {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("gradwatch-test-").tempdir().unwrap();
        fs::create_dir(dir.path().join("inbox")).unwrap();
        fs::write(dir.path().join("config.toml"), CONFIG).unwrap();
        // The built-in backbone is the same for all, and takes seconds to make: the first program that needs it makes it.
        let weights = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weights");
        fs::create_dir_all(&weights).unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        symlink(weights, dir.path().join("state/weights")).unwrap();
        Self { dir, set: Vec::new() }
    }

    /// Sets one configuration key for every command that is started from now on.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.set.push(format!("--set={key}={value}"));
        self
    }

    /// Shares computed features with all beds that do, for tests of what comes after them.
    pub fn sharing_features(self) -> Self {
        static EMPTIED: Once = Once::new();
        let features = Path::new(env!("CARGO_TARGET_TMPDIR")).join("features");
        EMPTIED.call_once(|| {
            // Those of an earlier run may be of another program.
            let _ = fs::remove_dir_all(&features);
            fs::create_dir_all(&features).unwrap();
        });
        symlink(features, self.state("features")).unwrap();
        self
    }

    /// A path in the bed; `path("")` is the bed itself.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub fn inbox(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.path("inbox").join(relative)
    }

    pub fn state(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.path("state").join(relative)
    }

    /// The folders of the reports of dataset `shapes`, sorted; beside them lies the page of the dataset.
    pub fn reports(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state("reports/shapes")).unwrap().map(|entry| entry.unwrap().path());
        let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
        folders.sort();
        folders
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, relative: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Drops `n` labelled pictures of each look into the inbox, as dataset `shapes` with the classes `bars` and `disc`.
    pub fn drop_dataset(&self, n: u64) {
        for look in Look::ALL {
            for number in 0..n {
                let name = format!("inbox/datasets/shapes/{look}/{look}-{number}.png");
                self.write(name, pictures::png(look, number));
            }
        }
    }

    /// Drops a new picture, which no dataset of [`Self::drop_dataset`] holds, into the inbox as a scan.
    pub fn drop_scan(&self, look: Look, number: u64) {
        self.write(format!("inbox/scans/shapes/scan-{look}-{number}.png"), pictures::png(look, 1_000_000 + number));
    }

    /// gradwatch with the bed's configuration, started in the bed, with nothing of the developer's environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradwatch"));
        command.current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path());
        command.args(args).args(&self.set).stdin(Stdio::null());
        command
    }

    /// The same as a user whom permissions bind; root, whom they do not, becomes nobody, who owns the bed from then on.
    pub fn command_of_somebody(&self, args: &[&str]) -> Command {
        const NOBODY: u32 = 65534;
        let mut command = self.command(args);
        if rustix::process::geteuid().is_root() {
            for entry in walkdir::WalkDir::new(self.dir.path()).into_iter().map(Result::unwrap) {
                lchown(entry.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs gradwatch to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        let ran = finish(self.command(args));
        assert!(!ran.stderr.contains("panicked at"), "a panic reached the user: {}", ran.stderr);
        ran
    }

    /// Starts `gradwatch run`.
    pub fn start(&self) -> Service {
        Service::start(self)
    }

    /// What `status --json` says.
    pub fn status(&self) -> serde_json::Value {
        self.run(&["status", "--json"]).ok().json()
    }
}

impl Ran {
    /// The same, after a look at the exit code.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "it failed\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Stdout, which must be one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

/// Runs any command to its end, or kills it at the deadline.
pub fn finish(mut command: Command) -> Ran {
    finish_within(&mut command, LIMIT).unwrap_or_else(|| panic!("{command:?} has not ended in {LIMIT:?}"))
}

/// Runs any command to its end; `None` where it had to be killed at the deadline.
pub fn finish_within(command: &mut Command, limit: Duration) -> Option<Ran> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(limit) else {
        kill_process(pid, Signal::KILL).unwrap();
        return None;
    };
    let Output { status, stdout, stderr } = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some(Ran { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) })
}

/// Copies a folder, with all times.
pub fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.arg("-a").arg(from).arg(to);
    finish(command).ok();
}

/// A tool of the machine that a test needs; without it the test is left out, but under `CI=true` that is a failure.
pub fn tool(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert_ne!(std::env::var_os("CI").as_deref(), Some(OsStr::new("true")), "this machine has no {name}");
        eprintln!("left out: this machine has no {name}");
    }
    found
}

/// The names (relative) and contents of all files below `folder`: equal for equal trees, and a failed comparison shows
/// which file differs.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, ContentHash> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files
        .map(|path| (path.strip_prefix(folder).unwrap().to_owned(), ContentHash::of(&fs::read(&path).unwrap())))
        .collect()
}
