//! Scores, what they amount to, and what is warned of, from activations and weights made by hand.

use std::collections::BTreeMap;

use super::*;
use crate::domain::vgg16::{GRID_SIDE, N_CHANNELS, N_FEATURES, POOL_SIDE};
use crate::domain::{
    BackboneRecord, ClassCount, ClassName, DatasetName, HeadRecord, LedgerEvent, MapCheck, Resize, RunId, Sample,
    ShortcutAudit, StopReason,
};
use crate::imaging::Pixels;
use crate::stats::{Activation, Confusion};

const CLASSES: [&str; 2] = ["patchy", "plain"];

fn class(name: &str) -> ClassName {
    ClassName::new(name).unwrap()
}

/// A layer that looks at the first channel alone, with one weight a class.
fn layer(activation: Activation, weights: [f32; 2], bias: [f32; 2]) -> Head {
    let of_class = |weight: f32| (0..N_FEATURES).map(move |i| if i < POOL_SIDE * POOL_SIDE { weight } else { 0.0 });
    let weight = weights.into_iter().flat_map(of_class).collect();
    Head::new(CLASSES.map(class).to_vec(), activation, weight, bias.to_vec()).unwrap()
}

fn head(weights: [f32; 2], bias: [f32; 2]) -> Head {
    layer(Activation::Sigmoid, weights, bias)
}

/// One place of the first channel is 1, in row 4 and column 9 of the grid; everything else is silent.
fn activations() -> Activations {
    let (mut conv5_3, mut pool5) = (vec![0.0; N_CHANNELS * GRID_SIDE * GRID_SIDE], vec![0.0; N_FEATURES]);
    conv5_3[4 * GRID_SIDE + 9] = 1.0;
    pool5[2 * POOL_SIDE + 4] = 1.0;
    Activations { conv5_3, pool5 }
}

fn picture(width: u32, height: u32) -> Picture {
    let data = (0..width * height).map(|i| (i % width % 100) as u8).collect();
    Picture::new(width, height, 1, Pixels::U8(data)).unwrap()
}

fn model(right: u64, wrong: u64, origin: &str) -> ModelRecord {
    let mut confusion = Confusion::new(2);
    (0..right).for_each(|n| confusion.count(n as usize % 2, n as usize % 2));
    (0..wrong).for_each(|_| confusion.count(0, 1));
    let hash = ContentHash::of(b"x");
    ModelRecord {
        schema: ModelRecord::SCHEMA.to_owned(),
        run_id: RunId::new("0001-abcdef01").unwrap(),
        dataset: DatasetName::new("phantoms").unwrap(),
        classes: CLASSES.map(class).to_vec(),
        backbone: "VGG16".to_owned(),
        backbone_detail: BackboneRecord {
            sha256: hash,
            origin: origin.to_owned(),
            preprocessing: "imagenet".to_owned(),
            input_side: 224,
            resize: Resize::AntialiasFast,
        },
        like: None,
        removed: None,
        training_features: None,
        head: HeadRecord { file: "head.safetensors".to_owned(), sha256: hash, activation: Activation::Sigmoid },
        val_accuracy: confusion.accuracy(),
        val_binary_accuracy: confusion.accuracy(),
        val_loss: 0.1,
        confusion,
        assessment: None,
        shortcuts: None,
        map_check: None,
        test: None,
        epoch: 1,
        epochs_run: 1,
        stopped: StopReason::MaxEpochs,
        counts: CLASSES.map(|name| (class(name), ClassCount::default())).into_iter().collect(),
        copies: 0,
        augmentation: serde_json::Value::Null,
        data_warnings: Vec::new(),
        unread: Vec::new(),
        data_hash: hash,
        job_hash: hash,
        versions: None,
        scaled_jpeg: false,
        seed: 1,
        program: "gradwatch 0.1.0".to_owned(),
        created: "2025-01-01T00:00:00Z".to_owned(),
        train_seconds: Some(1.0),
    }
}

/// By Grad-CAM, without features of training images.
fn try_explained(
    picture: &Picture,
    activations: &Activations,
    head: &Head,
    model: (&ModelRecord, Option<&Ledger>),
) -> Result<Explanation, ExplainError> {
    explain("scan.png", ContentHash::of(b"scan"), picture, activations, (head, None, MapMethod::GradCam), model)
}

fn explained(picture: &Picture, head: &Head, model: &ModelRecord) -> Explanation {
    try_explained(picture, &activations(), head, (model, None)).unwrap()
}

/// A radiograph, a model and a file of weights that nothing is to be said against.
fn good() -> (Picture, Head, ModelRecord) {
    (picture(300, 400), head([2.0, -3.0], [0.0, 0.0]), model(98, 2, "file"))
}

#[test]
fn scores_are_the_sigmoids_and_the_map_peaks_where_the_activation_is() {
    let (picture, head, model) = good();
    let explanation = explained(&picture, &head, &model);
    assert_eq!(explanation.logits, [2.0, -3.0]);
    assert!((explanation.scores[0] - 0.880_797).abs() < 1e-6 && (explanation.scores[1] - 0.047_426).abs() < 1e-6);
    assert_eq!((explanation.predicted, explanation.status), (0, ExplanationStatus::Clear));
    let map = &explanation.maps[0];
    let hottest = map.drawn(explanation.method).rectified().iter().position(|cell| *cell >= 1.0);
    assert_eq!(hottest, Some(4 * GRID_SIDE + 9));
    assert_eq!((explanation.stem(), explanation.image.width), ("scan", 300));
    assert!(explanation.warnings.is_empty(), "{:?}", explanation.warnings);
}

#[test]
fn the_status_tells_one_two_and_no_class_above_one_half() {
    let (picture, _, model) = good();
    for (weights, predicted, status) in [
        ([1.0, -1.0], 0, ExplanationStatus::Clear),
        ([-1.0, 40.0], 1, ExplanationStatus::Clear),
        ([1.0, 2.0], 1, ExplanationStatus::Ambiguous),
        ([-2.0, -1.0], 1, ExplanationStatus::Neither),
        ([0.0, 0.0], 0, ExplanationStatus::Neither),
    ] {
        let explanation = explained(&picture, &head(weights, [0.0, 0.0]), &model);
        assert_eq!((explanation.predicted, explanation.status), (predicted, status), "{weights:?}");
    }
}

#[test]
fn saturated_logits_and_maps_without_evidence_are_explained_and_never_no_number() {
    let (picture, _, model) = good();
    for (weights, score) in [([80.0, -80.0], 1.0), ([-80.0, -90.0], 0.0), ([0.0, 0.0], 0.5)] {
        let explanation = explained(&picture, &head(weights, [0.0, 0.0]), &model);
        let figures = &explanation.figures;
        assert!((explanation.scores[0] - score).abs() < 1e-12, "{weights:?}: {:?}", explanation.scores);
        let has_heat = weights[0] > 0.0;
        assert_eq!(figures.agreement.is_some(), has_heat, "{weights:?}: {figures:?}");
        for method in MapMethod::ALL {
            let figure = &figures.maps[&method];
            assert_eq!((figure.peak > 0.0, figure.outside_centre.is_some()), (has_heat, has_heat), "{method}");
            let map = &explanation.maps[0];
            let all = map.cells(method).iter().copied().chain(map.drawn(method).rectified());
            assert!(all.into_iter().all(f32::is_finite), "{weights:?}: {method}");
        }
        let says_so = explanation.warnings.iter().any(|warning| warning.contains("no region that supports"));
        assert_eq!(says_so, !has_heat, "{:?}", explanation.warnings);
    }
}

#[test]
fn maps_that_share_little_heat_are_warned_of() {
    let (picture, head, model) = good();
    let mut explanation = explained(&picture, &head, &model);
    explanation.figures.agreement = Some(0.3);
    let said = warnings::of(&explanation, &model, None);
    let advised = |said: &[String]| said.iter().any(|warning| warning.contains("Rely on HiResCAM"));
    assert!(said.iter().any(|warning| warning.contains("only 30 % of their heat in common")), "{said:?}");
    assert!(advised(&said));

    let correlation = BTreeMap::from([(MapMethod::HiresCam, 0.7)]);
    let model = ModelRecord {
        map_check: Some(MapCheck { n_images: 20, n_heads: 5, correlation, between_images: BTreeMap::new() }),
        ..model
    };
    let said = warnings::of(&explanation, &model, None);
    assert!(
        said.iter().any(|warning| warning.starts_with("Heat maps: maps of HiResCAM are much the same")),
        "{said:?}"
    );
    assert!(!advised(&said), "it would look the same if nothing had been learned");
}

#[test]
fn an_answer_that_is_no_class_any_more_is_warned_of_before_all_else() {
    let (picture, head, model) = good();
    let warnings = |current: &[&str]| {
        let ledger = ledger(current);
        let model = (&model, Some(&ledger));
        try_explained(&picture, &activations(), &head, model).unwrap().warnings
    };
    let [first, second] = [0, 1].map(|at| model.classes[at].as_str());
    assert!(warnings(&[first, second, "third"]).is_empty() && warnings(&[first]).is_empty());
    assert!(warnings(&[second])[0].starts_with(&format!("The dataset no longer has the class {first};")));
}

/// Explained with the two nearest of three training images, whose first channels have these means (the scan's is 1/49) and which have the
/// first, first and second label; five more images set the limit.
fn compared(learned: [f32; 3], validated: f32, ledger: Option<&Ledger>) -> Explanation {
    let (picture, head, mut model) = good();
    let image = |first: f32| (0..N_CHANNELS).map(|channel| if channel == 0 { first } else { 0.0 }).collect::<Vec<_>>();
    let classes = [0, 0, 1].into_iter().enumerate();
    let images: Vec<_> = classes.map(|(at, class)| LearnedImage { hash: learned_hash(at), class }).collect();
    let (record, bytes) =
        TrainingFeatures::to_bytes(&images, &learned.map(image), &[validated; 5].map(image)).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(&record.file), bytes).unwrap();
    let features = TrainingFeatures::load(folder.path(), &record).unwrap();
    model.training_features = Some(record);
    let known = TrainingComparison { features: &features, is_measured: true, n_neighbours: 2 };
    let by = (&head, Some(known), MapMethod::GradCam);
    explain("scan.png", ContentHash::of(b"scan"), &picture, &activations(), by, (&model, ledger)).unwrap()
}

fn learned_hash(at: usize) -> ContentHash {
    ContentHash::of(&[at as u8])
}

/// Where the model's dataset has an image of each of these labels, the first with the content of the first training image.
fn ledger(labels: &[&str]) -> Ledger {
    let mut ledger = Ledger::default();
    for (at, label) in labels.iter().enumerate() {
        let example = Sample::example("a", label);
        ledger.apply(&LedgerEvent::Sample(Sample { dataset: good().2.dataset, hash: learned_hash(at), ..example }));
    }
    ledger
}

#[test]
fn a_scan_that_is_unlike_the_training_images_is_warned_of() {
    let like = compared([0.01, 0.02, 0.03], 0.025, None);
    assert!(!like.training_distance.unwrap().is_unlike() && like.warnings.is_empty(), "{:?}", like.warnings);
    let unlike = compared([1.01, 1.02, 1.03], 1.025, None);
    assert!(unlike.training_distance.unwrap().is_unlike());
    assert!(unlike.warnings[0].starts_with("Unlike the training images: "), "{:?}", unlike.warnings);
}

#[test]
fn the_nearest_training_images_have_their_labels_of_today_and_those_that_are_gone_are_left_out() {
    let named = |explanation: &Explanation| -> Vec<_> {
        explanation.neighbours.iter().map(|it| (it.image, it.class.to_string())).collect()
    };
    let [patchy, plain] = CLASSES.map(str::to_owned);
    let [first, second, third] = [0, 1, 2].map(learned_hash);
    let learned = compared([0.01, 0.02, 0.022], 0.025, None);
    assert_eq!(named(&learned), [(second, patchy), (third, plain.clone())]);
    assert!(learned.neighbours.is_sorted_by(|a, b| a.distance <= b.distance) && learned.warnings.is_empty());
    // The third is gone, and two have another label now.
    let other = compared([0.01, 0.02, 0.022], 0.025, Some(&ledger(&["plain", "plain"])));
    assert_eq!(named(&other), [(second, plain.clone()), (first, plain)]);
    let warned = "2 of the 2 nearest training images have the label plain, and the model predicts patchy: ";
    assert!(other.warnings.iter().any(|warning| warning.starts_with(warned)), "{:?}", other.warnings);
}

#[test]
fn a_softmax_shares_out_one_and_its_maps_stay_those_of_the_logits() {
    let (picture, sigmoid, mut model) = good();
    let softmax = layer(Activation::Softmax, [2.0, -3.0], [0.0, 0.0]);
    assert!(try_explained(&picture, &activations(), &softmax, (&model, None)).is_err(), "another record");
    let of_sigmoid = explained(&picture, &sigmoid, &model);
    model.head.activation = Activation::Softmax;
    let explanation = explained(&picture, &softmax, &model);
    assert!((explanation.scores.iter().sum::<f64>() - 1.0).abs() < 1e-12 && explanation.scores[0] > 0.99);
    assert_eq!((explanation.logits, explanation.maps), (of_sigmoid.logits, of_sigmoid.maps));
    let two = explained(&picture, &layer(Activation::Softmax, [1.0, 2.0], [0.0, 0.0]), &model);
    assert_eq!((two.predicted, two.status), (1, ExplanationStatus::Clear));
}

#[test]
fn every_doubt_has_its_sentence() {
    let check = |picture: &Picture, head: &Head, model: &ModelRecord, words: &[&str]| {
        let warnings = explained(picture, head, model).warnings;
        assert_eq!(warnings.len(), words.len(), "{warnings:?}");
        for (warning, word) in warnings.iter().zip(words) {
            assert!(warning.contains(word) && warning.ends_with('.'), "{word}: {warning}");
        }
    };
    let (scan, sure, proven) = good();
    check(&scan, &head([1.0, 2.0], [0.0, 0.0]), &proven, &["more than one class scores above 0.5"]);
    check(&scan, &head([-1.0, -2.0], [0.5, 0.0]), &proven, &["No class scores", "no region that supports patchy"]);
    check(&picture(90, 111), &sure, &proven, &["only 90 x 111 pixels"]);
    check(&picture(500, 200), &sure, &proven, &["far from square"]);
    check(
        &scan,
        &sure,
        &model(24, 8, "file"),
        &["0.750 (24 of 32 validation images), 95 % confidence interval 0.579 to 0.867."],
    );
    check(&scan, &sure, &model(10, 0, "file"), &["evaluated on only 10 images"]);
    check(&scan, &sure, &model(0, 0, "file"), &["has not been measured"]);
    check(&scan, &sure, &model(98, 2, "built-in"), &["built-in"]);
    let shortcuts = Some(ShortcutAudit::example());
    check(&scan, &sure, &ModelRecord { shortcuts, ..proven }, &["Possible shortcut: the model classifies 18 of 20"]);
}

#[test]
fn a_small_scan_is_one_below_half_of_what_its_model_s_network_takes() {
    let (_, head, mut model) = good();
    for (side, (width, height)) in [(150, (74, 90)), (224, (111, 150)), (600, (300, 299))] {
        model.backbone_detail.input_side = side;
        let warnings = explained(&picture(width, height), &head, &model).warnings;
        let text =
            format!("only {width} x {height} pixels and was enlarged to the network's input of {side} x {side}:");
        assert!(warnings.len() == 1 && warnings[0].contains(&text), "{warnings:?}");
        let warnings = explained(&picture(side / 2, side / 2), &head, &model).warnings;
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

#[test]
fn a_blank_scan_is_no_clear_answer_whatever_it_scores() {
    let (_, head, model) = good();
    for level in [0, 90, 255] {
        let blank = Picture::new(300, 400, 1, Pixels::U8(vec![level; 120_000])).unwrap();
        let explanation = explained(&blank, &head, &model);
        assert_eq!((explanation.status, explanation.predicted), (ExplanationStatus::Blank, 0));
        assert!(explanation.warnings[0].starts_with("No image content"), "{:?}", explanation.warnings);
    }
}

#[test]
fn a_layer_of_other_classes_and_a_score_that_is_no_number_are_refused() {
    let (picture, head, mut model) = good();
    let mut activations = activations();
    activations.pool5[0] = f32::NAN;
    let error = try_explained(&picture, &activations, &head, (&model, None)).unwrap_err().to_string();
    assert!(error.starts_with("`scan.png`: a score of model 0001-abcdef01 is not a number"), "{error}");
    model.classes.swap(0, 1);
    let error = try_explained(&picture, &activations, &head, (&model, None)).unwrap_err().to_string();
    assert!(error.contains("list different classes"), "{error}");
}
