//! What a person should know of a dataset before relying on a model of it: one sentence each.

use std::collections::BTreeSet;
use std::path::Path;

use super::blank::blank_message;
use super::burned_in::text_message;
use super::crowded::crowded_patient;
use super::depths::depth_message;
use super::folder_names::hints;
use super::groups::Groups;
use super::modalities::modality_message;
use super::same_patient::parted_message;
use crate::domain::{ClassName, DatasetName, Sample, Split};

/// A dataset as it is about to be split: its groups, and the images that have them.
pub struct DataCheck<'a> {
    /// Its name.
    pub dataset: &'a DatasetName,
    /// Its groups.
    pub groups: &'a Groups<'a>,
    /// Whether the pattern of the groups was set for this dataset alone.
    pub own_pattern: bool,
    /// Its files, those that are no samples included: relative to its folder.
    pub files: Vec<&'a str>,
    /// What its samples' paths have before that.
    pub prefix: &'a str,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFindings {
    /// Why nothing may be learned from it yet.
    pub obstacle: Option<String>,
    /// What may be learned all the same, but should be known.
    pub warnings: Vec<String>,
}

impl DataCheck<'_> {
    /// Looks at `samples` before they are split.
    pub fn of<'s>(&'s self, samples: &'s [Sample]) -> DataFindings {
        let path = |sample: &'s Sample| sample.path.strip_prefix(self.prefix).unwrap_or(&sample.path);
        let images = samples.iter().map(|sample| (path(sample), sample.dicom.as_deref()));
        let coverage = self.groups.coverage(self.files.iter().copied(), images);
        let coverage = coverage.of(Path::new(self.prefix));
        let mut warnings = coverage.warnings();
        warnings.extend(crowded_patient(samples));
        warnings.extend(parted_message(samples));
        warnings.extend(hints(samples.iter().map(|sample| &sample.class)));
        warnings.extend(blank_message(samples));
        warnings.extend(modality_message(samples.iter().filter_map(|sample| sample.dicom.as_deref())));
        warnings.extend(text_message(samples));
        warnings.extend(depth_message(samples.iter().map(|sample| &sample.image)));
        DataFindings { obstacle: coverage.obstacle(self.dataset, self.own_pattern), warnings }
    }
}

/// Classes that `samples`, which are split, leave unmeasured: a sentence for each side that measures others.
pub fn unmeasured_classes(samples: &[Sample]) -> Vec<String> {
    let on = |side: Split| -> BTreeSet<&ClassName> {
        samples.iter().filter(|sample| sample.split == Some(side)).map(|sample| &sample.class).collect()
    };
    let learned = on(Split::Train);
    let sentence = |side: Split| {
        let measured = on(side);
        let lacking: Vec<String> = learned.difference(&measured).map(|class| format!("`{class}`")).collect();
        (!measured.is_empty() && !lacking.is_empty()).then(|| {
            format!(
                "the {side} images have none of class {}, so the model is not measured on it there; add such images",
                lacking.join(" and ")
            )
        })
    };
    [Split::Validation, Split::Test].into_iter().filter_map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(class: &str, split: Split, number: u32) -> Sample {
        let path = format!("datasets/d/{class}/{number}.png");
        Sample { path, split: Some(split), ..Sample::example(&format!("{class}{number}"), class) }
    }

    #[test]
    fn a_side_that_lacks_a_class_is_named_with_it() {
        let learned = [sample("a", Split::Train, 0), sample("b", Split::Train, 0)];
        let with = |more: &[Sample]| unmeasured_classes(&[learned.as_slice(), more].concat());
        let on = |class, split| sample(class, split, 1);
        assert!(with(&[on("a", Split::Validation), on("b", Split::Validation)]).is_empty());
        let found = with(&[on("a", Split::Validation), on("b", Split::Test), on("a", Split::Test)]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("the validation images have none of class `b`"), "{found:?}");
        assert!(with(&[on("a", Split::Test)])[0].starts_with("the test images have none of class `b`"));
    }

    #[test]
    fn findings_are_of_groups_and_folder_names() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("groups.csv"), "file,group\nelsewhere.png,1\n").unwrap();
        let (groups, dataset) = (Groups::read(dir.path(), None).unwrap(), DatasetName::new("d").unwrap());
        let check =
            |files| DataCheck { dataset: &dataset, groups: &groups, own_pattern: false, files, prefix: "datasets/d/" };
        let samples = [sample("a", Split::Train, 0), sample("A", Split::Train, 0)];
        let found = check(vec!["a/0.png", "A/0.png"]).of(&samples);
        assert!(found.obstacle.unwrap().contains("(`elsewhere.png`)"));
        assert!(found.warnings[1].contains("the classes `A` and `a` differ only"), "{:?}", found.warnings);
        // A file that is quarantined is a file of the dataset all the same.
        assert_eq!(check(vec!["a/0.png", "A/0.png", "a/elsewhere.png"]).of(&samples).obstacle, None);
    }
}
