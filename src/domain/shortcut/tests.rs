//! Shortcuts that are there are found, and none is found where there is none.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{ContentHash, ModelRecord, Sample};

/// Numbers that look random.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn facts(format: &str, width: u32, height: u32, colour: &str) -> ImageFacts {
    ImageFacts { width, height, format: format.to_owned(), colour: colour.to_owned(), ..ImageFacts::example() }
}

/// An image of any size and border, in one format.
fn plain(noise: &mut Noise) -> NonContentFacts {
    let (width, height) = (500 + noise.below(1500) as u32, 500 + noise.below(1500) as u32);
    let border = Border::new(std::array::from_fn(|_| 60 + noise.below(80) as u8));
    NonContentFacts { file: facts("png", width, height, "grey8"), border: Some(border), dicom: None }
}

/// `n` images of each of `n_classes`, changed by `mark`, a function of the class.
fn images(
    n: usize,
    n_classes: usize,
    seed: u64,
    mark: impl Fn(usize, &mut NonContentFacts),
) -> Vec<(usize, NonContentFacts)> {
    let mut noise = Noise(seed);
    let image = |at: usize| {
        let (class, mut non_content) = (at % n_classes, plain(&mut noise));
        mark(class, &mut non_content);
        (class, non_content)
    };
    (0..n * n_classes).map(image).collect()
}

fn seen(images: &[(usize, NonContentFacts)]) -> Vec<(usize, &NonContentFacts)> {
    images.iter().map(|(class, non_content)| (*class, non_content)).collect()
}

/// Of 20 images a class learned from and 10 measured on, beside a model that gets all right.
fn audit(n_classes: usize, mark: impl Fn(usize, &mut NonContentFacts)) -> ShortcutAudit {
    let (learned, measured) = (images(20, n_classes, 1, &mark), images(10, n_classes, 2, &mark));
    let model = vec![true; measured.len()];
    ShortcutAudit::of(&ShortcutAnswers::of(&seen(&learned), &seen(&measured), model, n_classes)).unwrap()
}

fn questions(audit: &ShortcutAudit) -> Vec<&str> {
    audit.first_questions.iter().map(String::as_str).collect()
}

#[test]
fn a_format_a_size_and_a_depth_give_the_class_away() {
    let check = |mark: fn(usize, &mut NonContentFacts), question: &str| {
        let audit = audit(2, mark);
        assert_eq!((questions(&audit), audit.metadata.recognised.right), (vec![question], 20));
        assert!(audit.metadata.comes_close && !audit.border.unwrap().comes_close, "{audit:?}");
        let warning = audit.warning().unwrap();
        assert!(warning.contains(&format!("(first rule: {question}) classifies 20 correctly")), "{warning}");
    };
    check(|class, image| image.file.format = ["jpeg", "png"][class].to_owned(), "format jpeg");
    check(|class, image| image.file.colour = ["rgb8", "grey8"][class].to_owned(), "channels grey");
    check(|class, image| image.file.colour = ["grey16", "grey8"][class].to_owned(), "bits 16");
    // The other class has every size, larger and smaller.
    let exact = |class: usize, image: &mut NonContentFacts| {
        if class == 0 {
            (image.file.width, image.file.height) = (1024, 1024);
        }
    };
    check(exact, "size 1024 x 1024");
    let wider = |class: usize, image: &mut NonContentFacts| {
        image.file.width = 700 + 600 * class as u32 + image.file.width % 200;
    };
    check(wider, "width above 1104");
}

#[test]
fn a_bright_border_gives_the_class_away() {
    let audit = audit(2, |class, image| {
        let brighter = image.border.unwrap().levels().map(|level| level + 15 * class as u8);
        image.border = Some(Border::new(brighter));
    });
    let border = audit.border.unwrap();
    assert!(border.comes_close && border.recognised.right >= 18, "{border:?}");
    assert!(!audit.metadata.comes_close && questions(&audit).is_empty());
    let warning = audit.warning().unwrap();
    assert!(warning.contains("only on the image border") && !warning.contains("file format"), "{warning}");
}

#[test]
fn a_token_in_one_corner_is_seen() {
    let audit = audit(2, |class, image| {
        let mut levels = *image.border.unwrap().levels();
        levels[0] = [levels[0], 250][class];
        image.border = Some(Border::new(levels));
    });
    assert!(audit.border.unwrap().comes_close, "{audit:?}");
}

#[test]
fn where_nothing_gives_the_class_away_nobody_is_warned() {
    let audit = audit(2, |_, _| {});
    assert_eq!((audit.majority.right, audit.metadata.recognised.right, audit.n), (10, 10, 20));
    assert!(questions(&audit).is_empty());
    let border = audit.border.unwrap();
    assert!((5..=15).contains(&border.recognised.right), "{border:?}");
    assert_eq!(audit.warning(), None);
}

#[test]
fn many_classes_are_told_apart_by_their_sizes_and_borders() {
    let audit = audit(12, |class, image| {
        (image.file.width, image.file.height) = (600 + 10 * class as u32, 800);
        image.border = Some(Border::new(image.border.unwrap().levels().map(|level| level / 4 + 19 * class as u8)));
    });
    assert_eq!((audit.majority.right, audit.metadata.recognised.right, audit.n), (10, 120, 120));
    assert!(audit.border.unwrap().recognised.right > 100, "{audit:?}");
}

#[test]
fn a_class_with_one_image_is_no_rule_and_no_obstacle() {
    let mut learned = images(20, 2, 1, |class, image| image.file.format = ["jpeg", "png"][class].to_owned());
    let mut rare = plain(&mut Noise(9));
    rare.file.format = "bmp".to_owned();
    learned.push((2, rare));
    let answers = ShortcutAnswers::of(&seen(&learned), &seen(&learned), vec![true; 41], 3);
    let audit = ShortcutAudit::of(&answers).unwrap();
    assert_eq!((audit.metadata.recognised.right, questions(&audit)), (40, vec!["format jpeg"]));

    let one_each = images(1, 2, 1, |_, _| {});
    let answers = ShortcutAnswers::of(&seen(&one_each), &seen(&one_each), vec![true; 2], 2);
    assert_eq!(ShortcutAudit::of(&answers).unwrap().warning(), None);
    assert_eq!(ShortcutAudit::of(&ShortcutAnswers::default()), None, "of nothing");
}

#[test]
fn spreadless_classes_are_told_apart() {
    let audit = audit(2, |class, image| image.border = Some(Border::new([[0, 3][class]; Border::N_CELLS])));
    assert_eq!(audit.border.unwrap().recognised.right, 20);
}

#[test]
fn an_unknown_border_is_not_guessed() {
    let mark = |_: usize, image: &mut NonContentFacts| image.border = None;
    let (learned, measured) = (images(4, 2, 1, mark), images(4, 2, 2, |_, _| {}));
    let without = ShortcutAnswers::of(&seen(&learned), &seen(&measured), vec![true; 8], 2);
    assert_eq!(ShortcutAudit::of(&without).unwrap().border, None);
    let with = ShortcutAnswers::of(&seen(&measured), &seen(&measured), vec![true; 8], 2);
    assert_eq!(ShortcutAudit::of(&with.and(without)).unwrap().border, None);
}

#[test]
fn close_is_what_the_images_cannot_tell_from_the_model_or_five_points() {
    let first = |n: usize, of: usize| (0..of).map(|at| at < n).collect::<Vec<bool>>();
    let check = |(baseline, model, n): (usize, usize, usize), close: bool| {
        let majority = ProportionCorrect::out_of(n as u64 / 2, n as u64).unwrap();
        let found = Baseline::of(&first(baseline, n), &first(model, n), majority).unwrap();
        assert_eq!(found.comes_close, close, "{baseline} and {model} of {n}: {found:?}");
    };
    check((96, 98, 100), true);
    check((98, 90, 100), true); // better than the model
    check((59, 62, 100), false); // close, but not sure to know anything
    check((80, 95, 100), false); // knows much, but the model knows more
    check((15, 19, 20), true); // so few images do not show which is better
    check((9500, 9900, 10_000), true); // sure to be worse, but by four points
    check((9300, 9900, 10_000), false);
}

#[test]
fn the_record_is_read_as_it_is_written() {
    let audit = ShortcutAudit::example();
    let text = serde_json::to_string(&audit).unwrap();
    assert_eq!(serde_json::from_str::<ShortcutAudit>(&text).unwrap(), audit);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["metadata"]["right"], &value["metadata"]["comes_close"]), (&17.into(), &true.into()));
    assert_eq!(
        audit.warning().unwrap(),
        "the model classifies 18 of 20 images correctly, but a baseline trained only on file metadata \
         (first rule: format jpeg) classifies 17 correctly: the model's accuracy may not reflect the image content; \
         collect all classes from one source, convert all files to one format and size, crop the borders"
    );
}

#[test]
fn records_of_older_versions_are_read() {
    let mut model = serde_json::to_value(ModelRecord::example("chest", "0001-a")).unwrap();
    model.as_object_mut().unwrap().remove("shortcuts").unwrap();
    assert_eq!(serde_json::from_value::<ModelRecord>(model).unwrap(), ModelRecord::example("chest", "0001-a"));
    let sample = r#"{"dataset": "chest", "class": "covid", "path": "a.png", "group": null, "split": "train",
        "image": {"width": 2, "height": 3, "format": "png", "colour": "grey8"}, "hash": "HASH"}"#;
    let sample: Sample = serde_json::from_str(&sample.replace("HASH", &ContentHash::of(b"a").to_string())).unwrap();
    assert_eq!(sample.non_content(), NonContentFacts { file: facts("png", 2, 3, "grey8"), border: None, dicom: None });
}

fn any_image() -> impl Strategy<Value = (usize, NonContentFacts)> {
    let format = prop::sample::select(vec!["png", "jpeg"]);
    let border = prop::collection::vec(any::<u8>(), Border::N_CELLS);
    (0..3_usize, format, 1..5_u32, 1..5_u32, border).prop_map(|(class, format, width, height, levels)| {
        let border = Some(Border::new(levels.try_into().unwrap()));
        (class, NonContentFacts { file: facts(format, width, height, "grey8"), border, dicom: None })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_answers_and_no_training_is_worse_than_one_answer_for_all(
        images in prop::collection::vec(any_image(), 1..40),
        seed in any::<u64>(),
    ) {
        let mut noise = Noise(seed);
        let shuffled: BTreeMap<u64, &(usize, NonContentFacts)> =
            images.iter().enumerate().map(|(at, image)| (noise.below(1 << 20) << 8 | at as u64, image)).collect();
        let shuffled: Vec<(usize, &NonContentFacts)> =
            shuffled.into_values().map(|(class, non_content)| (*class, non_content)).collect();
        let model = vec![true; images.len()];
        let answers = ShortcutAnswers::of(&seen(&images), &seen(&images), model.clone(), 3);
        prop_assert_eq!(&ShortcutAnswers::of(&shuffled, &seen(&images), model, 3), &answers);
        let audit = ShortcutAudit::of(&answers).unwrap();
        prop_assert!(audit.metadata.recognised.right >= audit.majority.right);
    }
}
