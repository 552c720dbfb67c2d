//! How far a dataset's groups reach: a list or a pattern that names no image would let patients straddle the split unseen.

use std::path::{Path, PathBuf};

use crate::content;
use crate::domain::DatasetName;
use crate::privacy::shown_in;

/// Which lines name no file, and which images have no group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GroupCoverage {
    /// Of `groups.csv`.
    pub(super) n_lines: usize,
    /// Lines that name no file, as they are written.
    pub(super) unused_lines: Vec<String>,
    /// Images that are split.
    pub(super) n_images: usize,
    /// Images that no line gives a group.
    pub(super) n_unlisted: usize,
    /// Images that lines put into several groups.
    pub(super) contradicted: Vec<String>,
    /// Images that neither a line nor the pattern gives a group.
    pub(super) unnamed: Vec<String>,
    /// Of these, images of which DICOM names no patient and no study either.
    pub(super) ungrouped: Vec<String>,
    /// Whether there is a pattern.
    pub(super) has_pattern: bool,
    /// The dataset's, which the names are relative to.
    pub(super) folder: PathBuf,
}

impl GroupCoverage {
    /// Of the dataset in `folder`, which says what of the names may be shown.
    pub(super) fn of(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Why nothing may be trained with these groups; `None` when there is no reason. `own_pattern`: the pattern was set for
    /// this dataset alone, so it is meant for its names.
    pub(super) fn obstacle(&self, dataset: &DatasetName, own_pattern: bool) -> Option<String> {
        if self.n_lines > 0 && self.unused_lines.len() == self.n_lines {
            let (n, lines) = (self.n_lines, self.names(&self.unused_lines));
            return Some(format!(
                "none of the {n} lines of groups.csv of dataset `{dataset}` names an image of it ({lines}); write each image by \
                 its path in the dataset's folder, such as `covid/a.png`, or remove the list"
            ));
        }
        if !self.contradicted.is_empty() {
            return Some(format!(
                "lines of groups.csv of dataset `{dataset}` put an image into several groups ({}); write each image by its path in \
                 the dataset's folder, once",
                self.names(&self.contradicted)
            ));
        }
        (own_pattern && self.pattern_is_idle()).then(|| {
            format!(
                "split.group_pattern of dataset `{dataset}` matches no name of its images ({}); correct it in \
                 [dataset.{dataset}.split], or remove it there",
                self.names(&self.unnamed)
            )
        })
    }

    /// What the user should know: one sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let unused = (!self.unused_lines.is_empty()).then(|| {
            format!(
                "{} of {} lines of groups.csv name no image of this dataset ({}); correct or remove them",
                self.unused_lines.len(),
                self.n_lines,
                self.names(&self.unused_lines)
            )
        });
        let idle = self.pattern_is_idle().then(|| {
            format!(
                "split.group_pattern matches no name of this dataset's images ({}), so each image without a line in groups.csv \
                 is its own group{}; set a pattern for this dataset, or list its groups in groups.csv",
                self.names(&self.unnamed),
                if self.ungrouped.len() < self.unnamed.len() { ", or that of its DICOM patient" } else { "" }
            )
        });
        let grouped = self.unused_lines.len() < self.n_lines || self.ungrouped.len() < self.n_images;
        let ungrouped = (grouped && idle.is_none() && !self.ungrouped.is_empty()).then(|| {
            format!(
                "{} of {} images have no group, and each is its own ({}); add them to groups.csv, or extend \
                 split.group_pattern",
                self.ungrouped.len(),
                self.n_images,
                self.names(&self.ungrouped)
            )
        });
        [unused, idle, ungrouped].into_iter().flatten().collect()
    }

    /// The first of them in backticks, as they may be shown, and how many more there are.
    fn names(&self, files: &[String]) -> String {
        content::names(files.iter().map(|file| shown_in(&self.folder, file).escape_debug().to_string()))
    }

    /// Whether there is a pattern that gives no image a group, though some have none by the list.
    fn pattern_is_idle(&self) -> bool {
        self.has_pattern && self.n_unlisted > 0 && self.unnamed.len() == self.n_unlisted
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::ingest::Groups;

    const IMAGES: [&str; 3] = ["a/p1_1.png", "a/p1_2.png", "b/p2_1.png"];

    /// Of the images above, with this list and pattern: the obstacle where the pattern is the dataset's own, and the warnings.
    fn found(list: &str, pattern: &str) -> (Option<String>, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        if !list.is_empty() {
            std::fs::write(dir.path().join("groups.csv"), format!("file,group\n{list}")).unwrap();
        }
        let pattern = (!pattern.is_empty()).then(|| Regex::new(pattern).unwrap());
        let coverage =
            Groups::read(dir.path(), pattern.as_ref()).unwrap().coverage(IMAGES, IMAGES.map(|image| (image, None)));
        (coverage.obstacle(&DatasetName::new("d").unwrap(), true), coverage.warnings())
    }

    fn check(list: &str, pattern: &str, obstacle: &str, warnings: &[&str]) {
        let (found_obstacle, found_warnings) = found(list, pattern);
        assert_eq!(found_obstacle.is_some(), !obstacle.is_empty(), "{found_obstacle:?}");
        assert!(found_obstacle.unwrap_or_default().contains(obstacle));
        assert_eq!(found_warnings.len(), warnings.len(), "{found_warnings:?}");
        for (found, expected) in found_warnings.iter().zip(warnings) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn nothing_is_said_where_groups_are_complete_or_none_are_asked_for() {
        check("", "", "", &[]);
        check("p1_1.png,1\np1_2.png,1\np2_1.png,2\n", "", "", &[]);
        check("p1_1.png,1\n", r"^(p\d)_", "", &[]);
        check("", r"^(p\d)_", "", &[]);
        check("p1_1.png,1\np1_2.png,1\np2_1.png,2\n", r"^(x\d)_", "", &[]);
    }

    #[test]
    fn a_list_or_an_own_pattern_that_names_no_image_stops_the_training() {
        let none = "none of the 2 lines of groups.csv of dataset `d` names an image of it (`x.png`, `y.png`)";
        check("x.png,1\ny.png,2\n", "", none, &["2 of 2 lines of groups.csv name no image"]);
        let idle = "matches no name of its images (`a/p1_1.png`, `a/p1_2.png`, `b/p2_1.png`)";
        check("", r"^(x\d)_", idle, &["split.group_pattern matches no name of this dataset's images"]);
    }

    #[test]
    fn lines_and_images_without_partner_are_counted_and_named() {
        let ungrouped = "2 of 3 images have no group, and each is its own (`a/p1_2.png`, `b/p2_1.png`)";
        check(
            "p1_1.png,1\nold.png,1\n",
            "",
            "",
            &["1 of 2 lines of groups.csv name no image of this dataset (`old.png`)", ungrouped],
        );
        check("p1_1.png,\np1_2.png,\np2_1.png,\n", "", "", &["3 of 3 images have no group"]);
        let several = "put an image into several groups (`a/p1_1.png`)";
        check(
            "/x/a/p1_1.png,1\n/y/a/p1_1.png,2\np1_2.png,1\np2_1.png,1\n",
            "",
            several,
            &["1 of 3 images have no group"],
        );
        check("", r"^(p1)_", "", &["1 of 3 images have no group, and each is its own (`b/p2_1.png`)"]);
    }

    #[test]
    fn every_name_is_shown_only_where_it_may_be() {
        let named = || vec!["covid/DOE/1.dcm".to_owned()];
        let coverage = GroupCoverage { n_images: 3, n_unlisted: 1, has_pattern: true, ..GroupCoverage::default() };
        for coverage in [
            GroupCoverage { n_lines: 2, unused_lines: named(), ungrouped: named(), ..coverage.clone() },
            GroupCoverage { n_lines: 1, unused_lines: named(), ..coverage.clone() },
            GroupCoverage { contradicted: named(), ..coverage.clone() },
            GroupCoverage { unnamed: named(), ..coverage },
        ] {
            let coverage = coverage.of(Path::new("datasets/d"));
            let obstacle = coverage.obstacle(&DatasetName::new("d").unwrap(), true);
            let said: Vec<String> = obstacle.into_iter().chain(coverage.warnings()).collect();
            assert!(!said.is_empty() && said.iter().all(|it| it.contains("file-") && !it.contains("DOE")), "{said:?}");
        }
    }
}
