//! A log message is a fixed text in sentence case without a full stop; what varies is in its fields.

use std::path::Path;

use regex::Regex;

use crate::words::{code_of, literals, sources};

/// A message that is handed in: a fixed text of whoever calls.
const HANDED_IN: &str = "{what}";

#[test]
fn log_messages_are_fixed_texts() {
    let (mut n_messages, mut wrong) = (0, Vec::new());
    for path in sources(Path::new("src")) {
        for call in log_calls(&code_of(&path)) {
            n_messages += 1;
            let message = message_of(&call);
            if !message.as_deref().is_some_and(|message| message == HANDED_IN || is_fixed(message)) {
                wrong.push(format!("{}: {}", path.display(), message.unwrap_or(call)));
            }
        }
    }
    assert!(n_messages > 60, "{n_messages} log messages");
    assert!(wrong.is_empty(), "not a fixed text in sentence case without a full stop:\n{}", wrong.join("\n"));
}

/// Where a field of this name is no input, but a file of the program's own.
const OWN_FILES: [&str; 8] = [
    "src/nn/builtin.rs",
    "src/report/gallery_rows.rs",
    "src/disk/origin.rs",
    "src/train/resume.rs",
    "src/service/known_mounts.rs",
    "src/service/attempt_log.rs",
    "src/cli/telemetry.rs",
    "src/nn/kept_filters.rs",
];

/// Where a folder is one of the program's own.
const OWN_FOLDERS: [&str; 5] =
    ["src/nn/cuda.rs", "src/disk/lock.rs", "src/train/features.rs", "src/train/trim.rs", "src/registry/recover.rs"];

#[test]
fn inputs_are_logged_under_the_name_that_may_be_shown() {
    let named = Regex::new(r"\b(?:(?:file|scan|path|same_as|other)\b\s*(?:=\s*[^,]+)?|folder\s*=\s*[^,]+),").unwrap();
    let (mut n_fields, mut wrong) = (0, Vec::new());
    for path in sources(Path::new("src")).into_iter().filter(|path| !OWN_FILES.iter().any(|own| path.ends_with(own))) {
        for call in log_calls(&code_of(&path)) {
            for field in named.find_iter(&call).map(|found| found.as_str()) {
                n_fields += 1;
                let is_own = field.starts_with("folder") && OWN_FOLDERS.iter().any(|own| path.ends_with(own));
                if !is_own && !field.contains("shown(") && !field.contains("shown_folder(") {
                    wrong.push(format!("{}: {field}", path.display()));
                }
            }
        }
    }
    assert!(n_fields > 12, "{n_fields} fields");
    assert!(wrong.is_empty(), "not through `privacy::shown`:\n{}", wrong.join("\n"));
}

#[test]
fn the_file_of_a_failure_is_printed_by_its_name_alone() {
    let printed =
        Regex::new(r"failure\.path\.(?:display|to_str|as_os_str)|\b(?:scan|sample|image)\.path\.display").unwrap();
    // Compares them with the lines of a list.
    let compares = "src/workflow/dataset_folder.rs";
    let wrong = sources(Path::new("src")).into_iter().filter(|path| !path.ends_with(compares));
    let wrong: Vec<_> = wrong.filter(|path| printed.is_match(&code_of(path))).collect();
    assert!(wrong.is_empty(), "print `FileFailure::name` or `privacy::shown`: {wrong:?}");
}

/// What stands between the parentheses of each log macro.
fn log_calls(code: &str) -> Vec<String> {
    let begin = Regex::new(r"\b(?:trace|debug|info|warn|error)!\(").unwrap();
    begin.find_iter(code).map(|found| arguments(&code[found.end()..]).to_owned()).collect()
}

/// Up to the parenthesis that closes what `rest` stands in; those in texts do not count.
fn arguments(rest: &str) -> &str {
    let (mut depth, mut in_text, mut escaped) = (1, false, false);
    for (at, letter) in rest.char_indices() {
        match letter {
            '"' if !escaped => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        if depth == 0 {
            return &rest[..at];
        }
    }
    rest
}

/// The last argument, if it is a text.
fn message_of(call: &str) -> Option<String> {
    let ends_with_text = call.trim_end().trim_end_matches(',').ends_with('"');
    literals(call).pop().map(|(_, text)| text).filter(|_| ends_with_text)
}

/// A name such as `gradwatch` or `openat2` may begin it.
fn is_fixed(message: &str) -> bool {
    let begins_well = message.starts_with(char::is_uppercase) || message.starts_with("openat2 ");
    begins_well && !message.ends_with(['.', '!']) && !message.contains(['{', '\n'])
}

#[test]
fn messages_are_read_as_they_are_written() {
    let code =
        "tracing::warn!(\n    file = %path.display(),\n    why = \"a (b\",\n    \"Not \\\n     read\"\n);\ninfo!(n);";
    let messages: Vec<_> = log_calls(code).iter().map(|call| message_of(call)).collect();
    assert_eq!(messages, [Some("Not read".to_owned()), None]);
    for (message, fixed) in [("Not read", true), ("not read", false), ("Read.", false), ("Read {n} files", false)] {
        assert_eq!(is_fixed(message), fixed, "{message}");
    }
}
