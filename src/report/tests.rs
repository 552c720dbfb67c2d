//! A report as its reader and its scripts meet it.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use super::*;
use crate::disk::Workspace;
use crate::domain::{
    Assessment, BackboneRecord, ClassCount, ClassMap, ClassName, ContentHash, CurrentClasses, DatasetName, Decision,
    EpochRecord, Evidence, ExplanationStatus, HeadRecord, MapBenchmark, MapCheck, MapFigure, MapFigures, MapMethod,
    MapScore, Misclassified, ModelRecord, Neighbour, Perturbation, Resize, RunId, ShortcutAudit, StopReason,
    TrainingDistance,
};
use crate::imaging::{DecodeOptions, Phantom, PhantomClass, Picture, decode};
use crate::stats::{Activation, Confusion, Estimate, Paired, Predictions};

mod cautions;
mod dataset;
mod gallery;
mod names;
mod results;
mod tested;

/// Nothing is known of the classes that datasets have now.
const UNKNOWN: CurrentClasses = CurrentClasses::new();

fn made(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_900_000 + seconds)
}

fn class(name: &str) -> ClassName {
    ClassName::new(name).unwrap()
}

fn model(classes: [&str; 2]) -> ModelRecord {
    let mut confusion = Confusion::new(2);
    for (truth, predicted, n) in [(0, 0, 9), (0, 1, 1), (1, 0, 2), (1, 1, 8)] {
        (0..n).for_each(|_| confusion.count(truth, predicted));
    }
    let counts = classes.map(|name| (class(name), ClassCount { train: 38, validation: 10, test: 0 }));
    ModelRecord {
        schema: ModelRecord::SCHEMA.to_owned(),
        run_id: RunId::new("0003-1f2e3d4c").unwrap(),
        dataset: DatasetName::new("phantoms").unwrap(),
        classes: classes.map(class).to_vec(),
        backbone: "VGG16 (built-in, seed 1: generated, not trained on photographs)".to_owned(),
        backbone_detail: BackboneRecord {
            sha256: ContentHash::of(b"backbone"),
            origin: "built-in".to_owned(),
            preprocessing: "imagenet".to_owned(),
            input_side: 224,
            resize: Resize::AntialiasFast,
        },
        like: None,
        map_check: Some(MapCheck {
            n_images: 20,
            n_heads: 5,
            correlation: [(MapMethod::GradCam, 0.625), (MapMethod::HiresCam, -0.031_25)].into(),
            between_images: [(MapMethod::GradCam, 0.25), (MapMethod::HiresCam, 0.75)].into(),
        }),
        removed: None,
        training_features: None,
        head: HeadRecord {
            file: "head.safetensors".to_owned(),
            sha256: ContentHash::of(b"head"),
            activation: Activation::Sigmoid,
        },
        val_accuracy: 0.85,
        val_binary_accuracy: 0.85,
        val_loss: 0.4,
        confusion,
        assessment: Some(assessment(classes)),
        shortcuts: Some(ShortcutAudit::example()),
        test: None,
        epoch: 4,
        epochs_run: 7,
        stopped: StopReason::EarlyStopping,
        counts: counts.into_iter().collect(),
        copies: 304,
        augmentation: serde_json::json!({
            "mode": "expand", "preset": "chest-xray", "beyond_preset": ["horizontal_flip"],
        }),
        data_warnings: Vec::new(),
        unread: Vec::new(),
        data_hash: ContentHash::of(b"data"),
        job_hash: ContentHash::of(b"job"),
        versions: None,
        scaled_jpeg: false,
        seed: 1,
        program: "gradwatch VERSION".to_owned(),
        created: "2025-11-23T09:30:00Z".to_owned(),
        train_seconds: Some(12.0),
    }
}

fn assessment(classes: [&str; 2]) -> Assessment {
    let answers: [(f64, usize, usize); 4] = [(2.0, 0, 9), (-1.0, 0, 1), (0.5, 1, 2), (-3.0, 1, 8)];
    let each = answers.iter().flat_map(|(z, label, n)| (0..*n).map(move |_| (vec![*z, -z], *label)));
    let (logits, labels) = each.unzip();
    let predictions = Predictions { activation: Activation::Sigmoid, logits, labels };
    let mut turn = 0;
    Assessment::of(&predictions, &classes.map(class), &mut |n| {
        turn += 7;
        turn % n
    })
}

/// A map with one hot place.
fn map(row: usize, column: usize) -> ClassMap {
    let heat = |i: usize| {
        let (dy, dx) = ((i / 14).abs_diff(row) as f32, (i % 14).abs_diff(column) as f32);
        (-(dx * dx + dy * dy) / 6.0).exp()
    };
    let grad_cam: Vec<f32> = (0..196).map(heat).collect();
    let scaled = |by: f32| grad_cam.iter().map(|v| v * by).collect();
    let hires_cam = grad_cam.iter().map(|v| v - 0.1).collect();
    ClassMap { side: 14, grad_cam: scaled(3.5), hires_cam, grad_cam_plus_plus: scaled(0.5), layer_cam: scaled(2.0) }
}

fn figures() -> MapFigures {
    let figure = |outside| MapFigure { peak: 3.5, outside_centre: Some(outside), ..MapFigure::default() };
    let perturbation = Some(Perturbation { deletion_auc: 0.25, insertion_auc: 0.75 });
    let hires = MapFigure { completeness_residual: Some(-2.5e-7), ..figure(0.125) };
    let none = MapFigure { peak: 0.0, outside_centre: None, ..figure(0.0) };
    let maps = [
        (MapMethod::GradCam, MapFigure { perturbation, ..figure(0.375) }),
        (MapMethod::HiresCam, hires),
        (MapMethod::LayerCam, none),
    ];
    MapFigures { agreement: Some(0.625), maps: maps.into_iter().collect() }
}

fn explanation(name: &str, classes: [&str; 2]) -> Explanation {
    Explanation {
        name: name.to_owned(),
        hash: ContentHash::of(name.as_bytes()),
        image: radiograph().facts(),
        dataset: DatasetName::new("phantoms").unwrap(),
        model: RunId::new("0003-1f2e3d4c").unwrap(),
        classes: classes.map(class).to_vec(),
        logits: vec![1.75, -2.5],
        scores: vec![0.851_952_8, 0.075_858_18],
        predicted: 0,
        status: ExplanationStatus::Clear,
        maps: vec![map(5, 4), map(10, 7)],
        training_distance: Some(TrainingDistance { distance: 5.25, limit: 8.5 }),
        neighbours: neighbours(classes),
        feature_position: Some([1.5, -0.25]),
        method: MapMethod::GradCam,
        figures: figures(),
        warnings: vec!["The backbone is the built-in one.".to_owned()],
    }
}

/// Three, two of which are of the first class.
fn neighbours(classes: [&str; 2]) -> Vec<Neighbour> {
    let neighbour = |(image, class_name, distance): (&str, &str, f64)| Neighbour {
        image: ContentHash::of(image.as_bytes()),
        class: class(class_name),
        distance,
    };
    [("a", classes[0], 4.5), ("b", classes[1], 5.25), ("c", classes[0], 6.0)].map(neighbour).to_vec()
}

static SCAN: LazyLock<Picture> = LazyLock::new(|| Phantom { class: PhantomClass::Patchy, seed: 3 }.image().picture);

fn radiograph() -> Picture {
    SCAN.clone()
}

/// Writes the report of the scan `name` below `reports`, as the service does; returns its folder.
fn report(reports: &Path, name: &str, classes: [&str; 2], seconds: u64) -> String {
    let explanation = explanation(name, classes);
    let folder = Workspace::report_name(&explanation.dataset, explanation.stem(), &explanation.hash);
    write(&reports.join(&folder), &scan_report(&explanation, &model(classes)), made(seconds), None).unwrap();
    folder
}

/// Of [`radiograph`], without images of its neighbours.
fn scan_report<'a>(explanation: &'a Explanation, model: &'a ModelRecord) -> ScanReport<'a> {
    ScanReport { explanation, model, picture: &SCAN, neighbours: &[], is_of_service: true }
}

/// What a reader sees of a page, one line an element.
fn text_of(html: &str) -> String {
    let body = &html[html.find("<body>").unwrap()..html.find("<script").unwrap()];
    let mut text = String::new();
    for part in body.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap();
        let inline = ["bdi", "/bdi", "strong", "/strong", "code", "/code", "span", "/span"]
            .contains(&tag.split(' ').next().unwrap());
        if !inline && !text.ends_with('\n') {
            text.push('\n');
        }
        text += words;
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_report_is_four_files_and_a_page_and_pictures_have_the_scans_size() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(report(dir.path(), "scan 12.png", ["patchy", "plain"], 0));
    assert!(folder.ends_with(format!("phantoms/scan 12-{}", ContentHash::of(b"scan 12.png").short())));
    let limits = DecodeOptions { max_side: 1000, max_pixels: 1_000_000, background: 0, least_side: None, frame: 1 };
    for name in ["heatmap.png", "overlay.png"] {
        let picture = decode(&fs::read(folder.join(name)).unwrap(), &limits).unwrap();
        assert_eq!((picture.width(), picture.height()), (320, 384), "{name}");
    }
    let files = ["heatmap.png", "overlay.png", "report.html", "report.json", "thumb.jpg"];
    assert!(files.iter().all(|name| folder.join(name).is_file()));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), files.len());
}

#[test]
fn the_record_has_the_keys_that_scripts_rely_on() {
    let dir = tempfile::tempdir().unwrap();
    let folder = report(dir.path(), "scan 12.png", ["patchy", "plain"], 0);
    let json = fs::read_to_string(dir.path().join(folder).join("report.json")).unwrap();
    insta::assert_snapshot!(json.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn the_page_says_everything_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let folder = report(dir.path(), "scan 12.png", ["patchy", "plain"], 0);
    let text = text_of(&fs::read_to_string(dir.path().join(folder).join("report.html")).unwrap());
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let folder = report(dir.path(), "scan.png", ["patchy", "plain"], 0);
    let html = fs::read_to_string(dir.path().join(folder).join("report.html")).unwrap();
    let outside: Vec<_> = html.split(['"', '\'']).filter(|text| text.contains("://")).collect();
    assert_eq!(outside, Vec::<&str>::new());
    for attribute in ["href=\"", "src=\""] {
        let addresses = html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap());
        addresses.for_each(|a| assert!(a.starts_with("data:image/") || !a.contains(':'), "{a:.40}"));
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn an_explanation_of_another_model_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let check = |change: fn(&mut Explanation), what: &str| {
        let mut explanation = explanation("scan.png", ["patchy", "plain"]);
        change(&mut explanation);
        let model = model(["patchy", "plain"]);
        let error = write(dir.path(), &scan_report(&explanation, &model), made(0), None).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    };
    check(|e| e.model = RunId::new("0001-x").unwrap(), "another model");
    check(|e| e.classes.swap(0, 1), "another model");
    check(|e| drop(e.maps.pop()), "maps are missing");
    check(|e| e.predicted = 2, "no class is predicted");
    check(|e| e.maps[0].grad_cam.clear(), "a map lacks cells");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn many_classes_show_the_greatest_and_no_more_maps_than_fit() {
    let names: Vec<String> = (0..15).map(|n| format!("class {n}")).collect();
    let mut explanation = explanation("scan.png", ["a", "b"]);
    explanation.classes = names.iter().map(|name| class(name)).collect();
    explanation.logits = (0..15).map(|n| f64::from(n) - 4.0).collect();
    explanation.scores = vec![0.5; 15];
    explanation.maps = (0..15).map(|n| map(n % 14, n % 14)).collect();
    explanation.predicted = 14;
    let mut model = model(["a", "b"]);
    model.classes.clone_from(&explanation.classes);
    model.confusion = Confusion::new(15);
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &scan_report(&explanation, &model), made(0), None).unwrap();
    let html = fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert_eq!(html.matches("type=\"radio\"").count(), 12);
    assert!(
        html.contains("the 12 highest-scoring of 15 classes")
            && html.contains("Not measured: the model was not trained here")
    );
}

/// Writes the page of the run whose second class has this name; its second image, a mistake, is called so as well.
fn run_page(folder: &Path, name: &str, picture: Result<&Picture, &str>) -> String {
    let model = model(["patchy", name]);
    let predictions = Predictions {
        activation: Activation::Sigmoid,
        logits: vec![vec![2.0, -2.0], vec![1.5, -1.0], vec![-3.0, 2.5], vec![0.2, -0.1]],
        labels: vec![0, 1, 1, 0],
    };
    let epoch = |epoch: u32, loss: f64| EpochRecord {
        epoch,
        loss,
        accuracy: 0.8,
        val_loss: 1.1 * loss,
        val_accuracy: 0.75,
        val_binary_accuracy: 0.75,
        saved: epoch == 1,
    };
    let decision = Decision {
        dataset: model.dataset.clone(),
        run_id: model.run_id.clone(),
        promoted: true,
        previous: None,
        n_validation: 4,
        candidate_correct: 3,
        previous_correct: None,
        paired: None,
        reason: "it is the first model of this dataset".to_owned(),
        by_hand: false,
        at: "2025-11-23T09:30:00Z".to_owned(),
    };
    let names = ["a.png", name, "c.png", "d.png"].map(str::to_owned);
    let history = [epoch(1, 0.6), epoch(2, f64::NAN), epoch(3, 0.3)];
    let evidence = [3, 45]
        .map(|hot| Evidence { side: 7, cells: (0..49).map(|cell| if cell == hot { 2.5 } else { -0.1 }).collect() });
    let misclassified = [Misclassified { at: 1, image: picture.cloned().map_err(str::to_owned), evidence }];
    let page = RunReport {
        images: &[],
        model: &model,
        history: &history,
        predictions: &predictions,
        names: &names,
        misclassified: &misclassified,
        has_dataset_page: true,
        decision: &decision,
        ground_truth: Some(&ground_truth()),
    };
    write_run(folder, &page).unwrap();
    fs::read_to_string(folder.join("report.html")).unwrap()
}

fn ground_truth() -> MapBenchmark {
    let estimate = |hits| Estimate::proportion((hits, 100)).unwrap();
    let score = |(method, hits, inside)| MapScore { method, pointing: estimate(hits), inside };
    MapBenchmark {
        n_images: 100,
        recognised: estimate(98),
        painted: 0.0625,
        methods: [(MapMethod::GradCam, 51, 0.103), (MapMethod::HiresCam, 85, 0.23)].map(score).to_vec(),
        hires_cam_or_grad_cam: Paired { only_first: 40, only_second: 6, p_value: 1e-6 },
    }
}

#[test]
fn a_runs_page_says_everything_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let page = run_page(dir.path(), "plain", Ok(&radiograph()));
    assert!(page.contains("unsafe for the labels: horizontal_flip."), "what is unsafe is said");
    insta::assert_snapshot!(text_of(&page));
    assert_eq!(page.matches("<figure class=\"plot\"").count(), 5);
    let pictures: Vec<_> = page.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(pictures.len(), 4, "the mistake, two maps over it, the colour map");
    assert!(pictures.iter().all(|address| address.starts_with("data:image/jpeg;base64,")), "nothing from elsewhere");
    assert!(!page.contains("url(") && pictures[1..].iter().map(|address| address.len()).sum::<usize>() < 40_000);
    assert_eq!(page, run_page(dir.path(), "plain", Ok(&radiograph())));
}

#[test]
fn a_mistake_whose_file_is_gone_says_so_in_place_of_its_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let page = run_page(dir.path(), "plain", Err("cannot be read: <gone>"));
    assert!(page.contains("Image not available: cannot be read: &lt;gone&gt;.") && !page.contains("<figure><img"));
}

#[test]
fn hostile_names_stay_text_on_a_runs_page() {
    let dir = tempfile::tempdir().unwrap();
    let page = run_page(dir.path(), "\"><script>alert(1)<|script>", Ok(&radiograph()));
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
}
