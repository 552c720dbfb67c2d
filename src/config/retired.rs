//! Keys that once were: what still sets one is warned, told what to do, and otherwise configured as it says.

use toml::{Table, Value};

use super::datasets;

/// Section and name of each such key, and what to do in its place.
const RETIRED: [(&str, &str, &str); 1] = [(
    "augment",
    "size",
    "a training uses copies of 224 pixels, the network's input; remove it (`gradwatch augment --size` makes other sizes)",
)];

/// Takes the retired keys out of one layer, also those of single datasets; one warning for each.
pub(super) fn remove(layer: &mut Table, origin: &str) -> Vec<String> {
    let mut warnings = remove_below("", layer, origin);
    if let Some(Value::Table(own)) = layer.get_mut(datasets::TABLE) {
        for (dataset, sections) in own.iter_mut() {
            let prefix = format!("{}.{dataset}.", datasets::TABLE);
            warnings
                .extend(sections.as_table_mut().map(|table| remove_below(&prefix, table, origin)).unwrap_or_default());
        }
    }
    warnings
}

fn remove_below(prefix: &str, sections: &mut Table, origin: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    for (section, key, advice) in RETIRED {
        if let Some(Value::Table(table)) = sections.get_mut(section)
            && table.remove(key).is_some()
        {
            warnings.push(format!("{origin}: {prefix}{section}.{key} is no longer a key: {advice}."));
        }
    }
    warnings
}
