//! What DICOM files say of patient, image and device: patients stay on one side of the split without any setting, an image
//! in two files is one, and a device that gives the class away is found.

use std::fs::{self, File};
use std::io::Write;

use serde_json::Value;

use crate::bed::TestBed;
use crate::dicom::{dicom, dicom_with};
use crate::pictures::{self, Look};
use crate::shortcuts::shape;

const INSTANCE: u32 = 0x0008_0018;
const MANUFACTURER: u32 = 0x0008_0070;
const PATIENT: u32 = 0x0010_0020;

fn bed() -> TestBed {
    TestBed::new().sharing_features().set("augment.copies", "1").set("train.max_epochs", "2")
}

/// Two patients, each with images of both classes: four of the first and two of the second.
fn drop_patients(bed: &TestBed) {
    for look in Look::ALL {
        for number in 0..6 {
            let patient = if number < 4 { "P0017" } else { "P0018" };
            let bytes = dicom_with(&pictures::picture(look, number), &[(PATIENT, patient)]);
            bed.write(format!("inbox/datasets/shapes/{look}/{look}-{number}.dcm"), bytes);
        }
    }
}

/// The groups of the images that copies were made of.
fn learned_from(manifest: &str) -> Vec<String> {
    let group = |line: &str| serde_json::from_str::<Value>(line).unwrap()["group"].as_str().unwrap().to_owned();
    manifest.lines().map(group).collect()
}

#[test]
fn a_patient_stays_on_one_side_without_any_setting() {
    let bed = bed();
    drop_patients(&bed);
    let ran = bed.run(&["run", "--once"]).ok();
    let classes = bed.status()["datasets"]["shapes"]["classes"].as_object().unwrap().clone();
    assert!(classes.values().all(|class| class["train"] == 4 && class["validation"] == 2), "{classes:?}");
    let groups = learned_from(&fs::read_to_string(bed.state("datasets/shapes/manifest.jsonl")).unwrap());
    assert!(groups.iter().all(|group| *group == groups[0] && group.starts_with("patient-")), "{groups:?}");
    assert!(ran.stderr.contains("8 of 12 images have one DICOM PatientID"), "{}", ran.stderr);

    let trained = bed.run(&["train", "inbox/datasets/shapes"]).ok();
    assert!(trained.stdout.contains("of 4 correct)"), "{}", trained.stdout);
    let messages = format!("{}{}{}{}", ran.stdout, ran.stderr, trained.stdout, trained.stderr);
    assert!(!messages.contains("P0017"), "{messages}");
}

#[test]
fn a_lost_key_is_made_anew_and_patients_still_stay_together() {
    let bed = bed();
    drop_patients(&bed);
    bed.run(&["run", "--once"]).ok();
    fs::remove_file(bed.state("site.key")).unwrap();
    let new = dicom_with(&pictures::picture(Look::Disc, 9), &[(PATIENT, "P0018")]);
    bed.write("inbox/datasets/shapes/disc/disc-9.dcm", new);
    let ran = bed.run(&["run", "--once"]).ok();
    assert!(ran.stderr.contains("Key of hidden names is another one than before"), "{}", ran.stderr);
    let classes = &bed.status()["datasets"]["shapes"]["classes"];
    assert_eq!((&classes["disc"]["train"], &classes["disc"]["validation"]), (&4.into(), &3.into()), "{classes}");
    let ran = bed.run(&["run", "--once"]).ok();
    assert!(!ran.stderr.contains("Key of hidden names"), "it is said once: {}", ran.stderr);
    fs::write(bed.state("site.key"), "no key").unwrap();
    let refused = bed.run(&["run", "--once"]);
    assert_eq!(refused.code, 65, "{}", refused.stderr);
    assert!(refused.stderr.contains("site.key` is damaged: restore it from a backup"), "{}", refused.stderr);
}

#[test]
fn a_forgotten_patient_stays_out_when_an_archive_sends_the_images_again() {
    let bed = bed();
    let drop_patients = |name: &str| {
        for (class, look) in Look::ALL.into_iter().enumerate() {
            for number in 0..6 {
                let patient = if number < 4 { "P0017" } else { "P0018" };
                let instance = format!("1.2.{class}.{number}");
                let texts = [(INSTANCE, instance.as_str()), (MANUFACTURER, name), (PATIENT, patient)];
                let bytes = dicom_with(&pictures::picture(look, number), &texts);
                bed.write(format!("inbox/datasets/shapes/{look}/{name}-{number}.dcm"), bytes);
            }
        }
    };
    drop_patients("first");
    bed.run(&["run", "--once"]).ok();
    let group = learned_from(&fs::read_to_string(bed.state("datasets/shapes/manifest.jsonl")).unwrap()).remove(0);
    let forgotten = bed.run(&["forget", "--yes", "--group", &group]).ok();
    assert!(forgotten.stdout.contains("8 images"), "{}", forgotten.stdout);
    drop_patients("again");
    let ran = bed.run(&["run", "--once"]);
    assert!(ran.stderr.contains("Forgotten images not taken in"), "{}", ran.stderr);
    assert!(ran.stderr.contains("n_files=16"), "{}", ran.stderr);
    let n_forgotten = || bed.run(&["forget", "--list"]).ok().stdout.lines().count();
    assert_eq!(n_forgotten(), 8);
    let later = format!("inbox/datasets/shapes/{}/again-0.dcm", Look::ALL[0]);
    bed.run(&["forget", "--undo", &later]).ok();
    assert_eq!(n_forgotten(), 7, "a file that came later stands for its image, too");
}

#[test]
fn a_patient_who_has_scans_alone_is_forgotten() {
    let bed = bed().set("storage.reserve_gib", "0");
    let scan = |patient, number| dicom_with(&pictures::picture(Look::Bars, number), &[(PATIENT, patient)]);
    bed.write("inbox/scans/shapes/a", scan("P0019", 7));
    bed.write("inbox/scans/other/b", scan("P0019", 8));
    bed.write("inbox/scans/c", scan("P0020", 9));
    bed.run(&["run", "--once"]);
    let journal = fs::read_to_string(bed.state("journal.ndjson")).unwrap();
    let patients = journal.split("\"patient\":\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let patients: Vec<_> = patients.collect();
    let patient = patients.iter().find(|patient| patients.iter().filter(|it| it == patient).count() == 2).unwrap();
    let forgotten = bed.run(&["forget", "--yes", "--group", &format!("patient-{patient}")]).ok();
    assert!(forgotten.stdout.contains("2 images"), "{}", forgotten.stdout);
}

#[test]
fn a_scan_in_two_files_has_one_report_until_the_first_file_goes() {
    let bed = bed();
    bed.drop_dataset(3);
    let scan = |model: &str| {
        let texts = [(INSTANCE, "1.2.3"), (MANUFACTURER, model)];
        dicom_with(&pictures::picture(Look::Bars, 7), &texts)
    };
    bed.write("inbox/scans/shapes/a", scan("one"));
    bed.run(&["run", "--once"]).ok();
    bed.write("inbox/scans/shapes/b", scan("two"));
    let ran = bed.run(&["run", "--once"]).ok();
    assert!(ran.stderr.contains("Duplicate image counts once"), "{}", ran.stderr);
    let explained = || bed.status()["counters"]["scans_explained"].as_u64().unwrap();
    assert_eq!(explained(), 1);
    assert!(bed.run(&["run", "--once"]).ok().stdout.contains("Nothing to do"), "it is known after a restart");
    fs::remove_file(bed.inbox("scans/shapes/a")).unwrap();
    bed.run(&["run", "--once"]).ok();
    assert_eq!(explained(), 2);
    assert!(bed.run(&["run", "--once"]).ok().stdout.contains("Nothing to do"));
}

#[test]
fn files_with_one_number_that_look_different_are_warned_of() {
    let bed = bed();
    for (name, look) in [("a", Look::Bars), ("b", Look::Disc)] {
        let bytes = dicom_with(&pictures::picture(look, 1), &[(INSTANCE, "1.2.3")]);
        bed.write(format!("inbox/scans/shapes/{name}"), bytes);
    }
    let ran = bed.run(&["run", "--once"]);
    assert!(ran.stderr.contains("Two files with one SOPInstanceUID look different"), "{}", ran.stderr);
}

#[test]
fn a_file_that_a_receiver_writes_in_place_is_explained_once_when_it_is_whole() {
    let bed = bed().set("log.level", "debug");
    bed.drop_dataset(3);
    let mut service = bed.start();
    service.wait_for_count("trainings", 1);
    let bytes = dicom(Look::Disc, 30);
    fs::create_dir_all(bed.inbox("scans/shapes")).unwrap();
    let mut file = File::create(bed.inbox("scans/shapes/1.2.3")).unwrap();
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    for piece in first.chunks(1 + first.len() / 5) {
        file.write_all(piece).unwrap();
    }
    // It pauses for longer than `settle_unclosed`: the half of it is read, and is no file yet.
    let looked = |line: &String| line.contains("File not finished yet");
    service.wait_for("a look at half of the file", |service| service.log.iter().any(looked).then_some(()));
    for piece in rest.chunks(1 + rest.len() / 5) {
        file.write_all(piece).unwrap();
    }
    drop(file);
    service.wait_for_count("scans_explained", 1);
    let status = bed.status();
    assert_eq!((&status["counters"]["quarantined"], &status["counters"]["scans_explained"]), (&0.into(), &1.into()));
    service.stop();
    assert_eq!(bed.reports().len(), 1);
}

#[test]
fn a_device_that_gives_the_class_away_is_named() {
    let bed = bed().set("split.validation", "0.5");
    for (class, manufacturer) in [("disc", "ACME Imaging"), ("square", "Other")] {
        for number in 0..12 {
            let picture = shape(class, 2 * number + u32::from(class == "disc"));
            let patient = format!("{class} {number}");
            let bytes = dicom_with(&picture, &[(MANUFACTURER, manufacturer), (PATIENT, &patient)]);
            bed.write(format!("inbox/datasets/shapes/{class}/{number}.dcm"), bytes);
        }
    }
    let trained = bed.run(&["train", "inbox/datasets/shapes"]).ok();
    let warning = "a baseline trained only on file metadata (first rule: manufacturer ";
    assert!(trained.stdout.contains(warning), "{}", trained.stdout);
    let run = fs::read_dir(bed.state("runs/shapes")).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(run.join("report.html")).unwrap().contains("Its first rule: manufacturer "));
}
