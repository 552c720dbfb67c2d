//! Whether a dataset's training is due: its images or the settings differ from what its last model was made of.

use std::collections::BTreeMap;

use crate::config::Settings;
use crate::domain::{ClassName, ContentHash, DatasetName, Ledger, ModelRecord, Sample, Split, Versions};

use super::job_identity::{self, VERSIONS, legacy};
use super::unread;

/// Why a training is due.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    /// Images or settings differ from what the best model learned, and from what the last training learned.
    New,
    /// They do not, but the program makes other pixels or features of them; one sentence.
    Upgraded(String),
}

/// Why a training of `dataset` would make anything new; `None` when it would not. `weights`: those that it would
/// be trained on, when they are known; a model that was trained on others is none.
pub(super) fn due(
    ledger: &Ledger,
    dataset: &DatasetName,
    settings: &Settings,
    weights: Option<ContentHash>,
) -> Option<Due> {
    let samples: Vec<Sample> = ledger.samples_of(dataset).cloned().collect();
    if samples.is_empty() {
        return None;
    }
    if samples.iter().any(|sample| sample.split.is_none()) {
        return Some(Due::New);
    }
    let is_ours = |run: &&ModelRecord| weights.is_none_or(|weights| run.backbone_detail.sha256 == weights);
    // Where the last training was not promoted, another one like it would not be either.
    let runs: Vec<&ModelRecord> = ledger.best_model(dataset).into_iter().chain(ledger.last_trained(dataset)).collect();
    let is_all = |run: &&ModelRecord| unread::readable(run, &samples, settings).is_empty();
    let runs: Vec<&ModelRecord> = runs.into_iter().filter(is_ours).filter(is_all).collect();
    due_after(&runs, &samples, settings.of(dataset), VERSIONS)
}

/// Whether a training of `samples` by this program would make `run` once more.
pub(super) fn makes_again(run: &ModelRecord, samples: &[Sample], settings: &Settings) -> bool {
    run.versions == Some(VERSIONS) && due_after(&[run], samples, settings.of(&run.dataset), VERSIONS).is_none()
}

/// As [`due`], by a program of these `versions`; `runs` are the models that a training must differ from.
fn due_after(runs: &[&ModelRecord], samples: &[Sample], settings: &Settings, versions: Versions) -> Option<Due> {
    let is_it = |run: &&ModelRecord, of: Versions| match run.versions {
        Some(made) => {
            let like = run.like.as_ref().map(|_| &run.backbone_detail);
            made == of && run.job_hash == job_identity::job_hash(samples, settings, of, like)
        }
        None => of == Versions::FIRST && run.job_hash == legacy::job_hash(samples, settings),
    };
    if runs.iter().any(|run| is_it(run, versions)) {
        return None;
    }
    let before = runs.iter().find(|run| is_it(run, run.versions.unwrap_or(Versions::FIRST)));
    Some(before.map_or(Due::New, |run| Due::Upgraded(upgrade(run, versions))))
}

fn upgrade(run: &ModelRecord, now: Versions) -> String {
    let before = run.versions.unwrap_or(Versions::FIRST);
    let mut changes = Vec::new();
    if now.pixels != before.pixels {
        changes.push(format!("decodes image files to other pixels (pixels {}, before {})", now.pixels, before.pixels));
    }
    if now.features != before.features {
        changes.push(format!("computes other features (features {}, before {})", now.features, before.features));
    }
    format!(
        "This version of gradwatch {} than the one that made model {}: the dataset is trained again once",
        changes.join(" and "),
        run.run_id
    )
}

/// Why these samples cannot be trained on yet, with what to do; `None` when they can.
pub fn obstacle(dataset: &DatasetName, samples: &[Sample]) -> Option<String> {
    let mut counts: BTreeMap<&ClassName, ClassSupply> = BTreeMap::new();
    for sample in samples {
        counts.entry(&sample.class).or_default().add(sample);
    }
    if counts.len() < 2 {
        let found = counts.keys().next().map_or("no class".to_owned(), |class| format!("class `{class}` only"));
        return Some(format!(
            "dataset `{dataset}` has usable images of {found}, but a classifier needs at least two classes; add images of another class in {dataset}/<class>/"
        ));
    }
    if let Some((class, supply)) = counts.iter().find(|(_, supply)| supply.n_learnable == 0) {
        let folder = &supply.measured_in;
        return Some(format!(
            "class `{class}` of dataset `{dataset}` has images in {folder}/ only and none for training; add some to {dataset}/train/{class}/ or {dataset}/{class}/, or rename the folder `{folder}` if it is a class"
        ));
    }
    let names_validation = samples.iter().any(|sample| sample.side == Some(Split::Validation));
    let (class, supply) = counts.into_iter().find(|(_, supply)| supply.n_learnable < 2 && !names_validation)?;
    Some(format!(
        "class `{class}` of dataset `{dataset}` has {} image, but needs at least two, for training and validation; add more to {dataset}/{class}/",
        supply.n_learnable
    ))
}

/// What there is of one class.
#[derive(Default)]
struct ClassSupply {
    /// Images that no folder keeps from being learned from.
    n_learnable: usize,
    /// A folder of the others, as the user wrote it.
    measured_in: String,
}

impl ClassSupply {
    fn add(&mut self, sample: &Sample) {
        if sample.side.is_some_and(Split::is_measured) {
            let folder = sample.path.split('/').find(|part| Split::named(part) == sample.side);
            folder.unwrap_or_default().clone_into(&mut self.measured_in);
        } else {
            self.n_learnable += 1;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config;
    use crate::domain::{LedgerEvent, RunId};

    pub(in crate::workflow) fn sample(content: &str, class: &str, split: Split) -> Sample {
        Sample { split: Some(split), ..Sample::example(content, class) }
    }

    /// A model that was made of `samples` by a program of these versions; `None` for one from before there were any.
    fn made_of(samples: &[Sample], settings: &Settings, versions: Option<Versions>) -> ModelRecord {
        let job_hash = match versions {
            Some(versions) => job_identity::job_hash(samples, settings, versions, None),
            None => legacy::job_hash(samples, settings),
        };
        ModelRecord { job_hash, versions, ..ModelRecord::example("d", "0001-a") }
    }

    #[test]
    fn a_model_of_the_same_images_and_settings_leaves_nothing_to_do_whichever_version_recorded_it() {
        let settings = config::load(&config::Overrides::default()).unwrap();
        let samples = [sample("1", "a", Split::Train), sample("2", "b", Split::Validation)];
        let relabelled = [sample("1", "b", Split::Train), samples[1].clone()];
        for recorded in [None, Some(Versions::FIRST)] {
            let run = made_of(&samples, &settings, recorded);
            assert_eq!(due_after(&[&run], &samples, &settings, Versions::FIRST), None, "{recorded:?}");
            assert_eq!(due_after(&[&run], &relabelled, &settings, Versions::FIRST), Some(Due::New), "{recorded:?}");
        }
        assert_eq!(due_after(&[], &samples, &settings, Versions::FIRST), Some(Due::New));
    }

    #[test]
    fn an_upgrade_that_raises_a_number_trains_once_and_says_why() {
        let settings = config::load(&config::Overrides::default()).unwrap();
        let samples = [sample("1", "a", Split::Train), sample("2", "b", Split::Validation)];
        let after = Versions { pixels: 3, features: 1 };
        for recorded in [None, Some(Versions::FIRST)] {
            let old = made_of(&samples, &settings, recorded);
            let expected = Due::Upgraded(
                "This version of gradwatch decodes image files to other pixels (pixels 3, before 1) than the one that \
                 made model 0001-a: the dataset is trained again once"
                    .to_owned(),
            );
            assert_eq!(due_after(&[&old], &samples, &settings, after), Some(expected), "{recorded:?}");
            let new = made_of(&samples, &settings, Some(after));
            assert_eq!(due_after(&[&old, &new], &samples, &settings, after), None, "once");
        }
        let both = made_of(&samples, &settings, Some(Versions { pixels: 1, features: 2 }));
        let Some(Due::Upgraded(message)) = due_after(&[&both], &samples, &settings, after) else {
            panic!("not upgraded")
        };
        assert!(message.contains("pixels") && message.contains("features (features 1, before 2)"), "{message}");
        let other = [sample("9", "a", Split::Train), samples[1].clone()];
        assert_eq!(due_after(&[&both], &other, &settings, after), Some(Due::New), "images are reason enough");
    }

    #[test]
    fn labels_that_return_to_what_an_earlier_model_learned_are_learned_again() {
        let settings = config::load(&config::Overrides::default()).unwrap();
        let dataset = DatasetName::new("d").unwrap();
        let first = [sample("1", "a", Split::Train), sample("2", "b", Split::Validation)];
        let second = [sample("1", "b", Split::Train), first[1].clone()];
        let run = |id: &str, samples: &[Sample]| {
            let model = made_of(samples, &settings, Some(VERSIONS));
            LedgerEvent::Run(Box::new(ModelRecord { run_id: RunId::new(id).unwrap(), ..model }))
        };
        let now = |samples: &[Sample], best: &str| {
            let mut ledger = Ledger::default();
            ledger.apply(&run("0001-a", &first));
            ledger.apply(&run("0002-b", &second));
            ledger.best.insert(dataset.clone(), RunId::new(best).unwrap());
            for sample in samples {
                ledger.apply(&LedgerEvent::Sample(sample.clone()));
            }
            due(&ledger, &dataset, &settings, None)
        };
        assert_eq!(now(&first, "0002-b"), Some(Due::New), "the best model learned the second labels");
        assert_eq!(now(&second, "0002-b"), None);
        assert_eq!(now(&second, "0001-a"), None, "the last training learned them, and was not promoted");
        assert_eq!(now(&first, "0001-a"), None, "a person went back to the first model, and to its labels");
    }

    #[test]
    fn a_training_that_could_not_read_an_image_is_repeated_when_it_can() {
        let dir = tempfile::tempdir().unwrap();
        let set = vec![format!("watch.inbox={}", dir.path().display())];
        let settings = config::load(&config::Overrides { set, ..Default::default() }).unwrap();
        let dataset = DatasetName::new("d").unwrap();
        let samples = [sample("1", "a", Split::Train), sample("2", "b", Split::Validation)];
        let run = ModelRecord { unread: vec![samples[0].hash], ..made_of(&samples, &settings, Some(VERSIONS)) };
        let mut ledger = Ledger::default();
        ledger.apply(&LedgerEvent::Run(Box::new(run)));
        for sample in &samples {
            ledger.apply(&LedgerEvent::Sample(sample.clone()));
        }
        assert_eq!(due(&ledger, &dataset, &settings, None), None, "it still cannot be read");
        assert_eq!(unread::failures(&ledger, &dataset, &settings).len(), 1, "and that is said");
        let file = dir.path().join(&samples[0].path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, b"1").unwrap();
        assert_eq!(due(&ledger, &dataset, &settings, None), Some(Due::New));
        assert_eq!(unread::failures(&ledger, &dataset, &settings), []);
    }

    #[test]
    fn obstacles_say_what_to_add() {
        let dataset = DatasetName::new("d").unwrap();
        let one_class = [sample("1", "a", Split::Train), sample("2", "a", Split::Train)];
        assert!(obstacle(&dataset, &one_class).unwrap().contains("images of class `a` only"));
        let lonely = [one_class[0].clone(), one_class[1].clone(), sample("3", "b", Split::Train)];
        assert!(obstacle(&dataset, &lonely).unwrap().contains("class `b` of dataset `d` has 1 image"));
        let enough = [lonely[0].clone(), lonely[1].clone(), lonely[2].clone(), sample("4", "b", Split::Train)];
        assert_eq!(obstacle(&dataset, &enough), None);
    }

    #[test]
    fn a_class_needs_images_to_learn_from_whatever_folders_name_sides() {
        let dataset = DatasetName::new("d").unwrap();
        let lies_in = |content: &str, folders: &str, side| Sample {
            side,
            path: format!("datasets/d/{folders}/{content}.png"),
            ..sample(content, folders.rsplit('/').next().unwrap(), Split::Train)
        };
        let plain = |content, class| lies_in(content, class, None);
        // Classes `test` and `other`, with folders for patients: nothing is learned by a mistake.
        let misread = [plain("1", "other"), plain("2", "other"), lies_in("3", "Test/patient 1", Some(Split::Test))];
        let message = obstacle(&dataset, &misread).unwrap();
        assert!(message.contains("class `patient 1` of dataset `d` has images in Test/ only"), "{message}");
        assert!(message.ends_with("or rename the folder `Test` if it is a class"), "{message}");
        let lonely = [plain("1", "a"), plain("2", "a"), plain("3", "b"), lies_in("4", "test/b", Some(Split::Test))];
        assert!(obstacle(&dataset, &lonely).unwrap().contains("class `b` of dataset `d` has 1 image"));
        let measured = [plain("1", "a"), plain("2", "b"), lies_in("3", "val/b", Some(Split::Validation))];
        assert_eq!(obstacle(&dataset, &measured), None, "validation has its folder");
    }
}
