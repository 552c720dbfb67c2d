//! The documents compared with the program: commands, flags, exit codes, keys, make targets, links, modules, words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use gradwatch::config::{DEFAULTS, Overrides, load};
use regex::Regex;
use toml::{Table, Value};

use crate::bed::TestBed;

const README: &str = include_str!("../../README.md");
const COMMANDS: &str = include_str!("../../docs/COMMANDS.md");
const CONTRIBUTING: &str = include_str!("../../CONTRIBUTING.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document, with its path relative to the root.
fn documents() -> Vec<(PathBuf, String)> {
    let folders = ["", "docs", "systemd", "watch"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.map(|path| (path.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
}

fn found(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// The names below `Commands:` in a help text.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines =
        lines.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

/// Every command of the program, as `models list`, with its help.
pub fn commands() -> &'static [(String, String)] {
    static COMMANDS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| ask_for_commands(&TestBed::new()));
    &COMMANDS
}

fn ask_for_commands(bed: &TestBed) -> Vec<(String, String)> {
    let help = |name: &str| {
        let args: Vec<_> = name.split_whitespace().chain(["--help"]).collect();
        bed.run(&args).ok().stdout
    };
    let mut commands = Vec::new();
    for name in subcommands(&help("")) {
        let nested: Vec<_> = subcommands(&help(&name)).into_iter().map(|inner| format!("{name} {inner}")).collect();
        let names = if nested.is_empty() { vec![name] } else { nested };
        commands.extend(names.into_iter().map(|name| (help(&name), name)).map(|(help, name)| (name, help)));
    }
    commands
}

#[test]
fn every_command_that_is_shown_exists_with_its_flags() {
    let commands = commands();
    for (path, text) in documents() {
        let blocks: Vec<_> = found(r"(?s)```\w*\n(.*?)```", &text).into_iter().collect();
        let in_blocks = found(r"(?m)^(?:target/release/)?gradwatch ([^\n#]*)", &blocks.join("\n"));
        let in_backticks = found(r"`gradwatch ((?:[a-z]|--)[^`\n]*)`", &text);
        for shown in in_blocks.into_iter().chain(in_backticks) {
            let known = commands.iter().find(|(name, _)| format!("{} ", shown.trim()).starts_with(&format!("{name} ")));
            let (name, help) = known.unwrap_or_else(|| panic!("{} shows `gradwatch {shown}`", path.display()));
            for flag in found(r"(?:^|\s)(--[a-z-]+)", &shown) {
                assert!(help.contains(&flag), "{} shows {flag} of {name}", path.display());
            }
        }
    }
}

/// Without the name and a space at its end, `gradwatch models` would stand for `gradwatch models list`.
#[test]
fn the_command_overview_shows_every_command() {
    for (name, _) in commands() {
        let shown = Regex::new(&format!(r"(?m)^gradwatch {name}(?: |$)")).unwrap();
        assert!(shown.is_match(COMMANDS), "docs/COMMANDS.md does not show `gradwatch {name}`");
    }
    assert!(README.contains("(docs/COMMANDS.md)"), "README.md does not link to the command overview");
}

#[test]
fn the_command_overview_lists_the_exit_codes() {
    let source = fs::read_to_string(root().join("src/cli/failure.rs")).unwrap();
    let codes = found(r"(?m)^    [A-Z]\w+ = (\d+),", &source);
    assert!(!codes.is_empty());
    let listed = found(r"(?m)^\| (\d+) \|", COMMANDS);
    assert_eq!(listed, codes.into_iter().chain(["0".to_owned()]).collect());
}

#[test]
fn every_make_target_that_is_shown_exists() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let targets = found(r"(?m)^([a-z-]+):", &makefile);
    for (path, text) in documents() {
        for shown in found(r"(?m)(?:^|`)make ([a-z-]+)\s*(?:`|#|$)", &text) {
            assert!(targets.contains(&shown), "{} shows `make {shown}`", path.display());
        }
    }
}

#[test]
fn every_key_that_is_shown_exists() {
    let keys: BTreeSet<_> = leaves(&defaults(), "").into_iter().map(|(key, _)| key).collect();
    let sections: BTreeSet<_> = defaults().keys().cloned().collect();
    let recipe = recipe_keys().into_iter().map(|key| format!("augment.recipe.{key}"));
    let keys: BTreeSet<_> = keys.into_iter().chain(recipe).collect();
    for (path, text) in documents() {
        for shown in found(r"(?:`|--set )([a-z]+\.[a-z_.]+)(?:`| ?=)", &text) {
            let is_file = [".json", ".html"].iter().any(|ending| shown.ends_with(ending));
            if !is_file && sections.contains(shown.split('.').next().unwrap()) {
                assert!(keys.contains(&shown), "{} shows the key {shown}", path.display());
            }
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for (path, text) in documents() {
        for link in found(r"\]\(([^)#:]+)(?:#[^)]*)?\)", &text) {
            let target = root().join(&path).parent().unwrap().join(&link);
            assert!(target.exists(), "{} links to {link}", path.display());
        }
    }
}

#[test]
fn the_code_map_names_every_room() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let room = path.file_stem().unwrap().to_str().unwrap();
        assert!(map.contains(&format!("`src/{room}")), "ARCHITECTURE.md says nothing of src/{room}");
    }
    assert!(map.lines().count() <= 200, "ARCHITECTURE.md is read in one sitting");
}

/// A file is named as `room/file`, with or without `.rs`, or by its name alone.
#[test]
fn every_source_file_that_developers_are_shown_exists() {
    let below = ["src", "tests/it"].into_iter().flat_map(|folder| walkdir::WalkDir::new(root().join(folder)));
    let paths = below.map(|entry| entry.unwrap().into_path()).chain([root().join("build.rs")]);
    let relative = |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    let files: Vec<String> = paths.map(relative).map(|path| path.trim_start_matches("src/").to_owned()).collect();
    let exists = |shown: &str| {
        let shown = shown.trim_start_matches("src/").trim_end_matches('/');
        files.iter().any(|file| {
            file == shown || file.strip_suffix(".rs") == Some(shown) || file.ends_with(&format!("/{shown}"))
        })
    };
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let rooms = "stats|domain|config|disk|imaging|content|registry|weights|head|nn|watch|ingest|augment|train|explain|\
                     report|workflow|service|cli";
        let paths = found(&format!(r"`((?:src/)?(?:{rooms})/[a-z_/]+(?:\.rs)?)`"), &text);
        let names = found(r"`([a-z_]+\.rs)`", &text);
        assert!(!paths.is_empty() || !names.is_empty(), "{name}");
        for shown in paths.into_iter().chain(names) {
            assert!(exists(&shown), "{name} shows `{shown}`, which is not there");
        }
    }
}

/// Dotted paths of all leaves.
fn leaves(table: &Table, prefix: &str) -> Vec<(String, Value)> {
    let leaf = |(key, value): (&String, &Value)| match value {
        Value::Table(inner) => leaves(inner, &format!("{prefix}{key}.")),
        value => vec![(format!("{prefix}{key}"), value.clone())],
    };
    table.iter().flat_map(leaf).collect()
}

fn defaults() -> Table {
    toml::from_str(DEFAULTS).unwrap()
}

fn recipe_keys() -> BTreeSet<String> {
    let settings = load(&Overrides::default()).unwrap();
    let serde_json::Value::Object(recipe) = serde_json::to_value(settings.augment.recipe).unwrap() else {
        panic!("a recipe is a table")
    };
    recipe.keys().cloned().collect()
}

#[test]
fn every_key_of_config_toml_is_a_setting() {
    for (key, value) in leaves(&defaults(), "") {
        let set = vec![format!("{key}={value}")];
        load(&Overrides { set, ..Overrides::default() }).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// No setting has a default but the one in config.toml, so one that is missing there could not be loaded at all.
#[test]
fn every_setting_is_a_key_of_config_toml() {
    load(&Overrides::default()).unwrap();
    let hidden = Regex::new(r"serde\([^)]*\bdefault\b|impl Default for").unwrap();
    for entry in fs::read_dir(root().join("src/config")).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        assert!(!hidden.is_match(&source), "{} has a default of its own", path.display());
    }
}

/// The recipe's keys stand commented out, because the preset sets them.
#[test]
fn config_toml_shows_every_key_of_a_recipe() {
    let lines = DEFAULTS.lines().skip_while(|line| *line != "[augment.recipe]").skip(1);
    let shown = lines.map_while(|line| line.strip_prefix("# ")?.split_once(" = "));
    assert_eq!(shown.map(|(key, _)| key.to_owned()).collect::<BTreeSet<_>>(), recipe_keys());
}

/// The heading and the table in CONTRIBUTING.md that list the words to avoid; the words stand in backticks in the first column.
const WORDS_HEADING: &str = "## Words to avoid\n";

/// The words to avoid, in lower case.
fn words_to_avoid() -> Vec<String> {
    let (_, section) = CONTRIBUTING.split_once(WORDS_HEADING).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    rows.flat_map(|(avoided, _)| found("`([^`]+)`", avoided)).collect()
}

/// The words to avoid in `text`, each with its line. Inline code is exempt, because names of files and commands stay.
pub fn avoided_words_in(text: &str) -> Vec<String> {
    static AVOIDED: LazyLock<Regex> = LazyLock::new(|| {
        let words = words_to_avoid();
        let any = words.iter().map(|word| regex::escape(word).replace(' ', r"\s+")).collect::<Vec<_>>().join("|");
        Regex::new(&format!(r"(?i)\b(?:{any})\b")).unwrap()
    });
    static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new("`[^`\n]*`").unwrap());
    let text = CODE.replace_all(text, "``");
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    AVOIDED.find_iter(&text).map(|hit| format!("line {}: {}", line_of(hit.start()), hit.as_str())).collect()
}

/// What people read of a document: without the table of the words themselves, and without commands in code blocks, whose
/// comments count.
fn prose(text: &str) -> String {
    let text = text.split(WORDS_HEADING).next().unwrap_or_default();
    let mut in_code = false;
    let lines = text.lines().map(|line| {
        in_code ^= line.trim_start().starts_with("```");
        if in_code { line.split_once('#').map_or("", |(_, comment)| comment) } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Comments of the configuration and of the systemd files.
fn comments() -> Vec<(PathBuf, String)> {
    let units = fs::read_dir(root().join("systemd")).unwrap().map(|entry| entry.unwrap().path());
    let units = units.filter(|path| path.extension().is_some_and(|extension| extension != "md"));
    let paths = units.chain([root().join("config.toml")]);
    let commented = |text: String| {
        let lines = text.lines().map(|line| line.split_once('#').map_or("", |(_, comment)| comment));
        lines.collect::<Vec<_>>().join("\n")
    };
    paths
        .map(|path| (path.strip_prefix(root()).unwrap().to_owned(), commented(fs::read_to_string(&path).unwrap())))
        .collect()
}

#[test]
fn no_document_has_a_word_to_avoid() {
    let documents = documents().into_iter().map(|(path, text)| (path, prose(&text)));
    let found: Vec<_> = documents
        .chain(comments())
        .flat_map(|(path, text)| {
            avoided_words_in(&text).into_iter().map(move |hit| format!("{}, {hit}", path.display()))
        })
        .collect();
    assert!(found.is_empty(), "see \"Words to avoid\" in CONTRIBUTING.md:\n{}", found.join("\n"));
}

#[test]
fn a_word_to_avoid_is_found_in_prose_only() {
    assert!(words_to_avoid().len() > 20, "{:?}", words_to_avoid());
    assert_eq!(avoided_words_in("An image.\nA Film, told\n"), ["line 2: Film", "line 2: told"]);
    assert_eq!(avoided_words_in("it knows\nnothing of `film` and filmed"), ["line 1: knows\nnothing of"]);
    assert_eq!(prose("```sh\nfilm  # comment\n```\ntext\n"), "\n comment\n```\ntext");
}
