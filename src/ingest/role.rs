//! What a file is for: its path says so, and nothing else.

use regex::Regex;

use crate::content::FileFailure;
use crate::domain::{ClassName, DatasetName, NameError, Role, Split, side_and_class};
use crate::privacy::{shown, shown_name, shows};

/// The role of the file at `relative` (to the inbox, `/`-separated): `datasets/<dataset>/<class>/**` is a sample, and so is
/// `datasets/<dataset>/<side>/<class>/**`; `scans/<dataset>/**` and `scans/<file>` are scans.
///
/// # Errors
/// [`FileFailure`] when the path says neither, or holds a name that cannot be used; with where to put the file instead.
pub fn role_of(relative: &str) -> Result<Role, FileFailure> {
    let parts: Vec<&str> = relative.split('/').collect();
    let (file, folders) = parts.split_last().map_or(("", [].as_slice()), |(file, folders)| (*file, folders));
    if file.contains(|c: char| c == '\\' || c.is_control()) {
        return Err(unusable(relative, &NameError::Unusable(shown_name(relative).escape_debug().to_string())));
    }
    let name = shown_name(relative);
    match folders {
        ["datasets", dataset, inner @ ..] if !inner.is_empty() => sample(relative, dataset, inner),
        ["scans"] => Ok(Role::Scan { dataset: None }),
        ["scans", dataset, ..] => Ok(Role::Scan {
            dataset: Some(DatasetName::new(*dataset).map_err(|error| unusable_scans(relative, error))?),
        }),
        ["datasets", dataset] => Err(misplaced(
            relative,
            format!("it is directly in the dataset's folder `datasets/{dataset}`, so it has no class"),
            format!("move it into the folder of its class, `datasets/{dataset}/<class>/{name}`"),
        )),
        ["datasets"] => Err(misplaced(
            relative,
            "it is directly in `datasets`, so it has no dataset and no class".into(),
            format!("move it into the folder of its dataset and class, `datasets/<dataset>/<class>/{name}`"),
        )),
        _ => Err(misplaced(
            relative,
            "it is neither in `datasets` nor in `scans`".into(),
            format!("move it to `scans/{name}` to explain it, or to `datasets/<dataset>/<class>/` to train on it"),
        )),
    }
}

/// The dataset whose list of groups the file at `relative` is.
pub(super) fn lists_groups(relative: &str) -> Option<DatasetName> {
    let name = relative.strip_prefix("datasets/")?.strip_suffix("/groups.csv")?;
    DatasetName::new(name).ok()
}

/// The side's name is no class: an image beside the class folders of `train` would make one of that name, unseen.
fn sample(relative: &str, dataset: &str, folders: &[&str]) -> Result<Role, FileFailure> {
    let name = shown_name(relative);
    let (side, class) = side_and_class(folders).unwrap_or_default();
    if side.is_none() && Split::named(class).is_some() {
        return Err(misplaced(
            relative,
            format!(
                "`{class}` names a side of the split, so the folders in it are the classes, and it is in none of them"
            ),
            format!(
                "move it into the folder of its class, `datasets/{dataset}/{class}/<class>/{name}`; if `{class}` is a \
                 class, rename its folder"
            ),
        ));
    }
    Ok(Role::Sample {
        dataset: DatasetName::new(dataset).map_err(|error| unusable(relative, &error))?,
        side,
        class: ClassName::new(class).map_err(|error| unusable(relative, &error))?,
    })
}

fn misplaced(relative: &str, reason: String, fix: String) -> FileFailure {
    FileFailure::new(relative, "misplaced", reason, fix)
}

fn unusable(relative: &str, error: &NameError) -> FileFailure {
    FileFailure::new(relative, "unusable-name", error.to_string(), "rename the file or folder")
}

/// A folder of scans may have a patient's name.
fn unusable_scans(relative: &str, error: NameError) -> FileFailure {
    let is_shown = shows(relative);
    unusable(relative, &if is_shown { error } else { NameError::Unusable(shown(relative)) })
}

/// The patient (or other unit) in a file's name: the first group of `pattern`.
pub fn group_of(pattern: Option<&Regex>, path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let group = pattern?.captures(name)?.get(1)?;
    Some(group.as_str().to_owned()).filter(|group| !group.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(dataset: &str, side: Option<Split>, class: &str) -> Role {
        Role::Sample { dataset: DatasetName::new(dataset).unwrap(), side, class: ClassName::new(class).unwrap() }
    }

    #[test]
    fn the_path_tells_the_role() {
        let scan = |dataset: Option<&str>| Role::Scan { dataset: dataset.map(|name| DatasetName::new(name).unwrap()) };
        for (path, role) in [
            ("datasets/chest/covid/a.png", sample("chest", None, "covid")),
            ("datasets/chest/covid/hospital 1/2024/a.png", sample("chest", None, "covid")),
            ("datasets/chest/covid/test/a.png", sample("chest", None, "covid")),
            ("datasets/chest/train/covid/a.png", sample("chest", Some(Split::Train), "covid")),
            ("datasets/chest/Val/covid/2024/a.png", sample("chest", Some(Split::Validation), "covid")),
            ("datasets/chest/test/covid/a.png", sample("chest", Some(Split::Test), "covid")),
            ("datasets/train/covid/a.png", sample("train", None, "covid")),
            ("scans/a.png", scan(None)),
            ("scans/chest/a.png", scan(Some("chest"))),
            ("scans/chest/today/a", scan(Some("chest"))),
        ] {
            assert_eq!(role_of(path), Ok(role), "{path}");
        }
    }

    #[test]
    fn a_list_of_groups_lies_in_the_datasets_own_folder() {
        let whose = |path| lists_groups(path).map(String::from);
        assert_eq!(whose("datasets/chest/groups.csv").as_deref(), Some("chest"));
        for path in ["datasets/chest/covid/groups.csv", "datasets/groups.csv", "scans/chest/groups.csv", "groups.csv"] {
            assert_eq!(whose(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_without_a_role_is_refused_with_its_right_place() {
        for (path, code, fix) in [
            ("datasets/chest/a.png", "misplaced", "class, `datasets/chest/<class>/a.png`"),
            (
                "datasets/chest/train/a.png",
                "misplaced",
                "class, `datasets/chest/train/<class>/a.png`; if `train` is a class",
            ),
            ("datasets/chest/TEST/a.png", "misplaced", "if `TEST` is a class, rename its folder"),
            ("datasets/a.png", "misplaced", "class, `datasets/<dataset>/<class>/a.png`"),
            ("a.png", "misplaced", "to `scans/a.png`"),
            ("elsewhere/b/a.png", "misplaced", "to `scans/a.png`"),
            ("datasets/chest/new\nline/a.png", "unusable-name", "rename"),
            ("datasets/chest/train/new\nline/a.png", "unusable-name", "rename"),
            ("datasets/ch\\est/c/a.png", "unusable-name", "rename"),
            ("scans/.chest/a.png", "unusable-name", "rename"),
            ("scans/chest/a\u{7}.png", "unusable-name", "rename"),
        ] {
            let rejection = role_of(path).unwrap_err();
            assert_eq!(rejection.code, code, "{path}");
            assert!(rejection.fix.contains(fix), "{path}: {rejection}");
            assert!(!rejection.to_string().contains(char::is_control), "{rejection}");
        }
    }
}
