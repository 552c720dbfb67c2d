//! Names from users are text on every page, whatever they contain.

use super::*;

#[test]
fn hostile_names_stay_text() {
    let dir = tempfile::tempdir().unwrap();
    let scan = "\"><script>alert(1)</script>\u{202e}gnp.svg";
    let classes = ["<b>bold", "x\" onload=\"alert(1)"];
    let folder = report(dir.path(), scan, classes, 0);
    Gallery::new(dir.path()).write(&UNKNOWN).unwrap();
    for page in [dir.path().join(&folder).join("report.html"), dir.path().join("index.html")] {
        let html = fs::read_to_string(&page).unwrap();
        assert_eq!(html.matches("<script>").count(), 1, "only the page's own: {}", page.display());
        for raw in ["<script>alert", "<b>bold", "x\" onload", "\u{202e}"] {
            assert!(!html.contains(raw), "{raw:?} in {}", page.display());
        }
    }
    let record = fs::read_to_string(dir.path().join(&folder).join("report.json")).unwrap();
    assert_eq!(serde_json::from_str::<ReportRecord>(&record).unwrap().scan, scan);
}
