//! Who belongs together: `groups.csv` in the dataset's folder, else the pattern on the file's name, else the patient or the
//! study that a DICOM file names.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::group_coverage::GroupCoverage;
use super::group_list::{GroupList, ListedGroup};
use super::group_of;
use crate::content::{self, FileFailure};
use crate::domain::{DatasetName, DicomFacts};

/// The groups of one dataset's files.
#[derive(Debug)]
pub struct Groups<'a> {
    list: GroupList,
    pattern: Option<&'a Regex>,
}

const LIST: &str = "groups.csv";

/// A million lines of 64 bytes.
const MAX_BYTES: u64 = 64 << 20;

/// What to do about a list that cannot be used.
const FIX: &str = "write a first line `file,group` and then one line per file, such as `covid/a.png,patient 7`";

/// `groups.csv` is there and cannot be used; splitting without it might part a patient.
#[derive(Debug, thiserror::Error)]
pub enum GroupsError {
    /// It cannot be read: it may be later, without anybody changing it.
    #[error("`{}`: {}; {}", .0.path.display(), .0.reason, .0.fix)]
    Unreadable(FileFailure),
    /// It does not say what it should.
    #[error("`{}`: {reason}; {FIX}", path.display())]
    Unusable {
        /// The list.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl<'a> Groups<'a> {
    /// Of the dataset in `folder`.
    ///
    /// # Errors
    /// [`GroupsError`].
    pub fn read(folder: &Path, pattern: Option<&'a Regex>) -> Result<Self, GroupsError> {
        let unusable = |reason: String| GroupsError::Unusable { path: folder.join(LIST), reason };
        // A dataset that is no folder is complained of by who lists it.
        let text = content::read_text(folder, LIST, MAX_BYTES).map_err(|failure| {
            let path = folder.join(LIST);
            if failure.may_pass {
                GroupsError::Unreadable(FileFailure { path, ..failure })
            } else {
                unusable(failure.reason)
            }
        })?;
        Ok(Self { list: GroupList::parse(&text.unwrap_or_default()).map_err(unusable)?, pattern })
    }

    /// Of the file at `path`, relative to the dataset's folder, `/`-separated; a file that is neither listed nor fits the
    /// pattern, and names no patient and no study, is its own group.
    pub fn of(&self, path: &str, dicom: Option<&DicomFacts>) -> Option<String> {
        let listed = self.list.group_of(path).map(str::to_owned);
        listed.or_else(|| group_of(self.pattern, path)).or_else(|| dicom.and_then(DicomFacts::group))
    }

    /// How far it reaches: `files` are all that the dataset has, `images` those that are split; relative paths as in
    /// [`Self::of`].
    pub(super) fn coverage<'p>(
        &self,
        files: impl IntoIterator<Item = &'p str>,
        images: impl IntoIterator<Item = (&'p str, Option<&'p DicomFacts>)>,
    ) -> GroupCoverage {
        let mut names_none = vec![true; self.list.n_lines()];
        files
            .into_iter()
            .for_each(|file| self.list.lines_of(file).into_iter().for_each(|line| names_none[line] = false));
        let unused =
            names_none.iter().enumerate().filter(|(_, none)| **none).map(|(line, _)| self.list.file(line).to_owned());
        let mut coverage = GroupCoverage {
            n_lines: self.list.n_lines(),
            unused_lines: unused.collect(),
            has_pattern: self.pattern.is_some(),
            ..GroupCoverage::default()
        };
        for (image, dicom) in images {
            coverage.n_images += 1;
            let listed = self.list.group_by(&self.list.lines_of(image));
            if listed == ListedGroup::Several {
                coverage.contradicted.push(image.to_owned());
            }
            if !matches!(listed, ListedGroup::Of(_)) {
                coverage.n_unlisted += 1;
                if group_of(self.pattern, image).is_none() {
                    coverage.unnamed.push(image.to_owned());
                    if dicom.and_then(DicomFacts::group).is_none() {
                        coverage.ungrouped.push(image.to_owned());
                    }
                }
            }
        }
        coverage.unnamed.sort_unstable();
        coverage.ungrouped.sort_unstable();
        coverage
    }
}

/// The pattern that holds for a dataset's names.
type PatternOf<'a> = &'a dyn Fn(&DatasetName) -> Option<&'a Regex>;

/// The groups of every dataset of an inbox; each list is read once, when it is first asked for.
pub(super) struct GroupBook<'a> {
    inbox: &'a Path,
    pattern_of: PatternOf<'a>,
    /// `None` for a list that cannot be used.
    lists: RefCell<BTreeMap<DatasetName, Option<Groups<'a>>>>,
}

impl<'a> GroupBook<'a> {
    pub(super) fn new(inbox: &'a Path, pattern_of: PatternOf<'a>) -> Self {
        Self { inbox, pattern_of, lists: RefCell::default() }
    }

    /// Of the file at `path`, relative to the inbox, with its DICOM facts; `known` stands while the dataset's list cannot be used.
    pub(super) fn of(
        &self,
        dataset: &DatasetName,
        path: &str,
        dicom: Option<&DicomFacts>,
        known: Option<&String>,
    ) -> Option<String> {
        let folder = format!("datasets/{dataset}/");
        let mut lists = self.lists.borrow_mut();
        let read = || Groups::read(&self.inbox.join(&folder), (self.pattern_of)(dataset)).ok();
        let list = lists.entry(dataset.clone()).or_insert_with(read);
        match list {
            Some(groups) => groups.of(path.strip_prefix(&folder).unwrap_or(path), dicom),
            None => known.cloned(),
        }
    }
}

/// Whether the list of the dataset in `folder` can be used.
///
/// # Errors
/// [`FileFailure`].
pub(super) fn check_list(folder: &Path) -> Result<(), FileFailure> {
    Groups::read(folder, None).map(drop).map_err(|error| match error {
        GroupsError::Unreadable(failure) => failure,
        GroupsError::Unusable { path, reason } => FileFailure::unusable_list(path, reason, FIX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str, paths: &[&str]) -> Result<Vec<Option<String>>, String> {
        groups_of(text, paths, None)
    }

    fn groups_of(text: &str, paths: &[&str], dicom: Option<&DicomFacts>) -> Result<Vec<Option<String>>, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("groups.csv"), text).unwrap();
        let pattern = Regex::new(r"^(\d+)_").unwrap();
        let groups = Groups::read(dir.path(), Some(&pattern)).map_err(|error| error.to_string())?;
        Ok(paths.iter().map(|path| groups.of(path, dicom)).collect())
    }

    #[test]
    fn a_listed_file_goes_before_the_pattern_and_a_whole_path_before_a_name() {
        let text = "file,group\na.png,p1\nnormal/a.png,\"p, 2\"\n7_1.png,p1\n";
        let found = groups(text, &["covid/a.png", "normal/a.png", "x/7_1.png", "x/8_1.png", "x/other.png"]).unwrap();
        let expected = [Some("p1"), Some("p, 2"), Some("p1"), Some("8"), None];
        assert_eq!(found, expected.map(|group| group.map(str::to_owned)));
        assert_eq!(groups("", &["x/8_1.png"]).unwrap(), [Some("8".to_owned())]);
    }

    #[test]
    fn the_list_and_the_pattern_go_before_the_patient_of_a_dicom_file() {
        let facts = DicomFacts { patient: Some("x".to_owned()), ..DicomFacts::default() };
        let found = groups_of("file,group\na.dcm,p1\n", &["c/a.dcm", "c/8_1.dcm", "c/b.dcm"], Some(&facts)).unwrap();
        assert_eq!(found, ["p1", "8", "patient-x"].map(|group| Some(group.to_owned())));
    }

    #[test]
    fn a_list_that_cannot_be_used_is_refused() {
        for (text, words) in [
            ("name,patient\na,b\n", "its first line is not `file,group`"),
            ("file,group\na\n", "found record with 1 field"),
            ("file,group\na,1\na,2\n", "lines 2 and 3 put one file into two groups"),
        ] {
            let error = groups(text, &[]).unwrap_err();
            assert!(error.contains(words) && error.contains("groups.csv"), "{error}");
        }
    }
}
