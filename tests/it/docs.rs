//! config.toml against the program. (README and the unit follow with their files.)

use std::collections::BTreeSet;

use gradwatch::config::{DEFAULTS, Overrides, load};
use toml::{Table, Value};

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

#[test]
fn every_key_of_config_toml_is_a_setting() {
    for (key, value) in leaves(&defaults(), "") {
        let set = vec![format!("{key}={value}")];
        load(&Overrides { set, ..Overrides::default() }).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The recipe's keys stand commented out, because the preset sets them.
#[test]
fn config_toml_shows_every_key_of_a_recipe() {
    let lines = DEFAULTS.lines().skip_while(|line| *line != "[augment.recipe]").skip(1);
    let shown: BTreeSet<_> =
        lines.map_while(|line| line.strip_prefix("# ")?.split_once(" = ")).map(|(key, _)| key.to_owned()).collect();
    let settings = load(&Overrides::default()).unwrap();
    let serde_json::Value::Object(recipe) = serde_json::to_value(settings.augment.recipe).unwrap() else { panic!() };
    assert_eq!(shown, recipe.keys().cloned().collect());
}
