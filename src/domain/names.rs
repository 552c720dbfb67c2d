//! Names that come from folder names, checked once so that no room has to doubt them again.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ContentHash;

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,
    /// Names become folder names, so they cannot hold separators, control characters or a leading dot.
    #[error("`{0}` is not a valid name: it starts with a dot, or contains a slash or a control character")]
    Unusable(String),
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.starts_with('.') || text.chars().any(|c| c == '/' || c == '\\' || c.is_control()) {
        return Err(NameError::Unusable(text.escape_debug().to_string()));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks `text` and wraps it.
            ///
            /// # Errors
            /// [`NameError`] when the text is empty, starts with a dot, or holds a separator or control character.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a dataset: its folder in the inbox.
    DatasetName
);
name!(
    /// The name of a class: its folder in the dataset. Classes are indexed in the order of their sorted names.
    ClassName
);
name!(
    /// One training of one dataset: `NNNN-hash8`, counted per dataset.
    RunId
);

/// A stem as part of a file or folder name of the program's own: characters that a shell, a browser or another file
/// system could trip over become `_`, and it is cut to 120 bytes. Two stems may become one: pair it with a hash.
pub fn safe_stem(stem: &str) -> String {
    const MAX_BYTES: usize = 120;
    let safe = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '+' | '=' | '@' | '(' | ')');
    let replaced = stem.chars().map(|c| if safe(c) { c } else { '_' });
    let fitting = replaced.scan(0, |n_bytes, c| {
        *n_bytes += c.len_utf8();
        (*n_bytes <= MAX_BYTES).then_some(c)
    });
    let name: String = fitting.collect();
    let name = name.trim().trim_start_matches(['.', '-']).trim_start();
    if name.is_empty() { "image".to_owned() } else { name.to_owned() }
}

impl RunId {
    /// The `number`-th run of a dataset, made of the data and settings that `job` identifies.
    pub fn numbered(number: u64, job: &ContentHash) -> Self {
        Self(format!("{number:04}-{}", job.short()))
    }

    /// The number it was given; `None` when the name has none.
    pub fn number(&self) -> Option<u64> {
        self.0.split('-').next()?.parse().ok()
    }
}

/// The file name without folder and extension.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rfind('.') {
        Some(dot) if dot > 0 => &name[..dot],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_pass_and_paths_do_not() {
        assert!(ClassName::new("covid 19 (β)").is_ok());
        assert_eq!(ClassName::new(""), Err(NameError::Empty));
        let run = RunId::numbered(7, &ContentHash::of(b"abc"));
        assert_eq!((run.as_str(), run.number()), ("0007-ba7816bf", Some(7)));
        for bad in ["../etc", ".hidden", "a/b", "a\nb", "a\\b"] {
            assert!(ClassName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn stems_become_safe_names() {
        let long = "ä".repeat(200);
        for (stem, safe) in [
            ("chest film 12 (β)", "chest film 12 (β)"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("<svg onload=alert(1)>", "_svg onload=alert(1)_"),
            ("a\nb\u{202e}c%20#?", "a_b_c_20__"),
            (" -rf ", "rf"),
            ("...", "image"),
            ("", "image"),
            (&long, &"ä".repeat(60)),
        ] {
            assert_eq!(safe_stem(stem), safe, "{stem:?}");
        }
    }
}
