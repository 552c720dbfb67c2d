//! The measures against scikit-learn and scipy (`scripts/make-metric-values`), and against published values.

use serde::Deserialize;

use super::paired::mcnemar_exact;
use super::ranking::{roc_auc, roc_auc_interval};
use super::*;

#[test]
fn wilson_matches_published_values() {
    // 21 of 24, the sensitivity of the published network's first fold: 69.0 to 95.7 %.
    let interval = wilson_interval(21, 24);
    assert!((interval.low - 0.690).abs() < 5e-4 && (interval.high - 0.957).abs() < 5e-4, "{interval:?}");
    assert_eq!(wilson_interval(0, 0), Interval { low: 0.0, high: 1.0 });
}

const MEASURED: &str = include_str!("../../tests/fixtures/metrics.json");

#[derive(Deserialize)]
struct Measured {
    cases: Vec<Case>,
    mcnemar: Vec<(u64, u64, f64)>,
}

#[derive(Deserialize)]
struct Case {
    activation: Activation,
    logits: Vec<Vec<f64>>,
    labels: Vec<usize>,
    classes: Vec<Class>,
    accuracy: f64,
    binary_accuracy: f64,
    brier: f64,
    calibration_error: f64,
    temperature: f64,
}

#[derive(Deserialize)]
struct Class {
    sensitivity: f64,
    specificity: f64,
    ppv: f64,
    npv: f64,
    f1: f64,
    roc_auc: f64,
    roc_auc_interval: [f64; 2],
    pr_auc: f64,
    brier: f64,
    calibration_error: f64,
}

fn measured() -> Measured {
    serde_json::from_str(MEASURED).unwrap()
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|class| format!("class {class}")).collect()
}

/// Numbers below n that look random.
fn draws() -> impl FnMut(usize) -> usize {
    let mut state = 1_u64;
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    }
}

fn assess(case: &Case) -> AssessmentOf<String> {
    let predictions =
        Predictions { activation: case.activation, logits: case.logits.clone(), labels: case.labels.clone() };
    AssessmentOf::of(&predictions, &names(case.classes.len()), &mut draws())
}

#[test]
fn every_number_is_that_of_scikit_learn() {
    for case in measured().cases {
        let found = assess(&case);
        let same = |what: &str, found: Option<Estimate>, expected: f64| {
            let Estimate { value, interval } = found.unwrap();
            assert!((value - expected).abs() < 1e-9, "{what}: {value} {expected}");
            assert!(interval.low <= value && value <= interval.high, "{what}: {interval:?}");
            assert!(
                interval.low < interval.high && interval.low >= 0.0 && interval.high <= 1.0,
                "{what}: {interval:?}"
            );
        };
        same("accuracy", found.accuracy, case.accuracy);
        same("binary accuracy", found.binary_accuracy, case.binary_accuracy);
        same("Brier", found.brier, case.brier);
        same("calibration error", found.calibration_error, case.calibration_error);
        let temperature = found.calibrated.unwrap().temperature;
        assert!((temperature - case.temperature).abs() < 1e-5, "{temperature} {}", case.temperature);
        for (name, class) in names(case.classes.len()).iter().zip(&case.classes) {
            let found = found.classes[name];
            same("sensitivity", found.sensitivity, class.sensitivity);
            same("specificity", found.specificity, class.specificity);
            same("PPV", found.ppv, class.ppv);
            same("NPV", found.npv, class.npv);
            same("F1", found.f1, class.f1);
            same("ROC area", found.roc_auc, class.roc_auc);
            same("PR area", found.pr_auc, class.pr_auc);
            same("Brier", found.brier, class.brier);
            same("calibration error", found.calibration_error, class.calibration_error);
            let Interval { low, high } = found.roc_auc.unwrap().interval;
            let [expected_low, expected_high] = class.roc_auc_interval;
            assert!((low - expected_low).abs() < 1e-9 && (high - expected_high).abs() < 1e-9, "{low} {high}");
        }
    }
}

#[test]
fn the_bootstrap_of_a_proportion_is_close_to_its_known_interval() {
    // 20 of 100 images are wrong in both outputs: the binary accuracy is a proportion of 100.
    let logits = |at: usize| if at % 50 < 10 { vec![-1.0, 1.0] } else { vec![1.0, -1.0] };
    let turned = |at: usize| if at < 50 { logits(at) } else { logits(at).into_iter().rev().collect() };
    let predictions = Predictions {
        activation: Activation::Sigmoid,
        logits: (0..100).map(turned).collect(),
        labels: (0..100).map(|at| at / 50).collect(),
    };
    let found = AssessmentOf::of(&predictions, &names(2), &mut draws());
    let Estimate { value, interval } = found.binary_accuracy.unwrap();
    let half = 1.96 * (0.8_f64 * 0.2 / 100.0).sqrt();
    assert!(
        (value - 0.8).abs() < 1e-12 && (interval.high - interval.low - 2.0 * half).abs() < 0.2 * half,
        "{interval:?}"
    );
    assert_eq!(AssessmentOf::of(&predictions, &names(2), &mut draws()), found, "the same draws give the same");
}

#[test]
fn no_interval_is_without_width_where_every_answer_is_right_and_sure() {
    for n in [4, 20, 200] {
        let labels: Vec<usize> = (0..n).map(|at| at % 2).collect();
        let logits = labels.iter().map(|label| if *label == 0 { vec![9.0, -9.0] } else { vec![-9.0, 9.0] }).collect();
        let predictions = Predictions { activation: Activation::Sigmoid, logits, labels };
        let found = AssessmentOf::of(&predictions, &names(2), &mut draws());
        let calibrated = found.calibrated.unwrap();
        let class = found.classes[&names(2)[0]];
        let all = [
            found.accuracy,
            found.binary_accuracy,
            found.brier,
            found.calibration_error,
            Some(calibrated.brier),
            Some(calibrated.calibration_error),
            class.sensitivity,
            class.specificity,
            class.ppv,
            class.npv,
            class.f1,
            class.roc_auc,
            class.pr_auc,
            class.brier,
            class.calibration_error,
        ];
        for Estimate { value, interval } in all.map(Option::unwrap) {
            assert!(interval.low < interval.high && (interval.low..=interval.high).contains(&value), "{interval:?}");
        }
        // F1 of answers that are all right is a proportion: Wilson's interval is about as wide.
        let (f1, wilson) = (class.f1.unwrap().interval, wilson_interval(n as u64, n as u64));
        assert!(
            n < 20 || f1.high >= 1.0 && (f1.low - wilson.low).abs() < 0.5 * (1.0 - wilson.low),
            "{n}: {f1:?} {wilson:?}"
        );
    }
}

#[test]
fn two_that_agree_on_every_image_may_differ_on_others() {
    let labels: Vec<usize> = (0..30).map(|at| at % 3).collect();
    let logits: Vec<Vec<f64>> =
        labels.iter().map(|label| (0..3).map(|class| if class == *label { 5.0 } else { -5.0 }).collect()).collect();
    let predictions = Predictions { activation: Activation::Softmax, logits, labels };
    let found = PairedComparison::of(&predictions, &predictions, 3, &mut draws()).unwrap().difference;
    for Estimate { value, interval } in [found.accuracy, found.roc_auc_mean.unwrap(), found.brier.unwrap()] {
        assert!(value.abs() < 1e-12 && interval.low < 0.0 && interval.high > 0.0, "{interval:?}");
    }
}

#[test]
fn of_no_images_nothing_is_measured() {
    let predictions = Predictions { activation: Activation::Sigmoid, logits: Vec::new(), labels: Vec::new() };
    let found = AssessmentOf::of(&predictions, &names(2), &mut draws());
    assert_eq!(
        (found.brier, found.binary_accuracy, found.calibration_error, found.calibrated),
        (None, None, None, None)
    );
}

/// A measure that is 1, 0 or 0.8 is recorded as that, whatever its sums and roots were rounded to.
#[test]
fn recorded_measures_have_no_rounding_errors() {
    for n in 1..2000 {
        let (all, none) = (wilson_interval(n, n), wilson_interval(0, n));
        assert_eq!((all.high, none.low), (1.0, 0.0), "of {n}");
        assert!(all.low > 0.0 && none.high < 1.0, "of {n}");
    }
    assert_eq!(Some(mcnemar_exact(0, 8)), Some(0.007_812_5));
    assert_eq!((mean(&[0.8; 3]), standard_deviation(&[0.8; 3])), (Some(0.8), 0.0));
    assert_eq!((mean(&[]), standard_deviation(&[])), (None, 0.0));
    let values = [1.0, 2.0, 4.0];
    assert_eq!((mean(&values), standard_deviation(&values)), (Some(2.333_333_333_33), 1.527_525_231_65));
    let rounded = [0.1 + 0.2, 1.0 - f64::EPSILON, 1e-300, 0.0].map(significant);
    assert_eq!(Some(rounded), Some([0.3, 1.0, 1e-300, 0.0]));
    // 13 of 13 right, by logits that separate the classes: every proportion is 1, with an interval that ends there.
    let labels: Vec<usize> = (0..13).map(|at| at % 2).collect();
    let logits = labels.iter().map(|label| if *label == 0 { vec![3.0, -3.0] } else { vec![-2.5, 3.5] }).collect();
    let predictions = Predictions { activation: Activation::Sigmoid, logits, labels };
    let text = serde_json::to_string(&AssessmentOf::of(&predictions, &names(2), &mut draws())).unwrap();
    let longest = text.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max();
    assert!(!text.contains("99999999") && !text.contains("00000000"), "{text}");
    assert!(longest <= Some(16), "{text}");
}

#[test]
fn mcnemar_is_the_exact_binomial_test() {
    for (b, c, p) in measured().mcnemar {
        assert!((mcnemar_exact(b, c) - p).abs() < 1e-9, "{b} {c}: {} {p}", mcnemar_exact(b, c));
    }
    let paired = Paired::of(&[true, true, false, true], &[true, false, true, false]);
    assert_eq!((paired.only_first, paired.only_second, paired.p_value), (2, 1, 1.0));
}

#[test]
fn a_perfect_ranking_is_not_certain_and_a_missing_class_has_no_number() {
    let scores = [0.9, 0.8, 0.2, 0.1];
    let own = [true, true, false, false];
    assert_eq!(roc_auc(&scores, &own, &[1.0; 4]), Some(1.0));
    let Interval { low, high } = roc_auc_interval(1.0, 2, 2);
    assert!(low < 0.8 && high > 1.0 - 1e-12, "{low} {high}");
    let corners = roc_curve(&scores, &own);
    assert_eq!((corners.len(), corners[2].true_positive_rate, corners[2].false_positive_rate), (5, 1.0, 0.0));
    assert_eq!(roc_auc(&scores, &[true; 4], &[1.0; 4]), None);
    assert!(roc_curve(&scores, &[false; 4]).is_empty());
    let predictions =
        Predictions { activation: Activation::Sigmoid, logits: vec![vec![1.0, -1.0]; 3], labels: vec![0; 3] };
    let found = AssessmentOf::of(&predictions, &names(2), &mut draws());
    let absent = found.classes[&names(2)[1]];
    assert_eq!((absent, found.roc_auc_mean), (ClassAssessment::default(), None));
}

#[test]
fn a_temperature_softens_what_is_too_sure_and_never_asks_for_certainty() {
    let sure = |n_wrong: usize| {
        let logits: Vec<Vec<f64>> = (0..40).map(|_| vec![8.0, -8.0]).collect();
        let labels: Vec<usize> = (0..40).map(|at| usize::from(at < n_wrong)).collect();
        [Activation::Sigmoid, Activation::Softmax].map(|activation| fit_temperature(activation, &logits, &labels))
    };
    assert!(sure(8).iter().all(|temperature| *temperature > 3.0), "{:?}", sure(8));
    let logits: Vec<Vec<f64>> = (0..20).map(|at| [vec![1.0, -1.0], vec![-1.0, 1.0]][at % 2].clone()).collect();
    let labels: Vec<usize> = (0..20).map(|at| at % 2).collect();
    let separated = fit_temperature(Activation::Softmax, &logits, &labels);
    assert!(separated > 0.3 && separated < 1.0, "{separated}");
}

#[test]
fn the_surest_mistakes_come_first_and_what_is_right_is_none() {
    let logits = [[2.0, 0.0], [0.1, 0.0], [3.0, 1.0], [-1.0, 4.0]].map(Vec::from).to_vec();
    let predictions = Predictions { activation: Activation::Sigmoid, logits, labels: vec![1, 1, 0, 0] };
    assert_eq!(predictions.most_confident_mistakes(9), [3, 0, 1]);
    assert_eq!(predictions.most_confident_mistakes(2), [3, 0]);
}
