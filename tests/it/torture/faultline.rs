//! scripts/torture/faultline.c: compiled once, and how a program is started under it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::bed::finish;

/// What changes files.
pub(super) const CHANGES: &str = "create,write,rename,unlink,sync,trunc,mkdir";
/// All it can count.
pub(super) const ALL: &str = "create,write,rename,unlink,sync,trunc,mkdir,open,read,list,stat";

/// One operation as it is logged.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) kind: String,
    /// The call and the path, as `write /tmp/x/state/journal.ndjson`.
    pub(super) text: String,
}

/// The options for one start.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) kinds: &'static str,
    /// The operation that is acted on, from 1; 0: none.
    pub(super) at: usize,
    /// `kill`, `tear` or an error.
    pub(super) action: &'static str,
    /// All operations from that one on fail, not it alone.
    pub(super) all: bool,
    /// The folder whose operations are counted; empty: the inbox and the state folder.
    pub(super) below: &'static str,
}

/// The compiled tool.
fn tool() -> &'static Path {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        let tool = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faultline");
        let mut compile = Command::new("cc");
        compile.args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&tool);
        compile.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/torture/faultline.c"));
        finish(compile).ok();
        tool
    })
}

/// Whether this system permits it; where not, the test is left out, but under `CI=true` that is a failure.
pub(super) fn is_permitted() -> bool {
    let mut command = Command::new(tool());
    command.args(["-l", "/dev/null", "--", "true"]);
    let ran = finish(command);
    if ran.code != 0 {
        assert_ne!(std::env::var_os("CI").as_deref(), Some(OsStr::new("true")), "{}", ran.stderr);
        eprintln!("left out: {}", ran.stderr);
    }
    ran.code == 0
}

impl Plan {
    /// Counts and does nothing.
    pub(super) fn counting(kinds: &'static str) -> Self {
        Self { kinds, ..Self::default() }
    }

    /// `program` under it, in `place`.
    pub(super) fn around(&self, place: &Path, program: &Command) -> Command {
        let mut command = Command::new(tool());
        command.current_dir(place).env_clear().stdin(Stdio::null());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let below = if self.below.is_empty() { vec!["inbox", "state"] } else { vec![self.below] };
        for folder in below {
            command.arg("-p").arg(place.join(folder));
        }
        command.args(["-k", self.kinds]);
        if self.at > 0 {
            command.args(["-n", &self.at.to_string(), "-a", self.action]).args(self.all.then_some("-r"));
        }
        command.arg("-w").arg(place.join("fault")).arg("-l").arg(place.join("operations")).arg("--");
        command.arg(program.get_program()).args(program.get_args());
        command
    }
}

/// Every operation that was counted, in order.
pub(super) fn operations(place: &Path) -> Vec<Operation> {
    let log = fs::read_to_string(place.join("operations")).unwrap();
    log.lines().filter(|line| !line.starts_with("HIT ")).map(|line| operation(line, place)).collect()
}

/// Those that were acted on.
pub(super) fn hits(place: &Path) -> Vec<Operation> {
    let log = fs::read_to_string(place.join("operations")).unwrap_or_default();
    log.lines().filter_map(|line| line.strip_prefix("HIT ")).map(|line| operation(line, place)).collect()
}

fn operation(line: &str, place: &Path) -> Operation {
    let mut words = line.splitn(3, ' ').skip(1);
    let kind = words.next().unwrap_or_default().to_owned();
    let text = words.next().unwrap_or_default().replace(&format!("{}/", place.display()), "");
    Operation { kind, text }
}

/// Lets all operations of `kinds` on paths that begin with `prefix` fail with `error`, until [`pass`].
pub(super) fn stand(place: &Path, error: &str, kinds: &str, prefix: &Path) {
    let half = place.join("fault.new");
    fs::write(&half, format!("{error} {kinds} {}\n", prefix.display())).unwrap();
    fs::rename(half, place.join("fault")).unwrap();
}

/// Ends what [`stand`] began.
pub(super) fn pass(place: &Path) {
    fs::remove_file(place.join("fault")).unwrap();
}
