//! The walls of the house that clippy cannot hold: which room may name which room and which crate, and how files look.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Rooms from the ground up, each with the rooms it may import. A stage names no other stage.
const ROOMS: [(&str, &[&str]); 20] = [
    ("stats", &[]),
    ("domain", &["stats"]),
    ("config", &["stats", "domain"]),
    ("disk", &["domain"]),
    ("privacy", &["domain", "config", "disk"]),
    ("imaging", &["stats", "domain", "config"]),
    ("content", &["domain", "config", "privacy", "imaging"]),
    ("registry", &["domain", "disk"]),
    ("weights", &["stats", "domain", "config", "disk"]),
    ("head", &["stats", "domain", "weights"]),
    ("nn", &["stats", "domain", "config", "disk", "imaging", "weights", "head"]),
    ("watch", &["domain", "config", "privacy", "content"]),
    ("ingest", &["domain", "config", "disk", "privacy", "imaging", "content"]),
    ("augment", &["domain", "config", "disk", "privacy", "imaging", "content"]),
    ("train", &["stats", "domain", "config", "disk", "privacy", "imaging", "content", "head", "nn"]),
    ("explain", &["stats", "domain", "imaging", "head"]),
    ("report", &["stats", "domain", "disk", "privacy", "imaging"]),
    (
        "workflow",
        &[
            "stats", "domain", "config", "disk", "privacy", "imaging", "content", "weights", "head", "nn", "ingest",
            "augment", "train", "explain", "report",
        ],
    ),
    ("service", &["domain", "config", "disk", "privacy", "registry", "watch", "ingest", "report", "workflow"]),
    (
        "cli",
        &[
            "stats", "domain", "config", "disk", "privacy", "imaging", "content", "registry", "weights", "head", "nn",
            "watch", "ingest", "augment", "train", "report", "workflow", "service",
        ],
    ),
];

/// Crates with a room of their own.
const CRATES: &[(&str, &[&str])] = &[
    ("tch", &["nn"]),
    ("hdf5_reader", &["weights"]),
    ("pytorch_reader", &["weights"]),
    ("zip", &["weights"]),
    ("libc", &["service", "nn"]),
    ("winograd", &["nn"]),
    ("hmac", &["privacy"]),
    ("sled", &["registry"]),
    ("notify", &["watch"]),
    ("image", &["imaging"]),
    ("imageproc", &["imaging"]),
    ("bytemuck", &["imaging", "nn"]),
    ("crc32fast", &["nn"]),
    ("memmap2", &["nn"]),
    ("fast_image_resize", &["imaging"]),
    ("fdeflate", &["imaging"]),
    ("jpeg_encoder", &["imaging"]),
    ("png", &["imaging"]),
    ("turbojpeg", &["imaging"]),
    ("flate2", &["imaging"]),
    ("weezl", &["imaging"]),
    ("maud", &["report"]),
    ("base64", &["report"]),
    ("plotters", &["report"]),
    ("csv", &["ingest", "report"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("indicatif", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("sd_notify", &["service"]),
    ("signal_hook", &["service"]),
    ("rpds", &["domain"]),
    ("rustix", &["disk", "content", "watch", "service"]),
    ("toml", &["config"]),
    ("unicode_normalization", &["ingest"]),
    ("serde_path_to_error", &["config"]),
];

const LINE_BUDGET: usize = 400;

struct Source {
    path: PathBuf,
    text: String,
}

/// Every Rust file of the program and of its tests, sorted.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "tests", "winograd"]
        .into_iter()
        .flat_map(|folder| walkdir::WalkDir::new(root.join(folder)).sort_by_file_name());
    let paths =
        files.map(|entry| entry.unwrap().into_path()).filter(|path| path.extension().is_some_and(|e| e == "rs"));
    paths
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root).unwrap().to_owned(),
        })
        .collect()
}

impl Source {
    /// `src/nn/engine.rs` and `src/nn.rs` are of room `nn`; the crate's own two files are of none.
    fn room(&self) -> Option<String> {
        let name = self.path.strip_prefix("src").ok()?.components().next()?;
        let name = name.as_os_str().to_str().unwrap().trim_end_matches(".rs");
        (!["main", "lib"].contains(&name)).then(|| name.to_owned())
    }

    /// `tests.rs` and what lies below a `tests` folder: tests may set their scene with any room, as those beside code may.
    fn is_test(&self) -> bool {
        self.path.components().any(|part| ["tests", "tests.rs"].map(std::ffi::OsStr::new).contains(&part.as_os_str()))
    }

    /// What the compiler sees of it outside tests; a comment may name what it likes.
    fn code(&self) -> String {
        let program = self.text.split("#[cfg(test)]\nmod ").next().unwrap();
        program.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }
}

/// The compiled `pattern`, kept for the next call: compiling is slower than what is searched here.
pub(crate) fn compiled(pattern: &str) -> Regex {
    thread_local! {
        static COMPILED: RefCell<BTreeMap<String, Regex>> = RefCell::default();
    }
    let compile = || Regex::new(pattern).unwrap();
    COMPILED.with_borrow_mut(|compiled| compiled.entry(pattern.to_owned()).or_insert_with(compile).clone())
}

/// What the first group of `pattern` finds in `text`.
pub(crate) fn captures(pattern: &str, text: &str) -> Vec<String> {
    compiled(pattern).captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// The rooms named as `crate::room` or in `crate::{room, room}`.
fn rooms_named(code: &str) -> Vec<String> {
    let mut named = captures(r"\bcrate::(\w+)", code);
    for group in captures(r"(?s)\bcrate::\{(.*?)\};", code) {
        let flat = compiled(r"(?s)::\{.*?\}").replace_all(&group, "").into_owned();
        named.extend(flat.split(',').map(|item| item.trim().split("::").next().unwrap().to_owned()));
    }
    named.retain(|name| name.starts_with(char::is_lowercase));
    named
}

#[test]
fn a_room_imports_only_what_lies_below_it() {
    let mut wrong = Vec::new();
    for source in sources().into_iter().filter(|source| !source.is_test()) {
        let Some(room) = source.room() else { continue };
        let allowed = ROOMS.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("{room} is not in the table of rooms: say what it may import"));
        let foreign = rooms_named(&source.code())
            .into_iter()
            .filter(|named| *named != room && !allowed.contains(&named.as_str()));
        wrong.extend(foreign.map(|named| format!("{} imports {named}", source.path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_room_may_import_what_it_does_and_no_more() {
    let mut unused: BTreeSet<_> =
        ROOMS.iter().flat_map(|(room, below)| below.iter().map(move |it| (*room, *it))).collect();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let (room, named) = (source.room(), rooms_named(&source.code()));
        unused.retain(|(of, below)| room.as_deref() != Some(*of) || named.iter().all(|named| named != below));
    }
    assert!(unused.is_empty(), "take these out of the table of rooms: {unused:?}");
}

#[test]
fn a_room_is_left_by_crate_alone() {
    let climbs = |source: &Source| {
        let depth = source.path.components().count() - 2; // of the file below src/
        source.room().is_some() && source.code().contains(&format!("{}::", vec!["super"; depth + 1].join("::")))
    };
    let wrong: Vec<_> = sources().into_iter().filter(climbs).map(|source| source.path).collect();
    assert!(wrong.is_empty(), "write crate::, which the table of rooms sees, in {wrong:?}");
}

#[test]
fn a_crate_is_named_in_its_own_room() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        let code = source.code();
        for (name, rooms) in CRATES {
            let named = compiled(&format!(r"(?m)(^|[^\w:]){name}::|\buse {name}\b")).is_match(&code);
            if named && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
        if room != "cli" && (code.contains("io::stdout") || code.contains("io::stderr")) {
            wrong.push(format!("{} prints", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_public_item_of_nn_shows_a_tensor() {
    for source in sources().iter().filter(|source| source.room().as_deref() == Some("nn")) {
        for item in captures(r"(?s)(?:^|\n)\s*(pub (?:fn|struct|enum|type|const|trait) [^{;]*)", &source.code()) {
            assert!(!item.contains("Tensor"), "{}: {item}", source.path.display());
        }
        for field in captures(r"\n\s+(pub \w+: [^,\n]*)", &source.code()) {
            assert!(!field.contains("Tensor"), "{}: {field}", source.path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    for Source { path, text } in sources() {
        assert!(text.starts_with("//! "), "{} has no //! head", path.display());
        let n_lines = text.lines().count();
        assert!(
            n_lines <= LINE_BUDGET,
            "{} has {n_lines} lines, more than {LINE_BUDGET}: what are its two purposes?",
            path.display()
        );
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "common", "helpers", "misc", "types"].contains(&stem),
            "{}: name the room",
            path.display()
        );
    }
}

/// Names that many types have: by clap's custom every subcommand has its own.
const SHARED_NAMES: [&str; 1] = ["Args"];

#[test]
fn the_name_of_a_type_means_one_thing() {
    let mut homes: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let named = r"(?m)^(?:\s*(?:pub(?:\([a-z: ]+\))? )?(?:struct|enum|trait)|(?:pub )?type) (\w+)";
    for source in sources().iter().filter(|source| source.room().is_some() && !source.is_test()) {
        for name in captures(named, &source.code()) {
            homes.entry(name).or_default().push(source.path.clone());
        }
    }
    homes.retain(|name, homes| homes.len() > 1 && !SHARED_NAMES.contains(&name.as_str()));
    assert!(homes.is_empty(), "two types of one name: {homes:#?}");
}

/// The service's settings are those of all datasets; what may be set for one is asked by its name.
#[test]
fn the_service_asks_for_the_settings_of_a_dataset() {
    let of_all = compiled(r"self\s*\.settings\s*\.(split|augment|train|retrain|promotion)\b");
    let asks = |source: &Source| {
        matches!(source.room().as_deref(), Some("service" | "workflow")) && of_all.is_match(&source.code())
    };
    let wrong: Vec<_> = sources().into_iter().filter(asks).map(|source| source.path).collect();
    assert!(wrong.is_empty(), "ask self.settings.of(dataset) in {wrong:?}");
}

/// Who may look at the system's clock: the one that dates records, and those who need the present: the age of files, and
/// what says how the program is doing.
const CLOCK_READERS: [&str; 10] = [
    "src/domain/clock.rs",
    "src/watch/settle.rs",
    "src/train/cache.rs",
    "src/workflow/training.rs",
    "src/service/status.rs",
    "src/service/training_worker.rs",
    // Ages of what killed programs left, and of the files beside a page.
    "src/disk/temporaries.rs",
    "src/service/start.rs",
    "src/workflow/contact_sheet.rs",
    // The hours at which trainings begin.
    "src/service/conductor.rs",
];

#[test]
fn records_are_dated_in_one_place() {
    let reads = |source: &Source| source.room().is_some() && source.code().contains("SystemTime::now()");
    let readers: Vec<_> = sources().into_iter().filter(reads).map(|source| source.path).collect();
    let others: Vec<_> =
        readers.iter().filter(|path| CLOCK_READERS.iter().all(|known| **path != Path::new(known))).collect();
    assert!(others.is_empty(), "ask Settings::clock in {others:?}, so that SOURCE_DATE_EPOCH holds");
    assert_eq!(readers.len(), CLOCK_READERS.len(), "{readers:?}");
}

#[test]
fn nothing_sleeps() {
    let naps = sources().into_iter().filter(|source| compiled(r"\bsleep(_ms|_until)?\(").is_match(&source.code()));
    let naps: Vec<_> = naps.map(|source| source.path).collect();
    assert!(naps.is_empty(), "wait for an event with a deadline in {naps:?}");
}

#[test]
fn the_table_is_read_as_it_is_written() {
    assert_eq!(rooms_named("use crate::disk::write_atomic;\nlet x = crate::nn::cam();"), ["disk", "nn"]);
    assert_eq!(
        rooms_named("use crate::{\n    config::{self, A},\n    domain::B,\n    imaging,\n};"),
        ["config", "domain", "imaging"]
    );
    assert_eq!(rooms_named("crate::Thing"), Vec::<String>::new());
}
