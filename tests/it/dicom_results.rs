//! Results of DICOM scans as DICOM: in the study of the scan, as dcmtk reads them, sent by its programs there and back, and
//! never taken in again.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::bed::{Ran, TestBed, copy, finish, tool};
use crate::dicom_scans::{DicomScan, dcmtk, names};
use crate::pictures::Look;
use crate::service::Service;

/// Elements that a result has as its scan has them: of the patient and of the study.
const COPIED: [&str; 11] = [
    "0008,0020",
    "0008,0030",
    "0008,0050",
    "0008,0090",
    "0010,0010",
    "0010,0020",
    "0010,0021",
    "0010,0030",
    "0010,0040",
    "0020,000d",
    "0020,0010",
];

fn bed() -> TestBed {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(3);
    bed.set("report.dicom", "true")
}

fn drop_scan(bed: &TestBed, name: &str, scan: &DicomScan) -> PathBuf {
    bed.write(format!("inbox/scans/shapes/{name}"), scan.bytes())
}

fn once(bed: &TestBed) -> Ran {
    bed.run(&["run", "--once", "--json"]).ok()
}

fn n_explained(ran: &Ran) -> u64 {
    ran.json()["done"]["scans_explained"].as_u64().unwrap()
}

/// Picture and structured report of the scan in `file`.
fn results(outbox: &Path, file: &Path) -> [PathBuf; 2] {
    let hash = gradwatch::domain::ContentHash::of(&fs::read(file).unwrap()).to_string();
    let dataset = gradwatch::domain::ContentHash::of(b"shapes").to_string();
    ["sc", "sr"].map(|kind| outbox.join(format!("{}-{}.{kind}.dcm", &hash[..16], &dataset[..8])))
}

/// The lines that dcmdump prints of some elements, without lengths and names.
fn values(dcmdump: &Path, file: &Path, tags: &[&str]) -> Vec<String> {
    let args: Vec<&str> = ["-s"].into_iter().chain(tags.iter().flat_map(|tag| ["+P", tag])).collect();
    let printed = dcmtk(dcmdump, &args, file);
    printed.lines().map(|line| line.split(" #").next().unwrap().trim_end().to_owned()).collect()
}

#[test]
fn results_lie_in_the_study_of_their_scan_and_are_as_dcmtk_wants_them() {
    let Some(tools) = ["dcmconv", "dcmdump", "dsrdump", "dciodvfy"].map(tool).into_iter().collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let [dcmconv, dcmdump, dsrdump, dciodvfy] = tools.as_slice() else { unreachable!() };
    let bed = bed();
    let utf8 = |number| DicomScan { set: "ISO_IR 192", patient: "山田^太郎".as_bytes(), ..DicomScan::new(number) };
    let burned = vec![(0x0028_0301, "CS", "YES"), (0x0018_0015, "CS", "CHEST")];
    let files = [
        drop_scan(&bed, "explicit", &DicomScan { others: burned, ..DicomScan::new(1) }),
        drop_scan(&bed, "implicit", &utf8(2)),
        drop_scan(&bed, "big-endian", &DicomScan { look: Look::Bars, ..DicomScan::new(3) }),
        drop_scan(&bed, "deflated", &utf8(4)),
    ];
    for (file, form) in files.iter().zip(["+te", "+ti", "+tb", "+td"]) {
        let mut convert = Command::new(dcmconv);
        assert_eq!(
            finish({
                convert.arg(form).args([file, file]);
                convert
            })
            .code,
            0
        );
    }
    assert_eq!(n_explained(&once(&bed)), 4);
    let outbox = bed.state("outbox");
    assert_eq!(names(&outbox).len(), 8);
    for file in &files {
        let [capture, report] = results(&outbox, file);
        for result in [&capture, &report] {
            assert_eq!(values(dcmdump, result, &COPIED), values(dcmdump, file, &COPIED), "{}", file.display());
            let checked = Command::new(dciodvfy).arg(result).output().unwrap();
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success() && !said.contains("Error"), "{said}");
            assert_ne!(values(dcmdump, result, &["0020,000e"]), values(dcmdump, file, &["0020,000e"]));
        }
        let scan = values(dcmdump, file, &["0008,0018"])[0].replace("(0008,0018) UI ", "");
        let shown = dcmtk(dcmdump, &["+L"], &capture);
        for part in
            ["=SecondaryCaptureImageStorage", r"DERIVED\SECONDARY", "[WSD]", "[Visual Explanation]", scan.as_str()]
        {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        let tree = dcmtk(dsrdump, &["+Pc", "+Pl"], &report);
        let class = if file.ends_with("big-endian") { "bars" } else { "disc" };
        for part in [
            "Enhanced SR Document",
            "UNVERIFIED",
            "Research use only, not for diagnostic use",
            &format!("TEXT:(121071,DCM,\"Finding\")=\"{class}\""),
            "NUM:(score,99GRADWATCH,\"Score\")=\"0.",
            "TEXT:(other-class,99GRADWATCH,",
            "IMAGE:(121112,DCM,\"Source of Measurement\")=(CR image,",
            "IMAGE:(130401,DCM,\"Visual Explanation\")=(SC image,",
            "TEXT:(121106,DCM,\"Comment\")=\"The model",
        ] {
            assert!(tree.contains(part), "{part}\n{tree}");
        }
    }
    let of_first = values(dcmdump, &results(&outbox, &files[0])[0], &["0028,0301", "0018,0015", "0028,0004"]);
    assert_eq!(of_first, ["(0028,0301) CS [YES]", "(0018,0015) CS [CHEST]", "(0028,0004) CS [RGB]"]);
}

#[test]
fn own_results_are_neither_explained_nor_learned_and_explain_writes_them_beside_its_report() {
    let bed = bed().set("report.instance_uid", "true");
    let file = drop_scan(&bed, "scan", &DicomScan::new(1));
    drop_scan(&bed, "no-study", &DicomScan { study: "", ..DicomScan::new(2) });
    let ran = once(&bed);
    assert_eq!(n_explained(&ran), 2);
    assert!(ran.stderr.contains("Scan without valid identifiers in DICOM, so no result in DICOM"), "{}", ran.stderr);
    let warned = |file: &str| {
        let text = |folder: PathBuf| fs::read_to_string(folder.join(file)).unwrap();
        bed.reports()
            .into_iter()
            .map(text)
            .filter(|text| text.contains("no valid DICOM identifiers of study, series and image"))
            .count()
    };
    assert_eq!(["report.json", "report.html"].map(warned), [1, 1], "of the scan without a study");
    let outbox = bed.state("outbox");
    let [capture, report] = results(&outbox, &file);
    assert_eq!(names(&outbox).len(), 2);
    let reports = names(&bed.state("reports/shapes"));
    let record = |name: &str| {
        let report = reports.iter().find(|report| report.contains(name)).unwrap();
        fs::read_to_string(bed.state("reports/shapes").join(report).join("report.json")).unwrap()
    };
    let hash = capture.file_name().unwrap().to_str().unwrap()[..8].to_owned();
    assert!(record(&hash).contains(&format!("\"sop_instance_uid\": \"{}\"", DicomScan::new(1).instance())));

    for (from, to) in [(&capture, "scans/shapes/a"), (&report, "scans/b.dcm"), (&capture, "datasets/shapes/disc/c.dcm")]
    {
        bed.write(Path::new("inbox").join(to), fs::read(from).unwrap());
    }
    fs::remove_file(&capture).unwrap();
    let ran = once(&bed);
    assert_eq!((n_explained(&ran), &ran.json()["done"]["trainings"]), (0, &0.into()), "{}", ran.stderr);
    let said = ran.stderr.lines().filter(|line| line.contains("Own results in DICOM skipped first="));
    assert_eq!(said.filter(|line| line.ends_with("n_files=3")).count(), 1, "{}", ran.stderr);
    assert!(names(&bed.state("quarantine")).is_empty() && !capture.exists(), "what was sent is not made again");

    let scan = file.to_str().unwrap();
    bed.run(&["explain", scan, "--out", "again"]).ok();
    let report = names(&bed.path("again")).into_iter().find(|name| name.contains(&hash)).unwrap();
    let again = bed.path("again").join(report).join(capture.file_name().unwrap());
    assert_eq!(fs::metadata(&again).unwrap().permissions().mode() & 0o777, 0o640, "it names the patient");
    let named = bed.run(&["explain", bed.inbox("scans/shapes/a").to_str().unwrap()]);
    assert!(named.stderr.contains("(own-result): a result that gradwatch wrote"), "{}", named.stderr);
}

#[test]
fn an_outbox_that_cannot_be_written_keeps_the_scan_waiting_and_an_erased_scan_leaves_nothing_in_it() {
    let bed = bed().set("report.outbox", "elsewhere/outbox");
    let file = drop_scan(&bed, "scan", &DicomScan::new(1));
    bed.write("elsewhere", "in the way");
    let checked = bed.run(&["check"]);
    assert!(checked.code == 78 && checked.stderr.contains("elsewhere"), "{} {}", checked.code, checked.stderr);
    let ran = bed.run(&["run", "--once"]);
    assert!(ran.code == 74 && ran.stderr.contains("elsewhere/outbox"), "{} {}", ran.code, ran.stderr);
    fs::remove_file(bed.path("elsewhere")).unwrap();
    fs::create_dir_all(bed.path("elsewhere/outbox")).unwrap();
    bed.run(&["check"]).ok();
    assert_eq!(n_explained(&once(&bed)), 1);
    assert_eq!(names(&bed.path("elsewhere/outbox")).len(), 2);
    bed.run(&["forget", file.to_str().unwrap(), "--yes"]).ok();
    assert!(names(&bed.path("elsewhere/outbox")).is_empty());
}

#[test]
fn text_in_the_pixels_is_warned_of_where_it_is_seen_or_the_file_says_so() {
    let bed = bed();
    drop_scan(&bed, "plain", &DicomScan::new(1));
    drop_scan(&bed, "marked", &DicomScan { others: vec![(0x0028_0301, "CS", "YES")], ..DicomScan::new(2) });
    let mut lettered = DicomScan::new(3).bytes();
    let first = lettered.len() - 96 * 96;
    for (y, stroke) in (86..94).flat_map(|y| (0..12).map(move |stroke| (y, stroke))) {
        lettered[first + y * 96 + 10 + 6 * stroke..][..2].fill(255);
    }
    bed.write("inbox/scans/shapes/lettered", lettered);
    assert_eq!(n_explained(&once(&bed)), 3);
    let is_warned = |name: &str| {
        let hash = gradwatch::domain::ContentHash::of(&fs::read(bed.inbox("scans/shapes").join(name)).unwrap());
        let reports = names(&bed.state("reports/shapes"));
        let report = reports.iter().find(|report| report.contains(&hash.to_string()[..8])).unwrap();
        ["report.html", "report.json"].map(|file| {
            let path = bed.state("reports/shapes").join(report).join(file);
            fs::read_to_string(path).unwrap().contains("Text seems to be burned into the image")
        })
    };
    assert_eq!(["plain", "marked", "lettered"].map(is_warned), [[false; 2], [true; 2], [true; 2]]);
}

/// A receiver of dcmtk that writes what is sent to it into `folder`.
struct Receiver {
    child: Child,
    port: u16,
}

impl Receiver {
    fn start(storescp: &Path, folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        // Freed again before it is used, because dcmtk takes no port 0; nobody else takes one that was just given away.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(storescp);
        command.args(["--fork", "--unique-filenames", "--output-directory"]).arg(folder).arg(port.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, port }
    }

    /// Tried until the receiver listens.
    fn send(&self, storescu: &Path, files: &[PathBuf]) {
        let is_there = || TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !is_there() {
            assert!(std::time::Instant::now() < deadline, "storescp does not listen");
            std::thread::yield_now();
        }
        let mut command = Command::new(storescu);
        command.args(["localhost", &self.port.to_string()]).args(files);
        let ran = finish(command);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_scan_that_is_sent_comes_back_explained() {
    let Some(tools) = ["storescp", "storescu"].map(tool).into_iter().collect::<Option<Vec<_>>>() else { return };
    let [receiver, sender] = tools.as_slice() else { unreachable!() };
    let bed = bed();
    let scan = bed.write("sent/scan.dcm", DicomScan::new(1).bytes());
    let inbox = Receiver::start(receiver, &bed.inbox("scans/shapes"));
    let archive = Receiver::start(receiver, &bed.path("archive"));
    let mut service = Service::start(&bed);
    inbox.send(sender, &[scan]);
    service.wait_for_count("scans_explained", 1);
    let outbox = bed.state("outbox");
    let results: Vec<PathBuf> = names(&outbox).iter().map(|name| outbox.join(name)).collect();
    assert_eq!(results.len(), 2);
    archive.send(sender, &results);
    let arrived = names(&bed.path("archive"));
    assert_eq!(arrived.len(), 2, "{arrived:?}");
    // The archive sends everything of the study on, as some are set up to do.
    copy(&bed.path("archive"), &bed.inbox("scans/shapes"));
    inbox.send(sender, &[bed.write("sent/another.dcm", DicomScan::new(2).bytes())]);
    service.wait_for_count("scans_explained", 2);
    assert_eq!(service.status().unwrap()["counters"]["scans_explained"], 2);
    let ended = service.stop();
    let log = ended.log.join("\n");
    assert!(log.contains("Own results in DICOM skipped"), "{log}");
    assert_eq!((names(&outbox).len(), bed.state("quarantine").exists()), (4, false));
}
