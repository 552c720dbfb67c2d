//! `gradwatch find ID [FOLDER]`: which files a hidden name stands for. No other command prints names that are hidden.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};
use super::output;
use crate::config::Settings;
use crate::content::{self, Reader};
use crate::disk::Workspace;
use crate::privacy::{self, hidden_digits, hidden_name};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Hidden name, such as file-0123456789ab, or the first 8 or more digits of a file's SHA-256, as in the name of its report
    #[arg(value_name = "ID")]
    id: String,

    /// Folder to search [default: the inbox]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// What files are found by.
#[derive(Debug, PartialEq, Eq)]
enum FileId {
    /// The digits of a hidden name.
    Name(String),
    /// The first digits of the content's hash.
    Content(String),
}

impl FileId {
    /// As logs, reports and the names of reason files and report folders have it, with or without folders before it.
    fn parse(text: &str) -> Option<Self> {
        let last = text.trim_end_matches('/').rsplit('/').next()?.trim_end_matches(".txt");
        if let Some(digits) = hidden_digits(last) {
            return Some(Self::Name(digits.to_ascii_lowercase()));
        }
        let digits = last.rsplit('-').next()?.to_ascii_lowercase();
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        (is_hex && (8..=64).contains(&digits.len())).then_some(Self::Content(digits))
    }

    fn is_of(&self, path: &Path, reader: &Reader) -> bool {
        match self {
            Self::Name(digits) => hidden_name(path).ends_with(digits),
            Self::Content(digits) => {
                path.is_file() && reader.read(path, None).is_ok_and(|it| it.hash.to_string().starts_with(digits))
            }
        }
    }
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Failure> {
    let unusable = "is no hidden name; give one such as `file-0123456789ab`, or 8 or more digits of a file's SHA-256";
    let id = FileId::parse(&args.id)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("`{}` {unusable}", args.id.escape_debug())))?;
    if matches!(id, FileId::Name(_)) {
        require_key(settings)?;
    }
    let folder = args.folder.as_deref().unwrap_or(&settings.watch.inbox);
    let reader = Reader::of(settings);
    let found: Vec<PathBuf> = candidates(folder)?.into_iter().filter(|path| id.is_of(path, &reader)).collect();
    if found.is_empty() {
        let advice = "it was moved or removed, or lies elsewhere: name its folder";
        return Err(Failure::new(Exit::NoInput, format!("no such file in `{}`; {advice}", folder.display())));
    }
    for path in found {
        output::line(&path.display().to_string());
    }
    Ok(())
}

/// Without the key of the state folder, nobody knows what a hidden name stands for.
fn require_key(settings: &Settings) -> Result<(), Failure> {
    let workspace = Workspace::new(&settings.state_dir);
    let key = workspace.site_key();
    if !key.is_file() {
        let advice = "name the state folder of the program that gave the name, with --set storage.state_dir=DIR";
        return Err(Failure::new(Exit::NoInput, format!("`{}` does not exist; {advice}", key.display())));
    }
    privacy::use_key(privacy::site_key(&workspace)?);
    Ok(())
}

/// What lies below `folder`, links and folders too, because they are named as well: as the folder was named, and without the
/// links in its path, because commands resolve some of them.
fn candidates(folder: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let missing = |error: std::io::Error| {
        Failure::new(Exit::NoInput, format!("cannot read `{}`: {error}; name a folder", folder.display()))
    };
    let roots =
        BTreeSet::from([std::path::absolute(folder).map_err(missing)?, folder.canonicalize().map_err(missing)?]);
    Ok(roots.iter().flat_map(|root| content::all_below(root)).collect())
}

#[cfg(test)]
mod tests {
    use super::FileId;

    #[test]
    fn names_and_hashes_are_told_apart_and_other_texts_refused() {
        let name = Some(FileId::Name("0123456789ab".to_owned()));
        for text in ["file-0123456789ab", "scans/chest/file-0123456789ab", "quarantine/file-0123456789ab.txt"] {
            assert_eq!(FileId::parse(text), name, "{text}");
        }
        let content = |digits: &str| Some(FileId::Content(digits.to_owned()));
        assert_eq!(FileId::parse("reports/chest/0123456789ABcdef/"), content("0123456789abcdef"));
        assert_eq!(FileId::parse("a-b-01234567"), content("01234567"));
        for text in ["", "DOE", "file-xyz", "0123456", "scans/DOE.dcm"] {
            assert_eq!(FileId::parse(text), None, "{text}");
        }
    }
}
