//! Whole trainings on the real network, over a dozen small generated images.

mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::config::{self, LimitSettings, Monitor, TrainSettings};
use crate::content::Reader;
use crate::domain::{
    Assessment, AugmentedImage, ClassName, Clock, ContentHash, DatasetName, LabelledImage, ModelRecord,
    NonContentFacts, Phase, Progress, Reserve, RunId, Silent, Split, StopFlag, StopReason,
};
use crate::head::Head;
use crate::imaging::{Picture, Pixels, encode_png};
use crate::nn::engine_for_tests;
use crate::stats::Generator;

/// Two classes that are easy to distinguish: upright or level stripes, with noise and a phase of their own.
fn striped(upright: bool, number: u64) -> Picture {
    let mut generator = Generator::new(number, "striped");
    let phase = generator.below(16) as u32;
    let pixel = |at: u32| {
        let place = if upright { at % 64 } else { at / 64 };
        ((place + phase) / 8 % 2 * 120) as u8 + generator.below(60) as u8
    };
    Picture::new(64, 64, 1, Pixels::U8((0..64 * 64).map(pixel).collect())).unwrap()
}

struct Scene {
    dir: tempfile::TempDir,
    samples: Vec<LabelledImage>,
    non_content: BTreeMap<ContentHash, NonContentFacts>,
    copies: Vec<AugmentedImage>,
    settings: TrainSettings,
}

impl Scene {
    /// `n_train` and `n_validation` originals a class.
    fn new(n_train: u64, n_validation: u64) -> Self {
        let defaults = config::load(&config::Overrides::default()).unwrap();
        let settings = TrainSettings { batch_size: 4, ..defaults.train };
        let (samples, non_content, copies) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut scene = Self { dir: tempfile::tempdir().unwrap(), samples, non_content, copies, settings };
        for number in 0..n_train + n_validation {
            let split = if number < n_train { Split::Train } else { Split::Validation };
            for class in ["level", "upright"] {
                let picture = striped(class == "upright", number);
                scene.add(&format!("{class}-{number}.png"), class, split, &picture);
            }
        }
        scene
    }

    fn add(&mut self, name: &str, class: &str, split: Split, picture: &Picture) -> ContentHash {
        let path = self.write(name, picture);
        let hash = ContentHash::of(&std::fs::read(&path).unwrap());
        let facts = NonContentFacts { file: picture.facts(), border: Some(picture.border()), dicom: None };
        self.non_content.insert(hash, facts);
        let (class, relative) = (ClassName::new(class).unwrap(), name.to_owned());
        self.samples.push(LabelledImage { hash, class, split: Some(split), group: None, path, relative });
        hash
    }

    fn write(&self, name: &str, picture: &Picture) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, encode_png(picture).unwrap()).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn job<'a>(&'a self, run: &str, augmented: Augmented<'a>) -> TrainJob<'a> {
        TrainJob {
            data_hash: ContentHash::of(b"data"),
            warnings: &[],
            job_hash: ContentHash::of(b"job"),
            run_id: RunId::new(run).unwrap(),
            like: None,
            dataset: DatasetName::new("stripes").unwrap(),
            run_dir: self.path("runs").join(run),
            features: FeatureFolder { path: self.path("features"), reserve: Reserve::NONE },
            samples: &self.samples,
            non_content: &self.non_content,
            augmented,
            recorded: None,
            unread: &[],
            may_leave_out: true,
            augmentation: serde_json::json!({ "mode": "expand" }),
            settings: self.settings,
            reader: Reader::new(
                &LimitSettings { max_file_mib: 1, max_side: 1000, max_megapixels: 1, memory_mib: 64 },
                0,
            ),
            clock: Clock::System,
        }
    }

    fn train(&self, run: &str) -> Result<FinishedRun, TrainError> {
        let job = self.job(run, Augmented::Expand(&self.copies));
        train(&job, &engine_for_tests(), &StopFlag::default(), &Silent)
    }

    fn file(&self, run: &str, name: &str) -> Vec<u8> {
        std::fs::read(self.path("runs").join(run).join(name)).unwrap()
    }
}

/// The record without what may differ between two equal trainings.
fn essence(model: &ModelRecord) -> ModelRecord {
    ModelRecord { run_id: RunId::new("any").unwrap(), created: String::new(), train_seconds: None, ..model.clone() }
}

fn cache_entries(dir: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[test]
fn a_training_fills_its_folder_and_repeats_to_the_bit_without_forwarding_again() {
    let mut scene = Scene::new(3, 2);
    // One copy is an image of its own, the other the very bytes of an original.
    scene.write("copy-1.png", &striped(true, 100));
    std::fs::copy(&scene.samples[0].path, scene.path("copy-2.png")).unwrap();
    let copy = |name: &str, class: &str| {
        let (source, path) = (ContentHash::of(b"source"), scene.path(name));
        let hash = ContentHash::of(&std::fs::read(&path).unwrap());
        AugmentedImage { source, class: ClassName::new(class).unwrap(), hash, index: 1, path }
    };
    scene.copies = vec![copy("copy-1.png", "upright"), copy("copy-2.png", "level")];

    let first = scene.train("one").unwrap();
    let model = &first.model;
    assert_eq!((first.images_forwarded, model.copies, first.failed.len()), (11, 2, 0), "equal contents count once");
    assert_eq!((model.val_accuracy, model.confusion.rows()), (1.0, [vec![2, 0], vec![0, 2]].as_slice()));
    assert_eq!(model.stopped, StopReason::EarlyStopping);
    assert_eq!(model.classes.iter().map(ClassName::as_str).collect::<Vec<_>>(), ["level", "upright"]);
    let written: ModelRecord = serde_json::from_slice(&scene.file("one", "model.json")).unwrap();
    assert_eq!(&written, model);
    let history = String::from_utf8(scene.file("one", "history.csv")).unwrap();
    assert!(
        history.starts_with("epoch,loss,accuracy,val_loss,val_accuracy,val_binary_accuracy,saved\n1,"),
        "{history}"
    );
    assert_eq!(history.lines().count() as u32, model.epochs_run + 1);
    assert!(history.lines().nth(model.epoch as usize).unwrap().ends_with(",true"));

    // A copy whose features are cached is not read again.
    let own = std::fs::read(&scene.copies[0].path).unwrap();
    std::fs::remove_file(&scene.copies[0].path).unwrap();
    let again = scene.train("again").unwrap();
    assert_eq!((again.images_forwarded, again.model.copies, again.failed.len()), (0, 2, 0));
    std::fs::write(&scene.copies[0].path, own).unwrap();

    // The other way round, with one damaged entry in the cache: that image alone is forwarded again.
    let entries = cache_entries(&scene.path("features"));
    assert_eq!(entries.len(), 11);
    std::fs::write(&entries[5], b"damaged").unwrap();
    scene.samples.reverse();
    scene.copies.reverse();
    let second = scene.train("two").unwrap();
    assert_eq!(second.images_forwarded, 1);
    assert_eq!(essence(&second.model), essence(model));
    for name in ["head.safetensors", "history.csv"] {
        assert_eq!(scene.file("one", name), scene.file("two", name), "{name}");
    }

    let engine = engine_for_tests();
    let head = Head::load(&scene.path("runs").join("two"), &second.model.head).unwrap();
    let job = scene.job("none", Augmented::Expand(&[]));
    let measured = measure(&head, &job, &engine, &StopFlag::default()).unwrap();
    let measured = measured.unwrap();
    assert_eq!((measured.len(), measured.values().filter(|right| **right).count()), (4, 4));
    let assessment = model.assessment.as_ref().unwrap();
    assert_eq!((assessment.n, assessment.roc_auc_mean), (4, Some(1.0)));
    let shortcuts = model.shortcuts.as_ref().unwrap();
    assert_eq!((shortcuts.n, shortcuts.model.right), (4, 4));
    assert_eq!((shortcuts.metadata.recognised.right, shortcuts.majority.right), (2, 2), "all files are alike");
    assert_eq!(first.predictions.images.len(), 4);
}

#[test]
fn test_images_are_measured_once_and_change_nothing() {
    let mut scene = Scene::new(3, 2);
    let without = scene.train("without").unwrap();
    assert_eq!(without.model.test, None);
    for number in 50..53 {
        scene.add(&format!("test-{number}.png"), "upright", Split::Test, &striped(true, number));
    }
    let with = scene.train("with").unwrap();
    assert_eq!(with.images_forwarded, 3, "each once, and nothing else again");
    for name in ["head.safetensors", "history.csv"] {
        assert_eq!(scene.file("with", name), scene.file("without", name), "{name}");
    }
    let test = with.model.test.clone().unwrap();
    let tested = test.confusion.rows().iter().map(|row| row.iter().sum::<u64>()).collect::<Vec<_>>();
    assert_eq!((tested, test.assessment.n), (vec![0, 3], 3));
    let calibrated = |assessment: &Assessment| assessment.calibrated.unwrap().temperature.to_bits();
    assert_eq!(calibrated(&test.assessment), calibrated(with.model.assessment.as_ref().unwrap()), "not fitted on them");
    assert_eq!(test.assessment.classes.values().map(|class| class.roc_auc.is_some()).collect::<Vec<_>>(), [false; 2]);
    assert_eq!(with.model.counts.values().map(|count| count.test).collect::<Vec<_>>(), [0, 3]);
    let others = ModelRecord { test: None, counts: without.model.counts.clone(), ..with.model };
    assert_eq!(essence(&others), essence(&without.model));
    let written: ModelRecord = serde_json::from_slice(&scene.file("with", "model.json")).unwrap();
    assert_eq!(written.test, Some(test));
    let older: ModelRecord = serde_json::from_slice(&scene.file("without", "model.json")).unwrap();
    assert_eq!(older.test, None);
}

#[test]
fn fresh_copies_are_made_in_every_epoch_and_not_cached() {
    let mut scene = Scene::new(2, 1);
    scene.settings.max_epochs = 2;
    let n_made = AtomicU32::new(0);
    let fresh = |image: &LabelledImage, epoch: u32| {
        n_made.fetch_add(1, Ordering::Relaxed);
        Ok(striped(image.class.as_str() == "upright", 1000 + u64::from(epoch)))
    };
    let engine = engine_for_tests();
    let run =
        |name: &str, augmented| train(&scene.job(name, augmented), &engine, &StopFlag::default(), &Silent).unwrap();
    let in_place = run("in-place", Augmented::InPlace(&fresh));
    assert_eq!(n_made.load(Ordering::Relaxed), 2 * 4);
    assert_eq!(in_place.images_forwarded, 6 + 2 * 4);
    assert_eq!(in_place.model.copies, 0);
    assert_eq!(cache_entries(&scene.path("features")).len(), 6);
    let combined = run("combined", Augmented::Combined(&[], &fresh));
    assert_eq!(combined.images_forwarded, 2 * 4, "the originals' features are cached by now");
    assert_ne!(scene.file("in-place", "head.safetensors"), scene.file("combined", "head.safetensors"));
}

/// Raises the flag as soon as anything has advanced.
struct StopsAtOnce(StopFlag);

impl Progress for StopsAtOnce {
    fn begin(&self, _phase: Phase, _total: u64) {}
    fn advance(&self, _n: u64) {
        self.0.raise();
    }
    fn remark(&self, _text: &str) {}
    fn end(&self) {}
}

#[test]
fn a_stopped_training_keeps_its_features_and_leaves_no_model() {
    let scene = Scene::new(8, 2);
    let flag = StopFlag::default();
    let job = scene.job("stopped", Augmented::Expand(&[]));
    let stopped = train(&job, &engine_for_tests(), &flag, &StopsAtOnce(flag.clone()));
    assert!(matches!(stopped, Err(TrainError::Stopped(_))));
    assert!(!job.run_dir.exists());
    let n_kept = cache_entries(&job.features.path).len() as u64;
    assert!((1..20).contains(&n_kept), "{n_kept}");
    assert_eq!(scene.train("again").unwrap().images_forwarded, 20 - n_kept);
}

#[test]
fn the_callbacks_say_which_epoch_is_kept() {
    let mut scene = Scene::new(3, 2);
    scene.settings.max_epochs = 3;
    scene.settings.early_stopping.patience = 9;
    scene.settings.checkpoint.monitor = Monitor::ValAccuracy;
    let best = scene.train("best").unwrap();
    let accuracies: Vec<f64> = best.history.iter().map(|epoch| epoch.val_accuracy).collect();
    let greatest = accuracies.iter().copied().fold(0.0, f64::max);
    let first = 1 + accuracies.iter().position(|accuracy| *accuracy >= greatest).unwrap() as u32;
    assert!(first < 3, "all is right before the last epoch: {accuracies:?}");
    let kept = |scene: &Scene, run: &str| scene.train(run).unwrap().model.epoch;
    scene.settings.checkpoint.save_best_only = false;
    assert_eq!((best.model.epoch, kept(&scene, "last")), (first, 3));
    scene.settings.early_stopping.restore_best_weights = true;
    assert_eq!(kept(&scene, "restored"), first);
}

/// Raises the flag after so many epochs, as a kill would end the training there.
struct StopsAfterEpochs(StopFlag, AtomicU32);

impl Progress for StopsAfterEpochs {
    fn begin(&self, _phase: Phase, _total: u64) {}
    fn advance(&self, _n: u64) {}
    fn remark(&self, text: &str) {
        if text.starts_with("epoch ") && self.1.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.raise();
        }
    }
    fn end(&self) {}
}

#[test]
fn a_training_killed_after_any_epoch_goes_on_to_the_same_bytes() {
    let mut scene = Scene::new(2, 1);
    scene.settings.max_epochs = 3;
    scene.settings.early_stopping.patience = 9;
    let engine = engine_for_tests();
    let n_made = AtomicU32::new(0);
    let fresh = |image: &LabelledImage, epoch: u32| {
        n_made.fetch_add(1, Ordering::Relaxed);
        Ok(striped(image.class.as_str() == "upright", 1000 + u64::from(epoch)))
    };
    let job = |run: &str| scene.job(run, Augmented::InPlace(&fresh));
    let whole = train(&job("whole"), &engine, &StopFlag::default(), &Silent).unwrap().model;
    for n_epochs in 1..=2 {
        let run = format!("killed-{n_epochs}");
        n_made.store(0, Ordering::Relaxed);
        let flag = StopFlag::default();
        let stops = StopsAfterEpochs(flag.clone(), AtomicU32::new(n_epochs));
        assert!(matches!(train(&job(&run), &engine, &flag, &stops), Err(TrainError::Stopped(_))));
        let model = train(&job(&run), &engine, &StopFlag::default(), &Silent).unwrap().model;
        assert!(n_made.load(Ordering::Relaxed) < 4 * 4, "it did not go on but began anew");
        assert_eq!(essence(&model), essence(&whole));
        for name in ["head.safetensors", "history.csv"] {
            assert_eq!(scene.file(&run, name), scene.file("whole", name), "{name} after {n_epochs}");
        }
        assert!(!scene.path("runs").join(&run).join("resume.safetensors").exists());
    }
}

#[test]
fn a_mistake_is_looked_at_again_without_a_forward_even_when_its_file_is_gone() {
    let mut scene = Scene::new(3, 2);
    let hash = scene.add("mislabelled.png", "level", Split::Validation, &striped(true, 50));
    let first = scene.train("first").unwrap();
    let [mistake] = first.misclassified.as_slice() else { panic!("{:?}", first.misclassified) };
    let (image, logits, label) = first.predictions.iter().nth(mistake.at).unwrap();
    assert_eq!((image, label), (hash, 0));
    assert_eq!(mistake.image.as_ref().map(Picture::width), Ok(224));
    let head = Head::load(&scene.path("runs/first"), &first.model.head).unwrap();
    for (class, evidence) in [1, 0].into_iter().zip(&mistake.evidence) {
        let sum: f64 = evidence.cells.iter().map(|cell| f64::from(*cell)).sum();
        assert!((sum + f64::from(head.linear().unwrap().bias[class]) - logits[class]).abs() < 1e-4, "class {class}");
    }

    std::fs::remove_file(scene.path("mislabelled.png")).unwrap();
    let second = scene.train("second").unwrap();
    assert_eq!(second.images_forwarded, 0);
    assert_eq!(second.misclassified[0].evidence, mistake.evidence);
    let reason = second.misclassified[0].image.as_ref().unwrap_err();
    assert_eq!(reason, "it no longer exists");
}

#[test]
fn what_cannot_be_trained_is_said_in_one_line() {
    let mut scene = Scene::new(1, 1);
    scene.settings.learning_rate = 1e38;
    let diverged = scene.train("diverged").unwrap_err().to_string();
    let expected = "the training diverged: no epoch has a finite val_accuracy; lower train.learning_rate";
    assert_eq!(diverged, expected);
    scene.settings.learning_rate = 1e-3;
    scene.settings.checkpoint.initial_value_threshold = Some(0.0);
    let fallen_short = scene.train("fallen-short").unwrap_err().to_string();
    assert!(fallen_short.starts_with("no epoch's val_loss was better than"), "{fallen_short}");
    assert!(fallen_short.ends_with("(0); raise it, or set it to \"none\""), "{fallen_short}");
    scene.settings.checkpoint.monitor = Monitor::ValAccuracy;
    scene.settings.checkpoint.initial_value_threshold = Some(1.5);
    let fallen_short = scene.train("below").unwrap_err().to_string();
    assert!(fallen_short.ends_with("(1.5); lower it, or set it to \"none\""), "{fallen_short}");
    scene.samples.retain(|image| image.class.as_str() == "level");
    let refused = scene.train("refused").unwrap_err().to_string();
    assert!(refused.starts_with("dataset `stripes` cannot be trained on: it has 1 class(es)"), "{refused}");
}
