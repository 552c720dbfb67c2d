//! `[dataset.NAME]`: what holds for one dataset in place of what holds for all, and is checked in the same way.
//!
//! What is set for a dataset goes before what is set for all, wherever either is set.

use toml::{Table, Value};

use super::settings::{Change, DatasetSettings, Settings};
use crate::domain::DatasetName;

/// The table that holds them all.
pub(super) const TABLE: &str = "dataset";

/// Sections whose keys may be set for one dataset; the others belong to the program as a whole.
const SECTIONS: [&str; 6] = ["split", "augment", "train", "retrain", "promotion", "explain"];

/// The dotted key, and what is wrong with it.
type Refusal = (String, String);

/// The settings of each dataset in `own`, laid over `all`, with `last` on top; `check` makes settings of a whole table.
pub(super) fn resolve(
    (all, settings): (&Table, &Settings),
    own: Option<Value>,
    last: &Table,
    check: impl Fn(Table) -> Result<Settings, Refusal>,
) -> Result<Vec<(DatasetName, DatasetSettings)>, Refusal> {
    let datasets = match own {
        None => return Ok(Vec::new()),
        Some(Value::Table(datasets)) => datasets,
        Some(_) => {
            return Err((
                TABLE.to_owned(),
                "must contain a table for each dataset, such as [dataset.chest]".to_owned(),
            ));
        }
    };
    let one = |(name, own): (String, Value)| {
        let prefix = format!("{TABLE}.{name}");
        let dataset = DatasetName::new(name).map_err(|error| (prefix.clone(), error.to_string()))?;
        let mut table = all.clone();
        lay_over(&mut table, sections(own, all, &prefix)?);
        lay_over(&mut table, last.clone());
        let own = check(table.clone()).map_err(|refusal| at(&prefix, refusal))?;
        let changes = changes(&effective(table, &own), &effective(all.clone(), settings));
        Ok((dataset, DatasetSettings { settings: own, changes }))
    };
    datasets.into_iter().map(one).collect()
}

/// What stands under a dataset's name, once it is sure that all of it may be set there.
fn sections(own: Value, all: &Table, prefix: &str) -> Result<Table, Refusal> {
    let Value::Table(own) = own else {
        return Err((
            prefix.to_owned(),
            format!("must be a table, such as [{prefix}] with train.max_epochs = 20 below it"),
        ));
    };
    let may: Vec<&str> = SECTIONS.into_iter().filter(|section| all.contains_key(*section)).collect();
    for (section, value) in &own {
        let fail = |message: String| Err((format!("{prefix}.{section}"), message));
        if !may.contains(&section.as_str()) {
            return fail(format!("cannot be set for one dataset; the sections that can are {}", may.join(", ")));
        }
        if !value.is_table() {
            return fail(format!("must be a table, such as [{prefix}.{section}]"));
        }
    }
    Ok(own)
}

/// A refusal of a whole table, said of the dataset that it is for.
fn at(prefix: &str, (key, message): Refusal) -> Refusal {
    (format!("{prefix}.{key}"), message.replace("augment.recipe.", &format!("{prefix}.augment.recipe.")))
}

fn lay_over(table: &mut Table, own: Table) {
    for (key, value) in own {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => lay_over(inner, value),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

/// The table with the whole recipe in it, which follows from preset and changes.
fn effective(mut table: Table, settings: &Settings) -> Table {
    let recipe = Table::try_from(&settings.augment.recipe).unwrap_or_default();
    if let Some(Value::Table(augment)) = table.get_mut("augment") {
        augment.insert("recipe".to_owned(), Value::Table(recipe));
    }
    table
}

fn changes(own: &Table, all: &Table) -> Vec<Change> {
    let of_section = |section: &&str| Some((own.get(*section)?.as_table()?, all.get(*section)?.as_table()?));
    let mut changes = Vec::new();
    for section in SECTIONS {
        if let Some((own, all)) = of_section(&section) {
            compare(section, own, all, &mut changes);
        }
    }
    changes
}

/// Both have the same tables; a table that may be empty (`probability`) is a value.
fn compare(prefix: &str, own: &Table, all: &Table, changes: &mut Vec<Change>) {
    let json = |value: Option<&Value>| value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_default();
    for (key, value) in own {
        let path = format!("{prefix}.{key}");
        match (value, all.get(key)) {
            (Value::Table(own), Some(Value::Table(all))) if prefix != "augment.recipe" => {
                compare(&path, own, all, changes);
            }
            (value, other) if other == Some(value) => {}
            (value, other) => changes.push(Change { key: path, value: json(Some(value)), otherwise: json(other) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Overrides, PromotionPolicy, load};
    use crate::domain::Preset;

    fn loaded(text: &str, overrides: Overrides) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let place = dir.path().to_str().unwrap().to_owned();
        load(&Overrides { file: Some(path), ..overrides }).map_err(|error| error.to_string().replace(&place, "DIR"))
    }

    fn name(text: &str) -> DatasetName {
        DatasetName::new(text).unwrap()
    }

    fn set(texts: &[&str]) -> Overrides {
        Overrides { set: texts.iter().map(ToString::to_string).collect(), ..Overrides::default() }
    }

    const TWO: &str = "train.max_epochs = 7\nsplit.group_pattern = '^(a)'\n\
                       [dataset.chest]\ntrain.max_epochs = 60\nsplit.group_pattern = '^(\\d+)_'\naugment.preset = 'natural'\n\
                       [dataset.\"x. ray\".promotion]\npolicy = 'never'\n";

    #[test]
    fn a_dataset_has_its_own_and_otherwise_what_holds_for_all() {
        let settings = loaded(TWO, Overrides::default()).unwrap();
        let pattern = |of: &str| settings.of(&name(of)).split.group_pattern.as_ref().unwrap().to_string();
        let epochs = ["chest", "x. ray", "other"].map(|of| settings.of(&name(of)).train.max_epochs);
        assert_eq!(epochs, [60, 7, 7]);
        assert_eq!((pattern("chest"), pattern("other")), (r"^(\d+)_".to_owned(), "^(a)".to_owned()));
        assert_eq!(settings.of(&name("x. ray")).promotion, PromotionPolicy::Never);
        assert_eq!(settings.promotion, PromotionPolicy::Better);
        assert_eq!(settings.of(&name("chest")).augment.preset, Preset::Natural);
        assert_eq!(settings.of(&name("chest")).watch.inbox, settings.watch.inbox);
        assert_eq!(settings.of(&name("chest")).of(&name("other")).train.max_epochs, 60, "asked once is enough");
    }

    #[test]
    fn the_differences_are_listed_with_the_recipe_that_follows_from_a_preset() {
        let settings = loaded(TWO, Overrides::default()).unwrap();
        let found: Vec<_> = settings.configured().collect();
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["chest", "x. ray"]);
        let find = |key: &str| found[0].1.iter().find(|change| change.key == key).unwrap();
        assert_eq!((&find("train.max_epochs").value, &find("train.max_epochs").otherwise), (&60.into(), &7.into()));
        assert_eq!(find("augment.recipe.rotation").value, 15.0);
        assert!(found[0].1.iter().all(|change| change.value != change.otherwise));
        let policy = Change { key: "promotion.policy".to_owned(), value: "never".into(), otherwise: "better".into() };
        assert_eq!(found[1].1, [policy]);
    }

    #[test]
    fn what_is_set_for_a_dataset_goes_before_what_is_set_for_all_and_later_layers_before_earlier_ones() {
        let variable = |name: &str, value: &str| (format!("GRADWATCH__{name}"), value.to_owned());
        let epochs = |overrides: Overrides, of: &str| loaded(TWO, overrides).unwrap().of(&name(of)).train.max_epochs;
        assert_eq!(epochs(set(&["train.max_epochs=3"]), "chest"), 60);
        assert_eq!(epochs(set(&["dataset.chest.train.max_epochs=3"]), "chest"), 3);
        assert_eq!(epochs(set(&["dataset.\"x. ray\".train.max_epochs=3"]), "x. ray"), 3);
        assert_eq!(epochs(set(&["dataset.new one.train.max_epochs=3"]), "new one"), 3);
        let environment = vec![variable("DATASET__CHEST__TRAIN__MAX_EPOCHS", "4"), variable("TRAIN__MAX_EPOCHS", "5")];
        let by_environment = Overrides { environment, ..Overrides::default() };
        assert_eq!(epochs(by_environment.clone(), "chest"), 4);
        assert_eq!(epochs(by_environment, "x. ray"), 5);
        let command = Overrides { command: vec!["train.max_epochs=2".to_owned()], ..Overrides::default() };
        assert_eq!([epochs(command.clone(), "chest"), epochs(command, "other")], [2, 2], "an argument goes before all");
    }

    #[test]
    fn mistakes_name_their_place_and_the_whole_key() {
        let chest = |line| format!("DIR/config.toml, line {line}: `dataset.chest");
        for (text, expected) in [
            ("[dataset.chest]\ntrain.max_epoch = 3", format!("{}.train.max_epoch`: unknown field", chest(2))),
            (
                "[dataset.chest]\ntrain.max_epochs = 0",
                format!("{}.train.max_epochs`: invalid value: integer `0`, expected a whole number from 1", chest(2)),
            ),
            (
                "[dataset.chest]\ntrain = 3",
                format!("{}.train`: must be a table, such as [dataset.chest.train]", chest(2)),
            ),
            (
                "[dataset.chest.watch]\nsettle = '1s'",
                format!(
                    "{}.watch`: cannot be set for one dataset; the sections that can are split, augment, train, retrain, promotion",
                    chest(1)
                ),
            ),
            ("dataset.chest = 3", format!("{}`: must be a table, such as [dataset.chest]", chest(1))),
            ("dataset = 3", "DIR/config.toml, line 1: `dataset`: must contain a table for each dataset".to_owned()),
            ("[dataset.'a/b']", "DIR/config.toml, line 1: `dataset.a/b`: `a/b` is not a valid name".to_owned()),
            (
                "[dataset.chest.split]\ngroup_pattern = '('",
                format!("{}.split.group_pattern`: is not a regular expression", chest(2)),
            ),
            (
                "augment.recipe.horizontal_flip = 0.5\n[dataset.chest.augment]\npreset = 'chest-xray'",
                format!("{}.augment.recipe.horizontal_flip`: not allowed by preset `chest-xray`", chest(3)),
            ),
            (
                "[dataset.chest.augment.recipe]\ntilt = 1",
                format!("{}.augment.recipe.tilt`: is not part of a recipe", chest(2)),
            ),
            (
                "[dataset.chest.augment.recipe]\ncval = 1",
                "is called dataset.chest.augment.recipe.fill_value here".to_owned(),
            ),
        ] {
            let message = loaded(text, Overrides::default()).unwrap_err();
            assert!(message.contains(&expected) && !message.contains('\n'), "{text}: {message}");
        }
        let message = loaded("", set(&["dataset.chest.train.max_epochs=0"])).unwrap_err();
        assert!(
            message.starts_with("--set dataset.chest.train.max_epochs=0: `dataset.chest.train.max_epochs`"),
            "{message}"
        );
    }

    #[test]
    fn other_settings_stay_those_of_all() {
        let own = "watch.inbox = 'in'\ntrain.max_epochs = 3\n[dataset.a.train]\nmax_epochs = 3";
        let settings = loaded(own, Overrides::default()).unwrap();
        assert_eq!(settings.of(&name("a")).watch.inbox.file_name(), Some(PathBuf::from("in").as_os_str()));
        assert!(settings.configured().all(|(_, changes)| changes.is_empty()), "set, but to the same");
    }
}
