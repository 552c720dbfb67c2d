//! A key that does not exist, and the one that was probably meant.

use toml::{Table, Value};

use super::error::in_plain_words;

/// How alike two names have to be, 0 to 1, for one to be taken for the other.
const ALIKE: f64 = 0.8;

/// What is wrong, on one line: for an unknown key which one was meant, if a key of the `known` table is called much the same, here
/// or in another section; else the keys that there are.
pub(super) fn explained(message: &str, known: &Table) -> String {
    let plain = in_plain_words(message);
    let Some(unknown) = unknown_key(&plain) else { return plain };
    // serde lists the keys of the very table, so that one of these comes first.
    let here = plain.split('`').skip(3).step_by(2).map(|name| (name.to_owned(), name.to_owned()));
    let meant = nearest(unknown, here).or_else(|| nearest(unknown, leaves(known, "").into_iter()));
    meant.map_or_else(|| plain.clone(), |meant| format!("unknown field `{unknown}`; did you mean `{meant}`?"))
}

/// Which key a message says is unknown.
pub(super) fn unknown_key(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// Of pairs of a name and what to call it: the one whose name is most like `unknown`.
fn nearest(unknown: &str, names: impl Iterator<Item = (String, String)>) -> Option<String> {
    let likeness = |(name, called): (String, String)| (strsim::jaro_winkler(unknown, &name), called);
    let alike = names.map(likeness).filter(|(likeness, _)| *likeness >= ALIKE);
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, called)| called)
}

/// Each key that has a value: its last part, and its dotted path.
fn leaves(table: &Table, prefix: &str) -> Vec<(String, String)> {
    let of = |(key, value): (&String, &Value)| match value {
        Value::Table(inner) => leaves(inner, &format!("{prefix}{key}.")),
        _ => vec![(key.clone(), format!("{prefix}{key}"))],
    };
    table.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Table {
        toml::from_str("[train]\nmax_epochs = 1\n[storage]\nstate_dir = ''").unwrap()
    }

    #[test]
    fn a_key_of_the_same_table_is_meant_first_then_one_of_another() {
        let here = explained("unknown field `max_epoch`, expected one of `max_epochs`, `batch`", &known());
        assert_eq!(here, "unknown field `max_epoch`; did you mean `max_epochs`?");
        let elsewhere = explained("unknown field `statedir`, expected one of `inbox`, `rescan`", &known());
        assert_eq!(elsewhere, "unknown field `statedir`; did you mean `storage.state_dir`?");
    }

    #[test]
    fn nothing_alike_leaves_the_keys_that_there_are() {
        let message = "unknown field `wibble`, expected one of `inbox`, `rescan`";
        assert_eq!(explained(message, &known()), message);
        assert_eq!(
            explained("invalid type: string, expected f64", &known()),
            "invalid type: string, expected a number"
        );
    }
}
