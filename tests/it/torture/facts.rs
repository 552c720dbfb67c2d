//! What a state folder holds, by meaning: files by their bytes, models and counters as the program reports them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::bed::{Ran, tree};

/// A fact's name, as `file runs/shapes/0001/model.json`, and its value.
pub(super) type Facts = BTreeMap<String, String>;

/// Who works here and what was said last, and the records behind the models, which are compared by what they say.
const LIVE: [&str; 11] = [
    "registry",
    // A damaged registry is kept beside the one that is made from the journal.
    "registry.broken-1",
    "attempts.ndjson",
    "journal.ndjson",
    "status.json",
    "gradwatch.prom",
    "lock",
    "locks",
    "alive",
    "control.sock",
    "weights",
];

/// How much work was done may differ after a fault, not what came of it.
const WORK: [&str; 2] = ["copies_written", "images_forwarded"];

pub(super) fn of(state: &Path, models: &Ran) -> Facts {
    let live = |path: &Path| LIVE.iter().any(|name| path.starts_with(name));
    let files = tree(state).into_iter().filter(|(path, _)| !live(path));
    let mut facts: Facts = files.map(|(path, hash)| (name_of(&path), hash.to_string())).collect();
    facts.insert("models".to_owned(), format!("{} {}", models.code, models.stdout));
    let status = fs::read(state.join("status.json")).unwrap_or_default();
    let status: Value = serde_json::from_slice(&status).unwrap_or_default();
    for part in ["state", "datasets", "queues", "failures", "waits_for"] {
        facts.insert(format!("status {part}"), status[part].to_string());
    }
    let counters = status["counters"].as_object().cloned().unwrap_or_default();
    let counters = counters.into_iter().filter(|(name, _)| !WORK.contains(&name.as_str()));
    facts.extend(counters.map(|(name, value)| (format!("status {name}"), value.to_string())));
    facts
}

/// Features are a cache: an undisturbed run has them, but no work is undone without them.
fn name_of(path: &Path) -> String {
    let kind = if path.starts_with("features") { "cache" } else { "file" };
    format!("{kind} {}", path.display())
}

/// Where they differ.
pub(super) fn differences(wanted: &Facts, found: &Facts) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
    let short = |value: Option<&String>| value.map_or("none".to_owned(), |value| value.chars().take(80).collect());
    let differ = names.into_iter().filter(|name| wanted.get(*name) != found.get(*name));
    differ.map(|name| format!("{name}: {} instead of {}", short(found.get(name)), short(wanted.get(name)))).collect()
}

/// Of these differences, work that is undone: neither a cache nor a status that could not be written.
pub(super) fn undone(differences: &[String]) -> Option<&String> {
    let is_work = |difference: &&String| difference.starts_with("file ") || difference.starts_with("models");
    differences.iter().filter(is_work).find(|difference| !difference.contains(".gradwatch-tmp"))
}
