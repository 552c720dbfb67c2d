//! One merged table to checked [`Settings`]: unknown keys and wrong kinds are refused with their dotted path.

use std::path::Path;

use toml::Table;

use super::nearest_key::{explained, unknown_key};
use super::raw::Raw;
use super::sections::LimitSettings;
use super::settings::Settings;
use super::{DEFAULTS, datasets, recipe};
use crate::domain::{Clock, Semantics};

/// `last` goes before all that `table` says, also of single datasets. `Err((key, message))` for the first thing that is wrong.
pub(super) fn settings(
    mut table: Table,
    last: &Table,
    base: &Path,
    clock: Clock,
) -> Result<Settings, (String, String)> {
    let own = table.remove(datasets::TABLE);
    let mut settings = whole(table.clone(), base, clock)?;
    let own = datasets::resolve((&table, &settings), own, last, |table| whole(table, base, clock))?;
    settings.datasets = own.into_iter().collect();
    Ok(settings)
}

fn whole(table: Table, base: &Path, clock: Clock) -> Result<Settings, (String, String)> {
    let raw: Raw = serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| {
        let message = error.inner().message();
        (key_of(&error.path().to_string(), message), explained(message, &toml::from_str(DEFAULTS).unwrap_or_default()))
    })?;
    let recipe = recipe::resolve(raw.augment.preset, &raw.augment.recipe)?;
    let settings = raw.into_settings(base, recipe, clock);
    check(&settings)?;
    Ok(settings)
}

/// serde names the table for an unknown key; the key itself stands in the message.
fn key_of(path: &str, message: &str) -> String {
    match unknown_key(message) {
        Some(field) if path == "." => field.to_owned(),
        Some(field) if !path.ends_with(field) => format!("{path}.{field}"),
        _ => path.to_owned(),
    }
}

fn check(s: &Settings) -> Result<(), (String, String)> {
    let fail = |key: &str, message: &str| Err((key.to_owned(), message.to_owned()));
    if !(0.01..=0.9).contains(&s.split.validation) {
        return fail("split.validation", "must be between 0.01 and 0.9, for example 0.2");
    }
    if s.augment.quota.copies > 99 {
        return fail("augment.copies", "must be between 0 and 99");
    }
    if s.augment.quota.target_per_class > 10_000_000 {
        return fail("augment.target_per_class", "must be between 0 and 10000000");
    }
    if !(1..=64).contains(&s.compute.models_in_memory) {
        return fail("compute.models_in_memory", "must be between 1 and 64");
    }
    if s.compute.threads > 1024 {
        return fail("compute.threads", "must be between 0 (one per core) and 1024");
    }
    if !(1..=100).contains(&s.augment.jpeg_quality) {
        return fail("augment.jpeg_quality", "must be between 1 and 100");
    }
    if !(s.train.learning_rate > 0.0 && s.train.learning_rate <= 1.0) {
        return fail("train.learning_rate", "must be greater than 0 and at most 1, for example 0.001");
    }
    if !(0.0..=1.0).contains(&s.train.early_stopping.min_delta) {
        return fail("train.early_stopping.min_delta", "must be between 0 and 1, for example 0.01");
    }
    let LimitSettings { max_file_mib, max_side, max_megapixels, memory_mib } = s.limits;
    if [max_file_mib, u64::from(max_side), max_megapixels, memory_mib].contains(&0) {
        return fail("limits", "every limit must be at least 1");
    }
    if s.images.scaled_jpeg && s.augment.recipe.semantics != Semantics::Correct {
        return fail(
            "images.scaled_jpeg",
            "must be false with the Keras semantics of augment.recipe.semantics, which decode each image at full size as Keras does",
        );
    }
    if s.watch.settle.is_zero() || s.watch.settle_unclosed.is_zero() || s.watch.rescan.is_zero() {
        return fail("watch", "settle, settle_unclosed and rescan must be longer than 0");
    }
    if !(0.0..=1e6).contains(&s.features_max_gib) {
        return fail("storage.features_max_gib", "must be a number of gibibytes, 0 or more, for example 20.0");
    }
    if !(0.0..=100.0).contains(&s.reserve.percent) {
        return fail("storage.reserve_percent", "must be a percentage, 0 to 100, for example 5.0");
    }
    if s.reserve.bytes > 1 << 50 {
        return fail("storage.reserve_gib", "must be a number of gibibytes, 0 or more, for example 2.0");
    }
    if s.state_dir.starts_with(&s.watch.inbox) {
        return fail(
            "storage.state_dir",
            "is inside watch.inbox, where gradwatch would read its own files as new images; choose another folder",
        );
    }
    if s.report.neighbours > 20 {
        return fail("report.neighbours", "must be between 0 and 20");
    }
    if s.report.outbox.starts_with(&s.watch.inbox) || s.watch.inbox.starts_with(&s.report.outbox) {
        return fail(
            "report.outbox",
            "must be neither inside watch.inbox nor around it, or gradwatch would read its own results as new images; choose another folder",
        );
    }
    if s.report.outbox.starts_with(&s.state_dir) && s.report.outbox != s.state_dir.join("outbox") {
        return fail("report.outbox", "must be outside storage.state_dir, or \"\" for its folder `outbox`");
    }
    if s.watch.inbox.starts_with(&s.state_dir) {
        return fail("watch.inbox", "is inside storage.state_dir; choose another folder");
    }
    Ok(())
}
