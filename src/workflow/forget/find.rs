//! From what a person names to the images that it stands for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{ContentHash, DatasetName, DicomFacts, FileOutcome, Ledger, Scan};
use crate::privacy::{shown, shown_group, shows};

/// One name that a person gave, with what its file on the disk says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetName {
    /// As given: a path, a SHA-256, or a group.
    pub text: String,
    /// Relative to the inbox, if it is a path there; the file may be gone.
    pub inbox_path: Option<String>,
    /// SHA-256 of the file, if there is one.
    pub content: Option<ContentHash>,
    /// Keyed hash of the number that DICOM gave its image, by which other files of the image are known.
    pub instance: Option<String>,
}

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetRequest {
    /// Files or groups; at least one.
    pub names: Vec<ForgetName>,
    /// All of them are groups, whatever files are called so.
    pub groups_only: bool,
    /// Only images of this dataset are meant by a group.
    pub dataset: Option<DatasetName>,
}

/// What it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForgetTargets {
    /// Images.
    pub images: BTreeSet<ContentHash>,
    /// Files that could not be used, and whose content is not known; relative to the inbox.
    pub unread: BTreeSet<String>,
}

impl ForgetTargets {
    /// Adds the other files of the same images, by the numbers that DICOM gave them.
    fn add_repeats(&mut self, ledger: &Ledger) {
        let pairs = ledger.files.values().filter_map(|file| match file.outcome {
            FileOutcome::Repeated { hash, of } => Some([hash, of]),
            _ => None,
        });
        let pairs: Vec<_> = pairs.collect();
        let numbered: Vec<_> = ledger.numbered().collect();
        // Of one that repeats the image to the one that stands for it, and from there to all others, in whatever role.
        let mut n_before = 0;
        while self.images.len() > n_before {
            n_before = self.images.len();
            let theirs = pairs.iter().filter(|pair| pair.iter().any(|hash| self.images.contains(hash)));
            let theirs: Vec<ContentHash> = theirs.flatten().copied().collect();
            self.images.extend(theirs);
            let numbers = numbered.iter().filter(|(hash, _)| self.images.contains(hash)).map(|(_, number)| *number);
            let numbers: BTreeSet<&String> = numbers.collect();
            self.images.extend(numbered.iter().filter(|(_, number)| numbers.contains(number)).map(|(hash, _)| *hash));
        }
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.images.extend(others.images);
        self.unread.extend(others.unread);
    }
}

impl ForgetRequest {
    /// The images that it stands for.
    ///
    /// # Errors
    /// One sentence: a name stands for nothing, or for several things.
    pub fn targets(&self, ledger: &Ledger) -> Result<ForgetTargets, String> {
        let mut targets = ForgetTargets::default();
        for name in &self.names {
            self.add(ledger, name, &mut targets)?;
        }
        targets.add_repeats(ledger);
        Ok(targets)
    }

    fn add(&self, ledger: &Ledger, name: &ForgetName, targets: &mut ForgetTargets) -> Result<(), String> {
        let file = if self.groups_only { FoundFile::default() } else { FoundFile::of(ledger, name) };
        let groups = self.groups(ledger, &name.text);
        let text = name.text.escape_debug();
        let of = |dataset: &DatasetName| format!("`{text}` of dataset `{dataset}`");
        let in_all = groups.keys().map(|dataset| dataset.as_ref().map_or_else(|| format!("`{text}` of scans"), of));
        let in_all = in_all.collect::<Vec<_>>();
        match (file, in_all.as_slice()) {
            (FoundFile { images, unread }, []) if images.len() + unread.len() > 0 => {
                targets.images.extend(images);
                targets.unread.extend(unread);
                Ok(())
            }
            (found, [_]) if found == FoundFile::default() => {
                targets.images.extend(groups.into_values().flatten());
                Ok(())
            }
            (_, []) => Err(format!(
                "nothing is known of `{text}`; give the file itself, its path in the inbox, its SHA-256, or a group as \
                 groups.csv or split.group_pattern names it"
            )),
            (_, [group]) => Err(format!(
                "`{text}` is a file and the group {group}; add --group for the group, or write the file's path"
            )),
            (_, several) => {
                Err(format!("several datasets have this group: {}; add --dataset NAME", several.join(", ")))
            }
        }
    }

    /// The images of the group, by dataset, each with the scans of the group; under `None` if it has scans alone.
    fn groups(&self, ledger: &Ledger, group: &str) -> BTreeMap<Option<DatasetName>, BTreeSet<ContentHash>> {
        let mut found: BTreeMap<Option<DatasetName>, BTreeSet<ContentHash>> = BTreeMap::new();
        for sample in ledger.samples_ever().filter(|sample| self.means(&sample.dataset)) {
            if is_called(group, &sample.path, [sample.group.as_ref(), by_dicom(sample.dicom.as_deref()).as_ref()]) {
                found.entry(Some(sample.dataset.clone())).or_default().insert(sample.hash);
            }
        }
        let scans = self.scans(ledger, group);
        if found.is_empty() && !scans.is_empty() {
            found.insert(None, BTreeSet::new());
        }
        for images in found.values_mut() {
            images.extend(&scans);
        }
        found
    }

    /// The scans of the group, which they are in by DICOM alone: of every dataset, because the patient is the same.
    fn scans(&self, ledger: &Ledger, group: &str) -> BTreeSet<ContentHash> {
        let is_meant = |scan: &&Scan| {
            by_dicom(scan.dicom.as_deref()).as_deref() == Some(group)
                && scan.dataset.as_ref().is_none_or(|dataset| self.means(dataset))
        };
        ledger.scans.values().filter(is_meant).map(|scan| scan.hash).collect()
    }

    fn means(&self, dataset: &DatasetName) -> bool {
        self.dataset.as_ref().is_none_or(|only| only == dataset)
    }
}

/// The patient, or the study, that DICOM names.
fn by_dicom(facts: Option<&DicomFacts>) -> Option<String> {
    facts.and_then(DicomFacts::group)
}

/// Whether `text` is one of the groups of the file at `path`, as it is or as it is shown.
fn is_called(text: &str, path: &str, groups: [Option<&String>; 2]) -> bool {
    groups.into_iter().flatten().any(|group| group == text || shown_group(path, group) == text)
}

/// The files that texts call `name`, with or without folders, in place of their own names.
fn hidden_as<'l>(ledger: &'l Ledger, name: &str) -> BTreeSet<&'l str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let files = ledger.files.values().map(|file| &file.path);
    let paths = files.chain(ledger.scans.values().map(|scan| &scan.path));
    let paths = paths.chain(ledger.samples_ever().map(|sample| &sample.path));
    let is_called = |path: &str| {
        let it = shown(path);
        it == name || it.rsplit('/').next() == Some(last)
    };
    paths.filter(|path| !shows(path) && is_called(path)).map(String::as_str).collect()
}

/// What a file stands for.
#[derive(Debug, PartialEq, Eq, Default)]
struct FoundFile {
    images: BTreeSet<ContentHash>,
    unread: BTreeSet<String>,
}

impl FoundFile {
    fn of(ledger: &Ledger, name: &ForgetName) -> Self {
        let hash = name.content.or_else(|| name.text.parse().ok());
        let mut found = Self { images: hash.into_iter().collect(), unread: BTreeSet::new() };
        let is_another = |(_, number): &(ContentHash, &String)| Some(*number) == name.instance.as_ref();
        found.images.extend(ledger.numbered().filter(is_another).map(|(hash, _)| hash));
        for path in name.inbox_path.iter().chain([&name.text]) {
            found.add_path(ledger, path);
        }
        for path in hidden_as(ledger, &name.text) {
            found.add_path(ledger, path);
        }
        found
    }

    /// A file that is known, or was when it was explained.
    fn add_path(&mut self, ledger: &Ledger, path: &str) {
        match ledger.files.get(path).map(|file| (file.outcome.content(), file)) {
            Some((Some(hash), _)) => drop(self.images.insert(hash)),
            Some((None, file)) => drop(self.unread.insert(file.path.clone())),
            None => {}
        }
        let scans = ledger.scans.values().filter(|scan| scan.path == path).map(|scan| scan.hash);
        let samples = ledger.samples_ever().filter(|sample| sample.path == path).map(|sample| sample.hash);
        self.images.extend(scans.chain(samples));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FileRecord, FileStamp, ImageFacts, LedgerEvent, Sample, ScanState};

    fn images_of(ledger: &Ledger, text: &str) -> BTreeSet<ContentHash> {
        let name = ForgetName { text: text.into(), inbox_path: None, content: None, instance: None };
        ForgetRequest { names: vec![name], groups_only: false, dataset: None }.targets(ledger).unwrap().images
    }

    #[test]
    fn a_patient_is_named_as_a_group_is_shown() {
        let patient = "0123456789abcdef01234567";
        let facts = |instance: &str| DicomFacts {
            patient: Some(patient.into()),
            instance: Some(instance.into()),
            ..DicomFacts::default()
        };
        let mut ledger = Ledger::default();
        let mut hashes = BTreeSet::new();
        for (name, group) in [("1", Some("Jane Doe")), ("2", facts("").group().as_deref()), ("3", None)] {
            let sample = Sample {
                path: format!("datasets/d/a/{name}.dcm"),
                group: group.map(str::to_owned),
                dicom: group.map(|_| Box::new(facts(name))),
                ..Sample::example(name, "a")
            };
            hashes.extend(group.map(|_| sample.hash));
            ledger.apply(&LedgerEvent::Sample(sample));
        }
        assert_eq!(images_of(&ledger, &format!("patient-{patient}")), hashes, "whatever a list calls some of them");
        let listed = shown_group("datasets/d/a/1.dcm", "Jane Doe");
        assert!(listed.starts_with("group-"), "{listed}");
        assert_eq!(images_of(&ledger, &listed), [Sample::example("1", "a").hash].into());
        assert_eq!(images_of(&ledger, "Jane Doe"), images_of(&ledger, &listed));
        for name in ["patient-Doe", "patient-0123456789ABCDEF01234567"] {
            assert!(shown_group("datasets/d/a/1.dcm", name).starts_with("group-"), "{name}");
        }
    }

    #[test]
    fn scans_of_a_patient_are_meant_whatever_dataset_they_name_and_without_images_to_learn_from() {
        let facts = DicomFacts { patient: Some("0123456789abcdef01234567".into()), ..DicomFacts::default() };
        let dicom = Some(Box::new(facts.clone()));
        let group = facts.group().unwrap();
        let dataset = |name: &str| DatasetName::new(name).ok();
        let mut ledger = Ledger::default();
        let mut expected = BTreeSet::new();
        let scan = Scan {
            dataset: None,
            hash: ContentHash::of(b""),
            path: "scans/a.dcm".into(),
            state: ScanState::Waiting,
            image: ImageFacts::example(),
            perceptual_hash: None,
            dicom: None,
        };
        for (name, dataset) in [("1", None), ("2", dataset("d")), ("3", dataset("other"))] {
            let hash = ContentHash::of(name.as_bytes());
            ledger.apply(&LedgerEvent::Scan(Scan { dataset, hash, dicom: dicom.clone(), ..scan.clone() }));
            expected.insert(hash);
        }
        assert_eq!(images_of(&ledger, &group), expected);
        let sample = Sample { dicom, ..Sample::example("4", "a") };
        expected.insert(sample.hash);
        ledger.apply(&LedgerEvent::Sample(sample));
        assert_eq!(images_of(&ledger, &group), expected);
    }

    #[test]
    fn a_file_that_came_later_stands_for_the_image_by_its_number() {
        let forgotten = ContentHash::of(b"forgotten");
        let mut ledger = Ledger::default();
        ledger.apply(&LedgerEvent::Forgotten { hash: forgotten, instance: Some("i".into()) });
        let (text, content) = ("later.dcm".to_owned(), Some(ContentHash::of(b"later")));
        let name = ForgetName { text, inbox_path: None, content, instance: Some("i".into()) };
        let request = ForgetRequest { names: vec![name], groups_only: false, dataset: None };
        assert!(request.targets(&ledger).unwrap().images.contains(&forgotten));
    }

    #[test]
    fn files_with_the_number_of_the_image_are_meant_in_every_role() {
        let facts = Some(Box::new(DicomFacts { instance: Some("i".into()), ..DicomFacts::default() }));
        let sample = Sample { dicom: facts.clone(), ..Sample::example("1", "a") };
        let forgotten = ContentHash::of(b"forgotten");
        let mut ledger = Ledger::default();
        ledger.apply(&LedgerEvent::Sample(sample.clone()));
        ledger.apply(&LedgerEvent::Forgotten { hash: forgotten, instance: Some("i".into()) });
        let expected = BTreeSet::from([sample.hash, forgotten]);
        assert_eq!(images_of(&ledger, &sample.path), expected);
        assert_eq!(images_of(&ledger, &forgotten.to_string()), expected);
        let events = super::super::forgotten(&ledger, &ForgetTargets { images: expected, unread: BTreeSet::new() });
        let is_numbered = |event: &&LedgerEvent| matches!(event, LedgerEvent::Forgotten { instance: Some(number), .. } if number == "i");
        assert_eq!(events.iter().filter(is_numbered).count(), 2);
    }

    #[test]
    fn all_files_of_an_image_are_meant_whichever_is_named() {
        let hash = |content: &str| ContentHash::of(content.as_bytes());
        let mut ledger = Ledger::default();
        let files = [
            ("scans/a", FileOutcome::Scan { dataset: None, hash: hash("a") }),
            ("scans/b", FileOutcome::Repeated { hash: hash("b"), of: hash("a") }),
            ("scans/c", FileOutcome::Repeated { hash: hash("c"), of: hash("a") }),
            ("scans/d", FileOutcome::Repeated { hash: hash("d"), of: hash("other") }),
        ];
        for (path, outcome) in files {
            ledger.apply(&LedgerEvent::File(FileRecord { path: path.into(), stamp: FileStamp::NONE, outcome }));
        }
        for path in ["scans/a", "scans/b"] {
            let name = ForgetName { text: path.into(), inbox_path: None, content: None, instance: None };
            let request = ForgetRequest { names: vec![name], groups_only: false, dataset: None };
            let images = request.targets(&ledger).unwrap().images;
            assert_eq!(images, ["a", "b", "c"].map(hash).into_iter().collect());
        }
    }
}
