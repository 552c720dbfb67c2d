//! All reports on one page: in order, complete, the same every time, and split over pages when there are many.

use super::*;

#[test]
fn the_gallery_lists_every_report_newest_first_and_tells_what_it_could_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let old = report(dir.path(), "old.png", ["patchy", "plain"], 0);
    let new = report(dir.path(), "new #1.png", ["patchy", "plain"], 60);
    let torn = report(dir.path(), "torn.png", ["patchy", "plain"], 120);
    fs::write(dir.path().join(&torn).join("report.json"), "{").unwrap();
    fs::create_dir_all(dir.path().join("phantoms/unfinished-12345678")).unwrap();
    let listed = Gallery::new(dir.path()).write(&UNKNOWN).unwrap();
    assert_eq!(
        listed,
        Listed { n_reports: 2, n_obsolete: 0, unreadable: vec![dir.path().join(&torn).join("report.json")] }
    );
    insta::assert_snapshot!(text_of(&fs::read_to_string(dir.path().join("index.html")).unwrap()));
    let csv = fs::read_to_string(dir.path().join("results.csv")).unwrap();
    let last_cells: Vec<_> = csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().to_owned()).collect();
    assert_eq!(last_cells, [format!("{new}/report.html"), format!("{old}/report.html")]);
    assert!(csv.starts_with("scan,dataset,predicted,score,status,warnings,model,created,width,height,sha256,score patchy,score plain,class_removed,unlike_training_images,report\r\n"));
}

#[test]
fn the_gallery_is_the_same_every_time_and_says_when_it_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Gallery::new(&dir.path().join("none")).write(&UNKNOWN).unwrap().n_reports, 0);
    let empty = text_of(&fs::read_to_string(dir.path().join("none/index.html")).unwrap());
    assert!(empty.contains("No reports yet"), "{empty}");
    for name in ["a.png", "b.png", "c.png"] {
        report(dir.path(), name, ["patchy", "plain"], 0);
    }
    let index = || fs::read(dir.path().join("index.html")).unwrap();
    Gallery::new(dir.path()).write(&UNKNOWN).unwrap();
    let first = index();
    Gallery::new(dir.path()).write(&UNKNOWN).unwrap();
    assert_eq!(first, index());
}

#[test]
fn a_gallery_that_is_written_again_is_that_of_the_reports_there_are_now() {
    let dir = tempfile::tempdir().unwrap();
    let reports: Vec<_> =
        ["a.png", "b.png", "c.png"].map(|name| report(dir.path(), name, ["patchy", "plain"], 0)).into();
    let mut gallery = Gallery::new(dir.path());
    gallery.write(&UNKNOWN).unwrap();
    fs::remove_dir_all(dir.path().join(&reports[0])).unwrap();
    fs::write(dir.path().join(&reports[1]).join("report.json"), "{").unwrap();
    report(dir.path(), "d.png", ["patchy", "plain"], 60);
    gallery.survey().unwrap();
    let listed = gallery.write(&UNKNOWN).unwrap();
    let index = || fs::read_to_string(dir.path().join("index.html")).unwrap();
    let again = index();
    assert_eq!((listed.n_reports, listed.unreadable.len()), (2, 1));
    assert_eq!(Gallery::new(dir.path()).write(&UNKNOWN).unwrap(), listed);
    assert_eq!(index(), again, "as one that knows nothing from before writes it");
}

#[test]
fn many_reports_are_shared_out_and_a_new_one_changes_the_first_page_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = dir.path().join(report(dir.path(), "0.png", ["patchy", "plain"], 0));
    let copy = |number: u64| {
        let to = dir.path().join(format!("phantoms/copy-{number:04}"));
        fs::create_dir_all(&to).unwrap();
        fs::hard_link(first.join("report.html"), to.join("report.html")).unwrap();
        let record = fs::read_to_string(first.join("report.json")).unwrap();
        fs::write(to.join("report.json"), record.replace("0.png", &format!("{number}.png"))).unwrap();
    };
    (1..1200).for_each(copy);
    let mut gallery = Gallery::new(dir.path());
    assert_eq!(gallery.write(&UNKNOWN).unwrap().n_reports, 1200);
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let n_rows = |page: &str| page.matches("<li>").count();
    let (index, older) = (read("index.html"), read("older-0001.html"));
    assert_eq!((n_rows(&index), n_rows(&older)), (700, 500));
    assert!(index.contains("1,200 reports") && index.contains("href=\"older-0001.html\""));
    assert!(
        older.contains("href=\"index.html\"")
            && older.contains("500 older reports")
            && !older.contains(">older reports<")
    );
    let stamp = || fs::metadata(dir.path().join("older-0001.html")).unwrap().modified().unwrap();
    let written = stamp();
    gallery.add(&report(dir.path(), "new.png", ["patchy", "plain"], 60));
    assert_eq!(gallery.write(&UNKNOWN).unwrap().n_reports, 1201);
    assert!(read("index.html").contains("new.png") && stamp() == written);
    fs::remove_dir_all(dir.path().join("phantoms")).unwrap();
    gallery.survey().unwrap();
    assert_eq!(gallery.write(&UNKNOWN).unwrap().n_reports, 0);
    assert!(["html", "js"].iter().all(|ending| !dir.path().join(format!("older-0001.{ending}")).exists()));
}

#[test]
fn a_report_of_a_class_that_its_dataset_no_longer_has_is_marked() {
    let dir = tempfile::tempdir().unwrap();
    let folder = report(dir.path(), "a.png", ["covid", "normal"], 1);
    let mut gallery = Gallery::new(dir.path());
    let page = || fs::read_to_string(dir.path().join("index.html")).unwrap();
    let table = || fs::read_to_string(dir.path().join("results.csv")).unwrap();
    let current = |classes: &[&str]| -> CurrentClasses {
        let classes = classes.iter().map(|name| class(name)).collect();
        [(crate::domain::DatasetName::new("phantoms").unwrap(), classes)].into()
    };
    let record = fs::read(dir.path().join(folder).join("report.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let predicted = record["predicted"].as_str().unwrap().to_owned();
    assert_eq!(gallery.write(&current(&[&predicted, "new"])).unwrap().n_obsolete, 0);
    assert!(!page().contains(">class removed<") && table().contains(",false,"));
    assert_eq!(gallery.write(&current(&["new"])).unwrap().n_obsolete, 1);
    assert!(page().contains(">class removed<") && table().contains(",true,"));
}

#[test]
fn a_report_that_the_system_refuses_to_read_is_not_lost_and_is_listed_once_it_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let [kept, refused, gone] =
        ["a.png", "b.png", "c.png"].map(|name| report(dir.path(), name, ["patchy", "plain"], 0));
    let mut gallery = Gallery::new(dir.path());
    gallery.write(&UNKNOWN).unwrap();
    gallery.all_read().unwrap();
    let record = dir.path().join(&refused).join("report.json");
    let bytes = fs::read(&record).unwrap();
    fs::remove_file(&record).unwrap();
    // The system refuses to follow a link to itself.
    std::os::unix::fs::symlink("report.json", &record).unwrap();
    fs::remove_dir_all(dir.path().join(&gone)).unwrap();
    gallery.survey().unwrap();
    let hash = gallery.newest().next().unwrap().hash;
    let lacking = gallery.lacking([&kept, &refused, &gone].map(|folder| (folder, folder.as_str(), hash)).into_iter());
    assert_eq!(lacking, [&gone]);
    assert_eq!(gallery.write(&UNKNOWN).unwrap().n_reports, 1);
    let error = gallery.all_read().unwrap_err().to_string();
    assert!(error.contains(&refused) && error.contains("check the disk"), "{error}");

    fs::remove_file(&record).unwrap();
    fs::write(&record, bytes).unwrap();
    gallery.survey().unwrap();
    gallery.all_read().unwrap();
    assert_eq!(gallery.as_written(&UNKNOWN).unwrap(), None, "it lacks a report");
    assert_eq!(gallery.write(&UNKNOWN).unwrap().n_reports, 2);
}
