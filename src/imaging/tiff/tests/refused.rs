//! What is not read is refused by name, before its data are touched.

use super::writer::Form;
use super::{decoded, refusal};

/// Checks that the file is refused as an unsupported kind, by this name.
fn check(form: &Form, name: &str) {
    let error = refusal(&form.file(&form.samples()));
    assert!(error.code() == "unsupported" && error.to_string().contains(name), "{form:?}: {error}");
}

#[test]
fn compressions_are_named() {
    for (number, name) in [
        (2, "modified Huffman"),
        (3, "CCITT Group 3"),
        (4, "CCITT Group 4"),
        (6, "old-style JPEG"),
        (34_712, "JPEG 2000"),
        (34_887, "LERC"),
        (34_925, "LZMA"),
        (50_000, "Zstandard"),
        (50_001, "WebP"),
        (50_002, "JPEG XL"),
        (777, "compression 777"),
    ] {
        check(&Form::new(1, 1, 1).with(259, &[number]), name);
    }
}

#[test]
fn colours_are_named() {
    for (photometric, bits, n_samples, name) in [
        (4, 1, 1, "transparency mask"),
        (6, 8, 3, "YCbCr without JPEG"),
        (8, 8, 3, "CIE Lab"),
        (9, 8, 3, "CIE Lab"),
        (32_803, 16, 1, "raw data of a camera"),
        (34_892, 16, 3, "raw data of a camera"),
        (32_844, 16, 1, "LogLuv"),
        (99, 8, 1, "photometric interpretation 99"),
        (3, 16, 1, "palette of more than 256"),
        (5, 16, 4, "CMYK of other than 8 bits"),
    ] {
        check(&Form::new(bits, photometric, n_samples), name);
    }
    check(&Form::new(8, 5, 4).with(332, &[2]), "inks other than CMYK");
    check(&Form { extra: vec![1], ..Form::new(8, 0, 2) }, "associated alpha");
}

#[test]
fn samples_are_named() {
    check(&Form::new(24, 1, 1), "whole numbers of 24 bits");
    check(&Form::new(17, 1, 1), "whole numbers of 17 bits");
    check(&Form { format: 3, ..Form::new(24, 1, 1) }, "floating-point numbers of 24 bits");
    check(&Form { format: 2, ..Form::new(12, 1, 1) }, "signed whole numbers of 12 bits");
    check(&Form { format: 6, ..Form::new(32, 1, 1) }, "complex numbers");
    check(&Form { format: 9, ..Form::new(8, 1, 1) }, "sample format 9");
    check(&Form { format: 2, ..Form::new(8, 0, 1) }, "signed samples");
    check(&Form::new(8, 2, 3).with(258, &[5, 6, 5]), "different kinds of samples");
    check(&Form::new(8, 1, 1).with(32_997, &[3]), "a volume");
}

#[test]
fn predictors_are_named() {
    let form = |predictor, bits| Form { predictor, compression: 5, ..Form::new(bits, 1, 1) };
    check(&form(2, 12), "horizontal predictor");
    check(&form(3, 16), "floating-point predictor");
    check(&form(34_892, 16), "predictor 34892");
    check(&Form { predictor: 2, ..Form::new(8, 1, 1) }, "predictor without");
    check(&Form { predictor: 2, compression: 32_773, ..Form::new(8, 1, 1) }, "predictor without");
}

#[test]
fn jpeg_of_other_layouts_is_named() {
    let form = |bits, photometric, n_samples| Form::new(bits, photometric, n_samples).with(259, &[7]);
    check(&form(16, 1, 1), "JPEG compression of other than 8 bits");
    check(&form(8, 3, 1), "palette");
    check(&form(8, 5, 4), "CMYK");
    check(&form(8, 1, 3), "further channels");
    check(&form(8, 2, 4), "further channels");
    check(&Form { is_planar: true, ..form(8, 6, 3) }, "separate planes");
}

#[test]
fn strips_that_are_left_out_are_named() {
    check(&Form::new(8, 1, 1).with(279, &[0, 52, 13]), "sparse");
    check(&Form::new(8, 1, 1).with(273, &[0, 52, 13]), "sparse");
    let second_plane = Form { is_planar: true, rows_per_strip: 9, ..Form::new(8, 1, 2) };
    let first_alone = second_plane.clone().with(279, &[117, 0]);
    assert_eq!(decoded(&first_alone.file(&second_plane.samples())).channels(), 1, "what is not needed may be missing");
}

#[test]
fn contradictions_are_damage() {
    for form in [
        Form::new(8, 2, 1),
        Form::new(8, 1, 1).with(273, &[12]),
        Form::new(8, 1, 1).with(256, &[0]),
        Form::new(8, 1, 1).with(278, &[0]),
        Form::new(8, 1, 1).with(279, &[20, 20, 20]),
        Form::new(8, 1, 1).with(262, &[]),
        Form::new(8, 2, 3).with(284, &[3]),
    ] {
        assert_eq!(refusal(&form.file(&form.samples())).code(), "damaged", "{form:?}");
    }
}
