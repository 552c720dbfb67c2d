//! Many models side by side: each explains with the network that it was made on, whatever is imported or configured later.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::bed::{Ran, TestBed};
use crate::pictures::{self, Look};

/// A bed with a weights folder of its own, in which the built-in backbone lies, and a dataset.
fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    let shared = fs::read_link(bed.state("weights")).unwrap();
    if shared.read_dir().unwrap().next().is_none() {
        let first = TestBed::new();
        first.drop_dataset(4);
        first.run(&["train", "inbox/datasets/shapes"]).ok();
    }
    fs::remove_file(bed.state("weights")).unwrap();
    fs::create_dir(bed.state("weights")).unwrap();
    for entry in shared.read_dir().unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), bed.state("weights").join(entry.file_name())).unwrap();
    }
    bed
}

fn built_in(bed: &TestBed) -> PathBuf {
    let mut files = bed.state("weights").read_dir().unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("built-in")).unwrap()
}

/// A VGG16 file in the bed: the built-in one with every third weight times `factor`.
fn other_weights(bed: &TestBed, name: &str, factor: f32) -> PathBuf {
    let mut bytes = fs::read(built_in(bed)).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for number in bytes[header..].as_chunks_mut::<4>().0.iter_mut().step_by(3) {
        *number = (f32::from_le_bytes(*number) * factor).to_le_bytes();
    }
    bed.write(name, bytes)
}

fn train(bed: &TestBed, more: &[&str]) -> Value {
    bed.run(&[&["train", "inbox/datasets/shapes", "--json"], more].concat()).ok().json()
}

fn scores(bed: &TestBed, run: &Value) -> Value {
    let explained = explain(bed, run).ok();
    explained.json()["scans"][0]["scores"].clone()
}

fn explain(bed: &TestBed, run: &Value) -> Ran {
    let run = run["run_id"].as_str().unwrap();
    bed.run(&["explain", "scan.png", "--model", run, "--out", "out", "--json"])
}

#[test]
fn each_model_is_explained_by_its_own_network_whatever_is_imported_later() {
    let bed = bed();
    bed.write("scan.png", pictures::png(Look::Disc, 77));
    let first = train(&bed, &[]);
    let before = scores(&bed, &first);

    let file = other_weights(&bed, "other.safetensors", 0.9);
    let said = bed.run(&["weights", "import", file.to_str().unwrap()]).ok().stdout;
    assert!(said.contains("Trainings of all datasets: backbone.weights = \"auto\" is other-"), "{said}");
    let second = train(&bed, &["--set=promotion.policy=always"]);
    assert_ne!(first["backbone_detail"]["sha256"], second["backbone_detail"]["sha256"]);
    assert_eq!(scores(&bed, &first), before, "its own network");

    // With two files to choose among, both go on, and a dataset with a model is trained on the network of its best one.
    let file = other_weights(&bed, "third.safetensors", 0.8);
    let said = bed.run(&["weights", "import", file.to_str().unwrap()]).ok().stdout;
    assert!(said.contains("cannot choose among several files (other-"), "{said}");
    assert!(bed.run(&["check"]).ok().stdout.contains("goes on with the weights of its best model"));
    let third = train(&bed, &["--set=train.seed=2"]);
    assert_eq!(third["backbone_detail"], second["backbone_detail"]);

    // By name, a new head is trained on the network of any model.
    let like = train(&bed, &["--like", first["run_id"].as_str().unwrap()]);
    assert_eq!((&like["backbone_detail"], &like["like"]), (&first["backbone_detail"], &first["run_id"]));

    // A dataset without a model waits, and everybody says what for.
    for look in Look::ALL {
        for number in 0..3 {
            bed.write(format!("inbox/datasets/new/{look}/{number}.png"), pictures::png(look, 500 + number));
        }
    }
    let checked = bed.run(&["check"]);
    assert_eq!(checked.code, 78, "{}", checked.stdout);
    assert!(checked.stderr.contains("names a file. Waiting: new"), "{}", checked.stderr);
    let ran = bed.run(&["run", "--once"]);
    assert!(ran.stderr.contains("several weights files in "), "{}", ran.stderr);
    assert!(!ran.stdout.contains("up to date"), "{}", ran.stdout);

    // Weights that are gone are named, and other models go on.
    let gone = fs::read_dir(bed.state("weights")).unwrap().map(|entry| entry.unwrap().path());
    let gone = gone.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("other-")).last().unwrap();
    fs::remove_file(gone).unwrap();
    let lost = explain(&bed, &second);
    assert_eq!(lost.code, 65, "{}", lost.stderr);
    let short = &second["backbone_detail"]["sha256"].as_str().unwrap()[..8];
    let message = format!("the model's VGG16 weights (SHA-256 {short}...) are not in ");
    assert!(lost.stderr.contains(&message), "{}", lost.stderr);
    assert_eq!(scores(&bed, &first), before);
}

#[test]
fn scans_of_several_datasets_are_explained_each_by_its_own_network_with_one_in_memory() {
    let bed = bed().set("compute.models_in_memory", "1");
    let built_in = format!("--set=backbone.weights={}", built_in(&bed).display());
    let first = train(&bed, &[&built_in]);
    let file = other_weights(&bed, "state/weights/other.safetensors", 0.9);
    let other = format!("--set=backbone.weights={}", file.display());
    let args = ["train", "inbox/datasets/shapes", "--dataset", "again", "--json", &other];
    let second = bed.run(&args).ok().json();
    for (dataset, number) in [("shapes", 1), ("again", 2), ("shapes", 3), ("again", 4)] {
        bed.write(format!("inbox/scans/{dataset}/{number}.png"), pictures::png(Look::Bars, 900 + number));
    }
    let ran = bed.run(&["run", "--once", "--json", &built_in]).ok();
    assert_eq!(ran.json()["done"]["scans_explained"], 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("Network unloaded"), "{}", ran.stderr);
    for (dataset, number, model) in [("shapes", 1, &first), ("again", 2, &second)] {
        let reports = fs::read_dir(bed.state("reports").join(dataset)).unwrap().map(|entry| entry.unwrap().path());
        let reports: Vec<PathBuf> = reports.filter(|path| path.join("report.json").exists()).collect();
        assert_eq!(reports.len(), 2, "{dataset}");
        fs::copy(bed.inbox(format!("scans/{dataset}/{number}.png")), bed.path("scan.png")).unwrap();
        let is_it = |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{number}-"));
        let report = fs::read(reports.iter().find(is_it).unwrap().join("report.json")).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        let weights = format!("--set=backbone.weights={}", file.display());
        let args = ["explain", "scan.png", "--dataset", dataset, "--out", "out", "--json", &weights];
        let alone = bed.run(&args).ok().json();
        assert_eq!((&report["model"], &report["scores"]), (&model["run_id"], &alone["scans"][0]["scores"]));
    }
}

/// A whole Keras model of full size with random weights: VGG16 for images of `side`, global average pooling, a hidden layer
/// and one sigmoid; one for images of any size rescales them. Written as Keras writes it where h5py is not installed, with
/// plain arrays.
fn keras_model(bed: &TestBed, name: &str, side: Option<u32>, seed: u32) -> String {
    let widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];
    let (mut layers, mut arrays) = (Vec::new(), Vec::new());
    let mut random = seed;
    let mut numbers = |n: usize, scale: f32| -> Vec<u8> {
        let mut number = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((random >> 8) as f32 / 8_388_608.0 - 1.0) * scale
        };
        (0..n).flat_map(|_| number().to_le_bytes()).collect()
    };
    let named = |class: &str, config: Value| serde_json::json!({ "class_name": class, "config": config });
    layers.push(named("InputLayer", serde_json::json!({ "name": "images", "batch_shape": [null, side, side, 3] })));
    if side.is_none() {
        layers.push(named("Rescaling", serde_json::json!({ "name": "levels", "scale": 1.0 / 255.0, "offset": 0.0 })));
    }
    for (number, width) in widths.into_iter().enumerate() {
        let inputs = if number == 0 { 3 } else { widths[number - 1] };
        let group = if number == 0 { "conv2d".to_owned() } else { format!("conv2d_{number}") };
        let scale = (6.0 / (9 * inputs) as f32).sqrt();
        arrays.push((format!("layers/{group}/vars/0"), vec![3, 3, inputs, width], numbers(9 * inputs * width, scale)));
        arrays.push((format!("layers/{group}/vars/1"), vec![width], numbers(width, 0.01)));
        let config = serde_json::json!({
            "name": format!("conv{number}"), "filters": width, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same",
            "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "activation": "relu", "use_bias": true,
        });
        layers.push(named("Conv2D", config));
        if [1, 3, 6, 9, 12].contains(&number) {
            let config = serde_json::json!({
                "name": format!("pool{number}"), "pool_size": [2, 2], "strides": [2, 2], "padding": "valid",
                "data_format": "channels_last",
            });
            layers.push(named("MaxPooling2D", config));
        }
    }
    let pooling = serde_json::json!({ "name": "average", "data_format": "channels_last", "keepdims": false });
    layers.push(named("GlobalAveragePooling2D", pooling));
    for (number, (inputs, units, activation)) in [(512, 8, "relu"), (8, 1, "sigmoid")].into_iter().enumerate() {
        let group = if number == 0 { "dense".to_owned() } else { format!("dense_{number}") };
        arrays.push((format!("layers/{group}/vars/0"), vec![inputs, units], numbers(inputs * units, 0.05)));
        arrays.push((format!("layers/{group}/vars/1"), vec![units], numbers(units, 0.01)));
        let config = serde_json::json!({ "name": group, "units": units, "activation": activation, "use_bias": true });
        layers.push(named("Dense", config));
    }
    let graph = named("Sequential", serde_json::json!({ "name": "notebook", "layers": layers }));
    let arrays = arrays.into_iter().map(|(name, shape, bytes)| (format!("{name}.npy"), npy(&shape, &bytes)));
    let weights = zipped(arrays.collect());
    let files =
        vec![("config.json".to_owned(), graph.to_string().into_bytes()), ("model.weights.npz".to_owned(), weights)];
    bed.write(name, zipped(files)).to_str().unwrap().to_owned()
}

/// NumPy's file of one array of f32.
fn npy(shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}\n", sides.join(", "));
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &len, header.as_bytes(), bytes].concat()
}

fn zipped(files: Vec<(String, Vec<u8>)>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        archive.start_file(name, stored).unwrap();
        std::io::Write::write_all(&mut archive, &bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_notebook_s_model_is_tried_on_the_images_of_today_and_every_comparison_with_it_is_marked() {
    let bed = bed();
    let file = keras_model(&bed, "notebook.keras", Some(150), 5);
    let import = ["models", "import", &file, "--dataset", "shapes", "--json", "--classes"];
    let wrong = bed.run(&[&import[..], &["bars, disc", "--input-side", "224"]].concat());
    assert_eq!(wrong.code, 64, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("the model takes images of 150x150 pixels"), "{}", wrong.stderr);
    let imported = bed.run(&[&import[..], &["disc , bars"]].concat()).ok().json();
    assert_eq!(
        imported["classes"],
        serde_json::json!(["bars", "disc"]),
        "trimmed, and in the order of all models here"
    );
    let backbone = &imported["backbone_detail"];
    assert_eq!((&backbone["input_side"], &backbone["resize"]), (&150.into(), &"nearest".into()));
    let check = &imported["check"];
    assert_eq!((&check["n_asked"], &check["n_images"], &check["n_unreadable"]), (&8.into(), &8.into(), &0.into()));
    assert_eq!(check["shown"].as_array().unwrap().len(), 4);

    // The other order of the classes, and another way to resize: the same scores, mirrored; and others.
    let mirrored = bed.run(&[&import[..], &["bars,disc"]].concat()).ok().json();
    let bilinear = bed.run(&[&import[..], &["disc,bars", "--resize", "bilinear"]].concat()).ok().json();
    let shown = |model: &Value| model["check"]["shown"].as_array().unwrap().clone();
    for (one, other) in shown(&imported).iter().zip(shown(&mirrored)) {
        assert_eq!((&one["scores"]["bars"], &one["image"]), (&other["scores"]["disc"], &other["image"]));
    }
    assert_ne!(shown(&imported), shown(&bilinear));
    assert_eq!(mirrored["check"]["n_right"].as_u64().unwrap() + check["n_right"].as_u64().unwrap(), 8);

    // What the model does itself is kept, and what it leaves open has to be named.
    let open = keras_model(&bed, "open.keras", None, 6);
    let import = |more: &[&str]| {
        let args = ["models", "import", &open, "--dataset", "open", "--json", "--classes", "bars,disc"];
        bed.run(&[&args[..], more].concat())
    };
    for (more, advice) in [
        (&[][..], "for example --input-side 224"),
        (&["--input-side", "96", "--preprocessing", "caffe"], "the model prepares images itself (rescale)"),
    ] {
        let refused = import(more);
        assert!(refused.code == 64 && refused.stderr.contains(advice), "{}", refused.stderr);
    }
    fs::rename(bed.inbox("datasets/shapes"), bed.inbox("datasets/open")).unwrap();
    let model = import(&["--input-side", "96", "--set=backbone.preprocessing=caffe"]).ok().json();
    fs::rename(bed.inbox("datasets/open"), bed.inbox("datasets/shapes")).unwrap();
    let backbone_detail = &model["backbone_detail"];
    assert_eq!((&backbone_detail["input_side"], &backbone_detail["preprocessing"]), (&96.into(), &"rescale".into()));
    assert!(shown(&model).iter().all(|one| one["scores"]["bars"].is_number()), "{model:#}");

    // It is the best model, and nobody knows what it learned from.
    let trained = train(&bed, &[]);
    let shown = bed.run(&["models", "show", trained["run_id"].as_str().unwrap()]).ok().stdout;
    assert!(shown.contains("was imported and may have learned from these images before"), "{shown}");
    let shown = bed.run(&["models", "show", imported["run_id"].as_str().unwrap()]).ok().stdout;
    assert!(
        shown.contains("images resized to 150x150 (nearest)") && shown.contains("accuracy    not measured"),
        "{shown}"
    );

    // Its convolutions are of use for a head that is made here.
    let like = train(&bed, &["--like", imported["run_id"].as_str().unwrap(), "--set=train.seed=3"]);
    assert_eq!((&like["backbone_detail"]["sha256"], &like["like"]), (&backbone["sha256"], &imported["run_id"]));
    assert_eq!(like["backbone_detail"]["input_side"], 224);
}
