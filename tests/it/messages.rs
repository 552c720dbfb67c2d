//! Every mistake gets one line that says what, where, and what to do; pinned here, with its exit code.

use std::fs;

use crate::bed::TestBed;
use crate::pictures::{self, Look};

/// The exit code and stderr of one mistake, with the bed's own path removed.
fn message(bed: &TestBed, args: &[&str]) -> String {
    let ran = bed.run(args);
    assert_ne!(ran.code, 0, "{args:?} is a mistake\n{}", ran.stdout);
    assert_eq!(ran.stdout, "", "a mistake is reported on stderr");
    assert_eq!(ran.stderr.lines().count(), 1, "one line: {}", ran.stderr);
    let place = bed.path("").to_str().unwrap().trim_end_matches('/').to_owned();
    format!("$ gradwatch {}\n[{}] {}", args.join(" "), ran.code, ran.stderr.replace(&place, "BED"))
}

/// The messages of all of them, in one snapshot.
fn pin(name: &str, mistakes: &[&[&str]]) {
    let bed = TestBed::new();
    fs::create_dir_all(bed.path("inbox/datasets")).unwrap();
    fs::create_dir(bed.path("empty")).unwrap();
    bed.write("not.toml", "watch = [");
    bed.write("unknown.toml", "[watch]\ninbix = 'inbox'");
    let pictures = ["sided/train/disc/1", "sided/test/disc/2", "misread/test/patient/3", "misread/other/patient/4"];
    for (number, path) in (0..).zip(pictures) {
        bed.write(format!("{path}.png"), pictures::png(Look::Disc, number));
    }
    let messages = mistakes.iter().map(|args| message(&bed, args)).collect::<Vec<_>>().join("\n");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, messages) });
}

#[test]
fn arguments() {
    pin("arguments", &[&[], &["chekc"], &["check", "--sett=1"], &["check", "--set", "train"]]);
}

#[test]
fn configuration() {
    pin(
        "configuration",
        &[
            &["--config=absent.toml", "check"],
            &["--config=not.toml", "check"],
            &["--config=unknown.toml", "check"],
            &["check", "--set=train.max_epoch=3"],
            &["check", "--set=train.max_epochs=many"],
            &["check", "--set=train.max_epochs=0"],
            &["check", "--set=train.activation=relu"],
            &["check", "--set=train.early_stopping.baseline=high"],
            &["check", "--set=watch.settle=soon"],
            &["check", "--set=images.background=300"],
            &["check", "--set=images.scaled_jpeg=half"],
            &["check", "--set=images.dicom_frame=-1"],
            &["check", "--set=train.batch_size=0"],
            &["check", "--set=images.scaled_jpeg=true", "--set=augment.recipe.semantics=keras-2.9"],
            &["check", "--set=split.validation=1.5"],
            &["check", "--set=split.group_pattern=("],
            &["check", "--set=split.group_pattern=abc"],
            &["check", "--set=augment.preset=wild"],
            &["check", "--set=augment.format=gif"],
            &["check", "--set=augment.balance=min"],
            &["check", "--set=augment.jpeg_quality=0"],
            &["check", "--set=augment.recipe.rotate=3"],
            &["check", "--set=augment.recipe.zca_whitening=true"],
            &["check", "--set=augment.recipe.one_of=[[\"blur\"]]"],
            &["check", "--set=augment.preset=chest-xray", "--set=augment.recipe.horizontal_flip=0.5"],
            &["check", "--set=compute.device=gpu"],
            &["check", "--set=dataset.chest.train.max_epoch=3"],
            &["check", "--set=dataset.chest.train.max_epochs=0"],
            &["check", "--set=dataset.chest.augment.recipe.cval=3"],
            &["check", "--set=dataset.chest.watch.settle=1s"],
            &["check", "--set=dataset.chest=3"],
            &["check", "--set=dataset..hidden.train.seed=1"],
            &["check", "--set=storage.state_dir=inbox/state"],
            &["check", "--set=watch.inbox=state/inbox"],
        ],
    );
}

#[test]
fn environment() {
    let bed = TestBed::new();
    let mut command = bed.command(&["check"]);
    command.env("SOURCE_DATE_EPOCH", "yesterday");
    let ran = crate::bed::finish(command);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (78, "", 1), "{}", ran.stderr);
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(ran.stderr) });
}

#[test]
fn what_is_named() {
    pin(
        "what_is_named",
        &[
            &["explain"],
            &["explain", "absent.png"],
            &["explain", "not.toml"],
            &["explain", "--model=none", "not.toml"],
            &["models", "show", "none"],
            &["train", "absent"],
            &["train", "not.toml"],
            &["train", "inbox"],
            &["train", "inbox/datasets"],
            &["train", "empty"],
            &["train", "empty", "--ablate=flips"],
            &["train", "empty", "--ablate=augment"],
            &["augment", "absent", "out"],
            &["augment", "inbox", "out"],
            &["augment", "empty", "empty/out"],
            &["augment", "empty", "out"],
            &["augment", "empty", "out", "--preset=wild"],
            &["augment", "empty", "out", "--copies=1000"],
            &["preview", "absent.png"],
            &["run", "--once", "--set=watch.inbox=absent"],
        ],
    );
}

/// Quiet, because the work up to the mistake is logged as well.
#[test]
fn sides() {
    const QUIET: &str = "--set=log.level=error";
    pin(
        "sides",
        &[
            &["augment", "sided", "out", QUIET],
            &["train", "sided", QUIET],
            &["train", "misread", QUIET],
            &["train", "misread/test", QUIET],
        ],
    );
}

#[test]
fn surroundings() {
    pin(
        "surroundings",
        &[
            &["check", "--set=watch.inbox=absent"],
            &["check", "--set=storage.state_dir=config.toml"],
            &["check", "--set=backbone.weights=absent.safetensors"],
            &["check", "--set=compute.device=cpu", "--set=compute.precision=bf16"],
            &["run", "--once", "--set=compute.device=cpu", "--set=compute.precision=f16"],
            &["train", "sided", "--set=compute.device=cpu", "--set=compute.precision=f16"],
        ],
    );
}

#[test]
fn augmentation() {
    pin(
        "augmentation",
        &[
            &["augment", "absent", "copies"],
            &["augment", "empty", "copies"],
            &["augment", "empty", "empty/copies"],
            &["augment", "empty", "copies", "--copies=1000"],
            &["augment", "empty", "copies", "--preset=wild"],
            &["augment", "empty", "copies", "--size=1"],
        ],
    );
}
