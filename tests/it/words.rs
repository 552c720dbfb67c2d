//! The words to avoid in what the program prints: its help, and the texts in its source.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::bed::TestBed;
use crate::docs::{avoided_words_in, commands};

/// Texts that keep such a word, each with its reason.
const EXCEPTIONS: [(&str, &str); 3] = [
    // A field of status files and a side of the split, as the first version wrote them.
    ("src/service/status.rs", "aside"),
    ("src/domain/split.rs", "aside"),
    // The name of the Rust type in debugging output.
    ("src/imaging/picture.rs", "Picture({}x{}, {} channels of {} bits)"),
];

#[test]
fn no_help_text_has_a_word_to_avoid() {
    let bed = TestBed::new();
    let top = [("--help".to_owned(), bed.run(&["--help"]).ok().stdout)];
    let groups = ["models", "weights"].map(|name| (name.to_owned(), bed.run(&[name, "--help"]).ok().stdout));
    let texts: Vec<_> = top.into_iter().chain(groups).chain(commands().iter().cloned()).collect();
    assert!(texts.len() > 15, "{} help texts", texts.len());
    let found = texts.iter().flat_map(|(name, text)| avoided_words_in(text).into_iter().map(move |hit| (name, hit)));
    let found: Vec<_> = found.map(|(name, hit)| format!("gradwatch {name}, {hit}")).collect();
    assert!(found.is_empty(), "see \"Words to avoid\" in CONTRIBUTING.md:\n{}", found.join("\n"));
}

#[test]
fn no_text_in_the_source_has_a_word_to_avoid() {
    let (mut n_texts, mut found) = (0, Vec::new());
    for path in sources(Path::new("src")) {
        for (line, text) in literals(&code_of(&path)) {
            n_texts += 1;
            let is_exception = EXCEPTIONS.contains(&(path.to_str().unwrap(), text.as_str()));
            let hits = if is_exception { Vec::new() } else { avoided_words_in(&prose(&text)) };
            found.extend(hits.into_iter().map(|hit| format!("{}:{line}, {hit}: {text}", path.display())));
        }
    }
    assert!(n_texts > 1000, "{n_texts} texts");
    assert!(found.is_empty(), "see \"Words to avoid\" in CONTRIBUTING.md:\n{}", found.join("\n"));
}

/// The Rust files below `folder` (relative to the root) but for test modules.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let mut found = Vec::new();
    for entry in entries.map(Result::unwrap) {
        let path = folder.join(entry.file_name());
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if stem == "tests" || stem.ends_with("_tests") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The text of a source without its test module.
pub(crate) fn code_of(path: &Path) -> String {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    without_tests(&source).to_owned()
}

/// The source up to its test module, which is the last item of a file; `mod tests;` names a file of its own.
fn without_tests(source: &str) -> &str {
    let tests = source.match_indices("#[cfg(test)]\n").map(|(at, _)| at);
    let mut inline = tests.filter(|at| source[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{')));
    &source[..inline.next().unwrap_or(source.len())]
}

/// Without the names between braces, which are Rust's, as in `{told}`.
fn prose(text: &str) -> String {
    static NAMES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{[a-z_]*(?::[^{}]*)?\}").unwrap());
    NAMES.replace_all(text, "{}").into_owned()
}

/// The string literals of a source with their lines, raw ones included: as written, but with continued lines joined.
pub(crate) fn literals(source: &str) -> Vec<(usize, String)> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r##"(?s)//[^\n]*|'(?:\\.[^']*|[^'\\])'|r#"(.*?)"#|\br"([^"]*)"|"((?:\\.|[^"\\])*)""##).unwrap()
    });
    static CONTINUED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\n\s*").unwrap());
    let line_of = |at: usize| source[..at].matches('\n').count() + 1;
    let text = |found: &Captures<'_>| {
        let text = found.iter().skip(1).flatten().next()?;
        Some((line_of(text.start()), CONTINUED.replace_all(text.as_str(), "").replace("\\n", " ")))
    };
    TOKEN.captures_iter(source).filter_map(|found| text(&found)).collect()
}

#[test]
fn literals_are_found_and_comments_are_not() {
    let source =
        "/// A \"film\".\nlet a = ['\"', '\\''];\nlet b = \"one \\\n   \\\"two\\\"\";\nlet c = r\"\\d+\"; // told\n";
    assert_eq!(literals(source), [(3, "one \\\"two\\\"".to_owned()), (5, "\\d+".to_owned())]);
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests;\nb\n"), "a\n#[cfg(test)]\nmod tests;\nb\n");
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\nb\n}\n"), "a\n");
    assert_eq!(avoided_words_in(&prose("{told} {film:?} a film")).len(), 1);
}
