//! Nothing that says who a patient is, in a DICOM file or in the names of files and folders, is in anything that the program
//! writes or prints. Planted words are looked for in every byte.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::bed::{TestBed, finish};
use crate::dicom::element;
use crate::pictures::{self, Look};

/// Tags of a DICOM file that say who, when, where; private ones last. Each is filled with a word of its own.
const TAGS: [(u32, &str); 18] = [
    (0x0008_0018, "UI"),
    (0x0008_0050, "SH"),
    (0x0008_0080, "LO"),
    (0x0008_0081, "ST"),
    (0x0008_0090, "PN"),
    (0x0008_1010, "SH"),
    (0x0008_1030, "LO"),
    (0x0008_103E, "LO"),
    (0x0008_1070, "PN"),
    (0x0010_0010, "PN"),
    (0x0010_0020, "LO"),
    (0x0010_0030, "DA"),
    (0x0010_1000, "LO"),
    (0x0010_1040, "LO"),
    (0x0010_4000, "LT"),
    (0x0020_000D, "UI"),
    (0x0020_000E, "UI"),
    (0x0020_0010, "SH"),
];

const PRIVATE: [(u32, &str); 2] = [(0x0029_0010, "LO"), (0x0029_1001, "LO")];

/// What stands in names of files, folders and groups.
const IN_NAMES: [&str; 11] = [
    "CANARYFILE01",
    "CANARYFILE02",
    "CANARYFILE03",
    "CANARYFILE04",
    "CANARYFILE05",
    "CANARYFILE06",
    "CANARYFOLDER07",
    "CANARYFOLDER08",
    "CANARYGROUP09",
    "CANARYFILE10",
    "CANARYFOLDER11",
];

fn word(kind: &str, tag: u32) -> String {
    match kind {
        "UI" => format!("1.2.826.99.{tag}.77"),
        "DA" => "18991231".to_owned(),
        _ => format!("CANARY{tag:08X}"),
    }
}

fn canaries() -> BTreeSet<String> {
    let in_tags = TAGS.iter().chain(&PRIVATE).map(|(tag, kind)| word(kind, *tag));
    in_tags.chain(IN_NAMES.map(str::to_owned)).collect()
}

/// Tags of which each image has a value of its own: the numbers of the image, the patient and the study.
const OWN: [u32; 3] = [0x0008_0018, 0x0010_0020, 0x0020_000D];

fn planted(out: &mut Vec<u8>, tags: &[(u32, &str)], image: u64) {
    for (tag, kind) in tags {
        let own = if OWN.contains(tag) { format!(".{image}") } else { String::new() };
        let mut value = (word(kind, *tag) + &own).into_bytes();
        let filler = if *kind == "UI" { 0 } else { b' ' };
        value.resize(value.len().next_multiple_of(2), filler);
        element(out, *tag, kind, &value);
    }
}

/// A picture as a detector of 12 bits stores it, in a file that is full of names; `syntax` says how its pixels are coded.
fn dicom(look: Look, number: u64, syntax: &[u8]) -> Vec<u8> {
    let picture = pictures::picture(look, number);
    let image = number + if look == Look::ALL[0] { 1000 } else { 2000 };
    let mut out = [vec![0; 128], b"DICM".to_vec()].concat();
    element(&mut out, 0x0002_0010, "UI", syntax);
    // Digital X-ray image, as results refer to it.
    element(&mut out, 0x0008_0016, "UI", b"1.2.840.10008.5.1.4.1.1.1\0");
    planted(&mut out, &TAGS, image);
    element(&mut out, 0x0028_0002, "US", &1_u16.to_le_bytes());
    element(&mut out, 0x0028_0004, "CS", b"MONOCHROME2 ");
    for (tag, value) in [(0x0028_0010, picture.height()), (0x0028_0011, picture.width())] {
        element(&mut out, tag, "US", &(value as u16).to_le_bytes());
    }
    for (tag, value) in [(0x0028_0100, 16_u16), (0x0028_0101, 12), (0x0028_0102, 11)] {
        element(&mut out, tag, "US", &value.to_le_bytes());
    }
    planted(&mut out, &PRIVATE, image);
    let levels = picture.as_raw().iter().flat_map(|&level| (u16::from(level) * 16).to_le_bytes());
    element(&mut out, 0x7FE0_0010, "OW", &levels.collect::<Vec<u8>>());
    out
}

const PLAIN: &[u8] = b"1.2.840.10008.1.2.1\0";
/// MPEG-4, which is not read.
const FILM: &[u8] = b"1.2.840.10008.1.2.4.102\0";

/// A dataset in folders of patients, and scans: whole, cut off, damaged, of a kind that is not read, without an image, called
/// `.png`, called nothing.
fn drop_files(bed: &TestBed, inbox: &str) {
    let [folder, inner, group, patient] = [IN_NAMES[6], IN_NAMES[7], IN_NAMES[8], IN_NAMES[10]];
    let mut list = vec!["file,group".to_owned()];
    for look in Look::ALL {
        for number in 0..4 {
            let file = format!("{look}/{folder}/{}-{number}.dcm", IN_NAMES[0]);
            bed.write(format!("{inbox}/datasets/shapes/{file}"), dicom(look, number, PLAIN));
            list.push(format!("{file},{group}-{look}-{}", number / 2));
        }
    }
    // The same image twice, and under two labels.
    let [one, other] = Look::ALL;
    bed.write(format!("{inbox}/datasets/shapes/{one}/{}.png", IN_NAMES[1]), dicom(one, 0, PLAIN));
    for look in [one, other] {
        bed.write(format!("{inbox}/datasets/shapes/{look}/{}.dcm", IN_NAMES[2]), dicom(one, 9, PLAIN));
    }
    list.push(format!("{}.dcm,{group}-none\n", IN_NAMES[9]));
    bed.write(format!("{inbox}/datasets/shapes/groups.csv"), list.join("\n"));
    bed.write(format!("{inbox}/datasets/shapes/{}.dcm", IN_NAMES[5]), dicom(one, 10, PLAIN));
    let whole = dicom(other, 20, PLAIN);
    let scans = format!("{inbox}/scans/shapes");
    bed.write(format!("{scans}/{inner}/{}.dcm", IN_NAMES[3]), &whole);
    // A receiver that sorts by patients.
    bed.write(format!("{inbox}/scans/{patient}/{}.dcm", IN_NAMES[3]), dicom(one, 24, PLAIN));
    bed.write(format!("{scans}/{}", IN_NAMES[3]), dicom(one, 21, PLAIN));
    bed.write(format!("{scans}/{}.png", IN_NAMES[3]), dicom(one, 22, PLAIN));
    bed.write(format!("{scans}/{}-cut.dcm", IN_NAMES[4]), &whole[..whole.len() - 100]);
    bed.write(format!("{scans}/{}-head.dcm", IN_NAMES[4]), &whole[..300]);
    bed.write(format!("{scans}/{}-film.png", IN_NAMES[4]), dicom(one, 23, FILM));
    bed.write(format!("{scans}/{}-none.dcm", IN_NAMES[4]), &whole[..whole.len() - 66_000.min(whole.len() / 2)]);
    bed.write(format!("{scans}/{}-text.dcm", IN_NAMES[4]), format!("no image of {}", word("PN", 0x0010_0010)));
}

/// The memory of the program, and results in DICOM: the only files with names.
fn holds_names(relative: &str) -> bool {
    let is_result = [".sc.dcm", ".sr.dcm"].iter().any(|kind| relative.ends_with(kind));
    let is_sent = ["outbox/", "explained/"].iter().any(|folder| relative.starts_with(folder));
    ["journal.ndjson", "attempts.ndjson"].contains(&relative)
        || relative.starts_with("registry/")
        || is_result && is_sent
}

/// Where which of the words are in what was written below `folder`, in names and contents.
fn found_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).follow_links(false).into_iter().filter_map(Result::ok) {
        let relative = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        let is_read = entry.file_type().is_file() && !holds_names(&relative);
        let bytes = if is_read { fs::read(entry.path()).unwrap() } else { Vec::new() };
        assert!(!contains(&bytes, b"zTXt"), "a compressed text, which nobody looks into, in {relative}");
        found.extend(found_in(&relative, relative.as_bytes()));
        found.extend(found_in(&relative, &bytes));
    }
    found
}

fn found_in(place: &str, bytes: &[u8]) -> Vec<String> {
    let there = canaries().into_iter().filter(|word| contains(bytes, word.as_bytes()));
    there.map(|word| format!("{word} in {place}: {}", around(bytes, word.as_bytes()))).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn around(bytes: &[u8], part: &[u8]) -> String {
    let at = bytes.windows(part.len()).position(|window| window == part).unwrap_or_default();
    String::from_utf8_lossy(&bytes[at.saturating_sub(120)..(at + 60).min(bytes.len())]).into_owned()
}

/// Planted words in what commands print, which end with these exit codes.
fn printed(bed: &TestBed, all: &[(i32, &[&str])]) -> Vec<String> {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (code, args) in all {
        let ran = bed.run(args);
        if ran.code != *code {
            wrong.push(format!("{args:?} ended with {}: {}", ran.code, ran.stderr.lines().last().unwrap_or_default()));
        }
        found.extend(found_in(args[0], format!("{}{}", ran.stdout, ran.stderr).as_bytes()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    found
}

fn bed() -> TestBed {
    let bed = TestBed::new().set("augment.copies", "1").set("train.max_epochs", "2").set("report.dicom", "true");
    bed.set("augment.contact_sheet", "true").set("log.level", "trace").set("split.group_pattern", "^(nobody)_")
}

#[test]
fn no_planted_word_leaves_dicom_files_and_their_names() {
    let bed = bed();
    drop_files(&bed, "inbox");
    let scan = format!("inbox/scans/shapes/{}", IN_NAMES[3]);
    let cut = format!("inbox/scans/shapes/{}-cut.dcm", IN_NAMES[4]);
    let mut found = printed(&bed, &[(0, &["run", "--once"])]);
    assert!(bed.state("reports/shapes").read_dir().unwrap().count() >= 4, "nothing was explained");
    let dataset_page = fs::read_to_string(bed.state("reports/shapes/dataset.html")).unwrap();
    assert!(dataset_page.contains("label-conflict") && dataset_page.contains("file-"), "what is left out is named");
    let run = only_name(&bed, "runs/shapes");
    let commands: [(i32, &[&str]); 14] = [
        (0, &["status"]),
        (0, &["status", "--json"]),
        (0, &["check"]),
        (0, &["models", "list"]),
        (0, &["models", "show", &run]),
        (65, &["explain", &scan, &cut, "--out", "state/explained"]),
        (65, &["explain", "inbox/scans", "--json", "--out", "state/explained"]),
        (0, &["preview", &scan, "--out", "state/previews"]),
        (0, &["augment", "inbox/datasets/shapes", "state/copies"]),
        (0, &["replay", "state/copies/manifest.jsonl"]),
        (0, &["forget", &scan, "--dry-run"]),
        (0, &["statistics", "inbox/datasets/shapes"]),
        (0, &["train", "inbox/datasets/shapes"]),
        (0, &["run", "--once"]),
    ];
    found.extend(printed(&bed, &commands));
    assert!(found_in("outbox", &outbox(&bed)).len() > 3, "results name the patient");
    found.extend(found_below(&bed.state("")));
    let manifest = fs::read_to_string(bed.state("copies/manifest.jsonl")).unwrap();
    assert!(manifest.contains("file-"), "{manifest}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// All bytes of all results.
fn outbox(bed: &TestBed) -> Vec<u8> {
    let files = fs::read_dir(bed.state("outbox")).unwrap();
    files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn no_planted_word_is_in_what_a_service_says_before_and_after_a_restart() {
    let bed = bed().set("watch.max_settle", "2s");
    let mut found = Vec::new();
    for life in 0..2 {
        let mut service = bed.start();
        if life == 0 {
            drop_files(&bed, "inbox");
        }
        service.ready();
        service.wait_for_count("scans_explained", 3);
        service.wait_for_count("quarantined", 8);
        let scan = format!("scans/shapes/{}", IN_NAMES[3]);
        let asked: [(i32, &[&str]); 4] = [
            (0, &["status"]),
            (0, &["status", "--json"]),
            (0, &["forget", &scan, "--dry-run"]),
            (0, &["models", "list"]),
        ];
        found.extend(printed(&bed, &asked));
        let ended = service.stop();
        found.extend(found_in("log", ended.log.join("\n").as_bytes()));
        found.extend(found_below(&bed.state("")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn names_that_were_shown_are_gone_after_a_restart_that_hides_them() {
    let bed = TestBed::new();
    drop_files(&bed, "inbox");
    for look in Look::ALL {
        fs::remove_dir_all(bed.inbox(format!("datasets/shapes/{look}/{}", IN_NAMES[6]))).unwrap();
    }
    let in_reasons = || found_below(&bed.state("quarantine")).len();
    let named = bed.command(&["run", "--once", "--set=privacy.names=true"]);
    assert_eq!(finish(named).code, 0);
    assert!(in_reasons() > 5);
    let n = fs::read_dir(bed.state("quarantine")).unwrap().count();
    for _ in 0..2 {
        bed.run(&["run", "--once"]).ok();
        assert_eq!((in_reasons(), fs::read_dir(bed.state("quarantine")).unwrap().count()), (0, n));
        fs::remove_file(bed.state("site.key")).unwrap();
    }
}

#[test]
fn names_are_shown_where_that_is_configured_and_then_they_are_found() {
    let bed = bed().set("privacy.names", "true").set("augment.copies", "0");
    drop_files(&bed, "inbox");
    let found = printed(&bed, &[(0, &["run", "--once"])]).join("\n") + &found_below(&bed.state("")).join("\n");
    for word in [IN_NAMES[1], IN_NAMES[3], IN_NAMES[4], IN_NAMES[5]] {
        assert!(found.contains(word), "{word}");
    }
    assert!(!found.contains("CANARY0"), "what a file holds is never shown: {found}");
}

#[test]
fn hidden_names_lead_back_to_their_files() {
    let bed = TestBed::new().set("privacy.names", "false").sharing_features().set("train.max_epochs", "1");
    let bed = bed.set("augment.copies", "0");
    bed.drop_dataset(4);
    bed.drop_scan(Look::ALL[0], 1);
    bed.write("inbox/scans/shapes/broken.png", "no image");
    let messages = bed.run(&["run", "--once"]).stderr;
    assert!(!messages.contains("broken.png") && !messages.contains("scan-"), "{messages}");
    let ends = |name: &str, args: &[&str]| {
        let ran = bed.run(args);
        assert!(ran.stdout.lines().any(|line| line.ends_with(name)), "{args:?}: {}{}", ran.stdout, ran.stderr);
    };
    let reason = only_name(&bed, "quarantine");
    ends("scans/shapes/broken.png", &["find", &reason]);
    let hidden = reason.trim_end_matches(".txt");
    ends("scans/shapes/broken.png", &["find", &format!("scans/shapes/{hidden}"), "inbox"]);
    let [report] = bed.reports().try_into().unwrap();
    let report = report.file_name().unwrap().to_str().unwrap();
    assert_eq!(report.len(), 16, "{report}");
    ends(&format!("scan-{}-1.png", Look::ALL[0]), &["find", report]);
    std::os::unix::fs::symlink("/etc/hostname", bed.inbox("scans/shapes/link.png")).unwrap();
    let skipped = bed.run(&["run", "--once"]).stderr;
    let link = skipped.split(['`', '/']).filter(|part| part.starts_with("folder-") || part.starts_with("file-"));
    let link = link.map(|part| bed.run(&["find", part]).stdout).find(|found| found.ends_with("link.png\n"));
    assert!(link.is_some(), "a link that was named is found: {skipped}");
    assert_eq!(bed.run(&["find", "file-0123456789ab"]).code, 66);
    assert_eq!(bed.run(&["find", "broken"]).code, 64);
    let forgotten = bed.run(&["forget", hidden, "--dry-run"]).ok();
    assert!(!forgotten.stdout.contains("broken"), "{}", forgotten.stdout);
}

/// The one file or folder in a folder of the state folder.
fn only_name(bed: &TestBed, folder: &str) -> String {
    let names: Vec<_> = fs::read_dir(bed.state(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let [name] = names.as_slice() else { panic!("{names:?}") };
    name.to_string_lossy().into_owned()
}

#[test]
fn statistics_show_the_class_of_a_hidden_file() {
    let bed = TestBed::new();
    let [folder, class] = [IN_NAMES[6], "disc"];
    bed.write(format!("inbox/datasets/shapes/{class}/{folder}/{}.dcm", IN_NAMES[0]), "no image");
    for named in ["inbox/datasets/shapes", "elsewhere"] {
        if named == "elsewhere" {
            std::os::unix::fs::symlink(bed.path("inbox/datasets/shapes"), bed.path(named)).unwrap();
        }
        let said = bed.run(&["statistics", named]).stderr;
        assert!(said.contains(&format!("{class}/file-")) && !said.contains("CANARY"), "{said}");
    }
}

#[test]
fn only_the_programs_user_may_read_the_files_with_names() {
    use std::os::unix::fs::PermissionsExt;

    let bed = TestBed::new();
    bed.write("inbox/scans/DOE.dcm", "no image");
    bed.run(&["run", "--once"]);
    let mode = |name: &str| fs::metadata(bed.state(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["journal.ndjson", "registry", "site.key"].map(mode), [0o600, 0o700, 0o600]);
}
