//! DICOM files beside those of other formats: taken in, learned from, explained; what has no image is skipped, and nothing
//! that a file says of its patient is in anything that the program writes.

use std::fs;

use image::GrayImage;
use walkdir::WalkDir;

use crate::bed::TestBed;
use crate::pictures::{self, Look};

const PATIENT: &str = "Mustermann^Erika";

pub fn element(out: &mut Vec<u8>, tag: u32, kind: &str, value: &[u8]) {
    out.extend([(tag >> 16) as u16, tag as u16].iter().flat_map(|part| part.to_le_bytes()));
    out.extend(kind.as_bytes());
    if kind == "OW" {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
}

/// The preamble, the mark, and elements that say who the patient is.
fn beginning() -> Vec<u8> {
    let mut out = [vec![0; 128], b"DICM".to_vec()].concat();
    element(&mut out, 0x0002_0010, "UI", b"1.2.840.10008.1.2.1\0");
    element(&mut out, 0x0010_0010, "PN", PATIENT.as_bytes());
    out
}

/// The picture of `look` as a detector of 12 bits stores it, of a patient who has no other number.
pub fn dicom(look: Look, number: u64) -> Vec<u8> {
    dicom_with(&pictures::picture(look, number), &[(0x0010_0020, &format!("{PATIENT} {number}"))])
}

/// A picture as a detector of 12 bits stores it, with light for low values, and these texts by their tags.
pub fn dicom_with(picture: &GrayImage, texts: &[(u32, &str)]) -> Vec<u8> {
    let mut out = beginning();
    for (tag, text) in texts {
        element(&mut out, *tag, "LO", text.as_bytes());
    }
    element(&mut out, 0x0028_0002, "US", &1_u16.to_le_bytes());
    element(&mut out, 0x0028_0004, "CS", b"MONOCHROME1 ");
    for (tag, value) in [(0x0028_0010, picture.height()), (0x0028_0011, picture.width())] {
        element(&mut out, tag, "US", &(value as u16).to_le_bytes());
    }
    for (tag, value) in [(0x0028_0100, 16_u16), (0x0028_0101, 12), (0x0028_0102, 11)] {
        element(&mut out, tag, "US", &value.to_le_bytes());
    }
    let levels =
        picture.as_raw().iter().flat_map(|&level| (4095 - (u32::from(level) * 4095 / 255) as u16).to_le_bytes());
    element(&mut out, 0x7FE0_0010, "OW", &levels.collect::<Vec<u8>>());
    out
}

fn report() -> Vec<u8> {
    let mut out = beginning();
    element(&mut out, 0x0040_A040, "CS", b"CONTAINER ");
    out
}

/// Everything that was written below the state folder, with the messages, as text.
fn written(bed: &TestBed, messages: &str) -> String {
    let files =
        WalkDir::new(bed.state("")).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let texts = files.map(|entry| String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned());
    texts.chain([messages.to_owned()]).collect()
}

#[test]
fn dicom_files_are_learned_from_and_explained_and_their_patients_stay_in_them() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    for look in Look::ALL {
        for number in 0..3 {
            bed.write(bed.inbox(format!("datasets/shapes/{look}/{number}.dcm")), dicom(look, number));
        }
    }
    bed.write(bed.inbox(format!("datasets/shapes/{}/report.dcm", Look::ALL[0])), report());
    bed.write(bed.inbox("scans/IM0001"), dicom(Look::ALL[1], 9));
    let damaged = dicom(Look::ALL[0], 7);
    bed.write(bed.inbox("scans/cut.dcm"), &damaged[..damaged.len() - 100]);
    bed.write(bed.inbox("scans/presentation"), report());
    let ran = bed.run(&["run", "--once"]);
    let messages = format!("{}{}", ran.stdout, ran.stderr);
    assert!(messages.contains("DICOM files without an image skipped"), "{messages}");
    let reports: Vec<_> =
        fs::read_dir(bed.state("reports/shapes")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let explained = reports.iter().filter(|name| name.to_string_lossy().len() == 16).count();
    assert_eq!(explained, 1, "{reports:?}\n{messages}");
    let quarantined: Vec<_> = fs::read_dir(bed.state("quarantine")).unwrap().map(|e| e.unwrap().path()).collect();
    let texts: String = quarantined.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(texts.contains("the dicom file is truncated"), "{texts}");
    assert!(!texts.contains("no-image"), "{texts}");
    let all = written(&bed, &messages);
    assert!(all.contains("grey12") && all.contains("dicom"), "{messages}");
    for part in ["Mustermann", "Erika", "reports/shapes/IM0001"] {
        assert!(!all.contains(part), "{part}");
    }
}

/// A bed with a model, which learned from DICOM files.
fn learned() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "1");
    for look in Look::ALL {
        for number in 0..2 {
            bed.write(format!("shapes/{look}/{number}"), dicom(look, number));
        }
    }
    bed.run(&["train", "shapes"]).ok();
    bed
}

#[test]
fn explaining_a_folder_skips_what_has_no_image_and_a_named_file_fails() {
    let bed = learned();
    bed.write("study/image", dicom(Look::ALL[0], 5));
    bed.write("study/report", report());
    let ran = bed.run(&["explain", "study", "--json"]).ok();
    assert_eq!(ran.json()["scans"].as_array().map(Vec::len), Some(1), "{}", ran.stderr);
    for names in [&["study/report"][..], &["study/image", "study/report"], &["study", "study/report"]] {
        let ran = bed.run(&[&["explain"], names].concat());
        let said = ran.stderr.lines().filter(|line| line.contains("(no-image): a DICOM file without an image"));
        assert_eq!((ran.code, said.count()), (65, 1), "{names:?}: {}", ran.stderr);
    }
}

#[test]
fn what_is_said_of_several_files_has_the_numbers_of_their_arguments() {
    let bed = learned();
    bed.write("one", dicom(Look::ALL[0], 5));
    bed.write("folder/two", dicom(Look::ALL[1], 6));
    bed.write("folder/three", dicom(Look::ALL[1], 7));
    bed.write("damaged", "no image");
    let args = ["explain", "one", "damaged", "folder"];
    let ran = bed.run(&[&args[..], &["--json"]].concat());
    let scans = ran.json()["scans"].as_array().unwrap().clone();
    let mut numbers: Vec<u64> = scans.iter().map(|scan| scan["argument"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!((numbers, ran.code), (vec![1, 2, 3, 3], 65), "{scans:#?}");
    let failed = scans.iter().find(|scan| !scan["error"].is_null()).unwrap();
    assert_eq!(failed["argument"], 2, "{failed}");
    let ran = bed.run(&args);
    assert!(ran.stdout.starts_with("argument 1: file-"), "{}", ran.stdout);
    assert!(ran.stderr.contains("argument 2: `file-"), "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("argument 3: file-").count(), 2, "{}", ran.stdout);
    assert!(!bed.run(&["explain", "one"]).ok().stdout.contains("argument"), "one needs no number");
    let ran = bed.run(&["explain", "one", "absent"]);
    assert!(ran.code == 66 && ran.stderr.contains("cannot read argument 2, `"), "{}", ran.stderr);
}
