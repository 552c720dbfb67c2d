//! What is in the identity, what is not, and what it must stay.

use std::collections::BTreeSet;

use super::super::retrain_check::tests::sample;
use super::*;
use crate::config::{self, Overrides};

/// Every setting that shapes a model, with a value that is not the default, as `--set` takes it.
const OTHERS: &[&str] = &[
    "images.background=9",
    "augment.mode=combined",
    "augment.copies=1",
    "augment.balance=max",
    "augment.target_per_class=7",
    "augment.format=jpeg",
    "augment.jpeg_quality=90",
    "augment.seed=2",
    "augment.recipe.semantics=keras-2.9",
    "augment.recipe.rotation=7",
    "augment.recipe.width_shift=0.07",
    "augment.recipe.height_shift=0.07",
    "augment.recipe.shear=1",
    "augment.recipe.zoom=[0.9, 1.1]",
    "augment.recipe.zoom_keep_aspect=false",
    "augment.recipe.horizontal_flip=0.5",
    "augment.recipe.vertical_flip=0.5",
    "augment.recipe.elastic=0.01",
    "augment.recipe.elastic_cells=5",
    "augment.recipe.interpolation=bicubic",
    "augment.recipe.fill=wrap",
    "augment.recipe.fill_value=9",
    "augment.recipe.blur=[0.0, 1.0]",
    "augment.recipe.channel_shift=3",
    "augment.recipe.brightness=[0.7, 1.1]",
    "augment.recipe.contrast=[0.7, 1.1]",
    "augment.recipe.window=0.1",
    "augment.recipe.gamma=[0.7, 1.1]",
    "augment.recipe.invert=0.5",
    "augment.recipe.clahe=[1.0, 2.0]",
    "augment.recipe.noise=0.02",
    "augment.recipe.jpeg_quality=[70, 90]",
    "augment.recipe.erasing=0.5",
    "augment.recipe.probability={ rotation = 0.5 }",
    "augment.recipe.one_of=[[\"brightness\", \"contrast\"]]",
    "augment.recipe.allow=[\"invert\"]",
    "backbone.weights=/other.safetensors",
    "backbone.preprocessing=caffe",
    "backbone.seed=2",
    "train.max_epochs=31",
    "train.batch_size=17",
    "train.learning_rate=0.002",
    "train.activation=softmax",
    "train.class_weights=balanced",
    "train.seed=2",
    "train.keras_f32=true",
    "train.early_stopping.monitor=val_loss",
    "train.early_stopping.min_delta=0.02",
    "train.early_stopping.patience=4",
    "train.early_stopping.mode=max",
    "train.early_stopping.baseline=0.5",
    "train.early_stopping.start_from_epoch=1",
    "train.early_stopping.restore_best_weights=true",
    "train.checkpoint.monitor=val_accuracy",
    "train.checkpoint.mode=min",
    "train.checkpoint.save_best_only=false",
    "train.checkpoint.initial_value_threshold=0.5",
];

fn settings(set: &[&str]) -> Settings {
    let set = set.iter().map(|set| (*set).to_owned()).collect();
    config::load(&Overrides { set, ..Default::default() }).unwrap()
}

fn of(samples: &[Sample], set: &[&str]) -> String {
    text(samples, &settings(set), Versions::FIRST)
}

/// Names of the fields whose lines differ.
fn differing(a: &str, b: &str) -> BTreeSet<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let name = |line: &String| line.split('=').next().unwrap().to_owned();
    lines(a).symmetric_difference(&lines(b)).map(name).collect()
}

#[test]
fn each_setting_that_shapes_a_model_changes_its_own_line_and_no_other_does() {
    let first = of(&[], &[]);
    let mut changed = BTreeSet::new();
    for set in OTHERS {
        let name = set.split('=').next().unwrap().to_owned();
        assert_eq!(differing(&first, &of(&[], &[set])), BTreeSet::from([name.clone()]), "{set}");
        changed.insert(name);
    }
    // A preset sets the recipe too; size and versions are no settings.
    assert!(differing(&first, &of(&[], &["augment.preset=natural"])).contains("augment.preset"));
    let others = ["augment.preset", "augment.size", "pixels", "features", SCHEME].map(str::to_owned);
    let all: BTreeSet<String> = first.lines().map(|line| line.split('=').next().unwrap().to_owned()).collect();
    assert_eq!(changed.into_iter().chain(others).collect::<BTreeSet<_>>(), all, "every line has its test");
    for set in ["watch.settle=9s", "augment.contact_sheet=false", "log.level=warn", "promotion.policy=never"] {
        assert_eq!(of(&[], &[set]), first, "{set}");
    }
}

#[test]
fn other_decoding_has_a_line_where_it_is_asked_for() {
    let line = |settings: &Settings| text(&[], settings, Versions { pixels: 1, features: 1 });
    let usual = settings(&[]);
    for set in ["images.scaled_jpeg=true", "images.dicom_frame=2"] {
        let other = settings(&[set]);
        assert_eq!(line(&other).replace(&format!("{set}\n"), ""), line(&usual));
        assert_ne!(line(&other), line(&usual));
        assert_ne!(legacy::job_hash(&[], &other), legacy::job_hash(&[], &usual), "none of theirs decoded so");
    }
}

#[test]
fn each_version_has_its_line() {
    let text = |pixels, features| text(&[], &settings(&[]), Versions { pixels, features });
    assert_eq!(differing(&text(1, 1), &text(2, 1)), BTreeSet::from(["pixels".to_owned()]));
    assert_eq!(differing(&text(1, 1), &text(1, 2)), BTreeSet::from(["features".to_owned()]));
}

#[test]
fn the_data_are_content_label_side_and_group_in_any_order() {
    let (a, b) = (sample("1", "a", Split::Train), sample("2", "b", Split::Validation));
    let hash = data_hash(&[a.clone(), b.clone()]);
    assert_eq!(hash, data_hash(&[b.clone(), a.clone()]));
    let grouped = |group: &str| Sample { group: Some(group.to_owned()), ..a.clone() };
    for other in [
        sample("9", "a", Split::Train),
        sample("1", "b", Split::Train),
        sample("1", "a", Split::Validation),
        grouped("p"),
        grouped("null"),
    ] {
        assert_ne!(hash, data_hash(&[other.clone(), b.clone()]), "{other:?}");
    }
    assert_ne!(data_hash(&[grouped("null")]), data_hash(std::slice::from_ref(&a)), "a group of that name is one");
    assert_eq!(data(&[grouped("x\ny=\"z")]).len(), 1, "no name begins a line of its own");
    assert_ne!(hash, data_hash(&[a.clone(), b.clone(), sample("3", "a", Split::Test)]));
    let moved = Sample { path: "elsewhere.png".to_owned(), ..a.clone() };
    assert_eq!(
        hash,
        data_hash(&[moved, b.clone(), sample("3", "a", Split::Excluded)]),
        "what is left out has no part in it"
    );
}

#[test]
fn the_identity_of_what_exists_never_changes_by_accident() {
    let samples =
        [sample("1", "a", Split::Train), Sample { group: Some("p".to_owned()), ..sample("2", "b", Split::Validation) }];
    let now = text(&samples, &settings(OTHERS), Versions::FIRST);
    assert_eq!(
        ContentHash::of(now.as_bytes()).to_string(),
        "d39f0532afc9bf6b49ca761b24d1cedc3511bdeca29c1357186fe222b160948c",
        "after an upgrade every dataset would be trained once more, for nothing. If a field is new, leave its line out at \
         the value that does what was done before; if what the program computes has changed, raise PIXELS or FEATURES \
         instead; else write the text as it was. It is now:\n{now}"
    );
}

#[test]
fn models_from_before_fields_had_names_are_recognised() {
    let samples = [sample("1", "a", Split::Train), sample("2", "b", Split::Validation)];
    assert_eq!(
        legacy::job_hash(&samples, &settings(OTHERS)).to_string(),
        "827501b4607c5e5426969b2cd871bf78f7a34c8e0c2eababf1137f218646251c",
        "models of older versions would be trained once more. Where settings have a new field, print them here as they \
         were without it"
    );
}
