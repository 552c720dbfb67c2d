//! `results.csv`: one line a report, one score column a class, for spreadsheets and scripts (RFC 4180).
//!
//! Lines of reports that are as they were are copied from the table before: a new report costs the reading of its own record and
//! one copy of the file. The table is always whole, for it replaces the one before in one step.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use rayon::prelude::*;

use super::error::ReportError;
use super::gallery_row::{GalleryRow, read};
use super::record::{PAGE, ReportRecord};
use super::set_identity::SetIdentity;
use crate::disk::write_atomic_with;
use crate::domain::{ClassName, FileStamp};

/// Beside the reports.
pub(super) const TABLE: &str = "results.csv";
const FACTS: [&str; 11] =
    ["scan", "dataset", "predicted", "score", "status", "warnings", "model", "created", "width", "height", "sha256"];
/// Records that are held at a time.
const AT_A_TIME: usize = 1_000;
/// Of a buffer between two tables.
const COPIED: usize = 1 << 20;

/// The table as it was written.
#[derive(Debug)]
pub(super) struct ResultsTable {
    classes: Vec<ClassName>,
    /// Bytes of the first line.
    head: u64,
    /// Bytes of the line of each report, the oldest first.
    lines: Vec<u64>,
    stamp: FileStamp,
    identity: SetIdentity,
}

impl ResultsTable {
    /// Writes the table of `rows` (the oldest first), the newest report in its first line. `before` is the table that is there, with
    /// how many of the oldest rows are as they are in it. `classes`: of all reports; a score is empty where a report has no such class.
    ///
    /// # Errors
    /// [`ReportError::Table`], [`ReportError::Disk`].
    pub(super) fn write(
        reports_dir: &Path,
        rows: &[GalleryRow],
        classes: Vec<ClassName>,
        before: Option<(Self, usize)>,
    ) -> Result<Self, ReportError> {
        let path = reports_dir.join(TABLE);
        let head = head(&classes)?;
        let (mut old, mut table) = Self::kept(&path, before, classes);
        let (n_kept, mut new_lines) = (table.lines.len(), Vec::new());
        table.head = head.len() as u64;
        table.identity.add(&head);
        write_atomic_with(&path, |out| {
            out.write_all(&head)?;
            let newest_first: Vec<&GalleryRow> = rows[n_kept..].iter().rev().collect();
            for rows in newest_first.chunks(AT_A_TIME) {
                for line in rows.par_iter().map(|row| line(reports_dir, row, &table.classes)).collect::<Vec<_>>() {
                    let line = line.map_err(io::Error::other)?;
                    out.write_all(&line)?;
                    pieces(&line).for_each(|piece| table.identity.add(piece));
                    new_lines.push(line.len() as u64);
                }
            }
            old.as_mut().map_or(Ok(0), |old| io::copy(old, out)).map(drop)
        })?;
        table.lines.extend(new_lines.iter().rev());
        table.stamp = stamp(&path);
        Ok(table)
    }

    /// What stays of the table before, read up to there; nothing of one that others changed, or that has other columns.
    fn kept(path: &Path, before: Option<(Self, usize)>, classes: Vec<ClassName>) -> (Option<BufReader<File>>, Self) {
        let none = |classes| Self {
            classes,
            head: 0,
            lines: Vec::new(),
            stamp: FileStamp::NONE,
            identity: SetIdentity::default(),
        };
        let Some((mut table, n)) = before.filter(|(table, _)| table.classes == classes && stamp(path) == table.stamp)
        else {
            return (None, none(classes));
        };
        match table.cut(path, n) {
            Ok(rest) => (Some(rest), table),
            Err(_) => (None, none(classes)),
        }
    }

    /// Takes the first line and those of all reports but the `n` oldest out of what is known, and reads up to there.
    fn cut(&mut self, path: &Path, n: usize) -> io::Result<BufReader<File>> {
        let n = n.min(self.lines.len());
        let gone = self.head + self.lines[n..].iter().sum::<u64>();
        let mut file = File::open(path)?;
        let mut reader = BufReader::with_capacity(COPIED, &mut file).take(gone);
        let mut piece = Vec::new();
        while reader.read_until(b'\n', &mut piece)? > 0 {
            self.identity.remove(&piece);
            piece.clear();
        }
        self.lines.truncate(n);
        file.seek(SeekFrom::Start(gone))?;
        Ok(BufReader::with_capacity(COPIED, file))
    }

    /// By which [`holds`] knows it.
    pub(super) fn identity(&self) -> SetIdentity {
        self.identity
    }
}

/// Whether the table that is there is the one of this identity.
pub(super) fn holds(reports_dir: &Path, identity: SetIdentity) -> bool {
    let of = |mut file: BufReader<File>| -> io::Result<SetIdentity> {
        let (mut identity, mut piece) = (SetIdentity::default(), Vec::new());
        while file.read_until(b'\n', &mut piece)? > 0 {
            identity.add(&piece);
            piece.clear();
        }
        Ok(identity)
    };
    File::open(reports_dir.join(TABLE)).map(BufReader::new).and_then(of).is_ok_and(|found| found == identity)
}

/// A cell may hold a line feed: what the identity is made of ends there, too.
fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split_inclusive(|byte| *byte == b'\n')
}

fn stamp(path: &Path) -> FileStamp {
    fs::metadata(path).map_or(FileStamp::NONE, |metadata| FileStamp::from(&metadata))
}

fn head(classes: &[ClassName]) -> Result<Vec<u8>, csv::Error> {
    let scores = classes.iter().map(|class| format!("score {class}"));
    let head = FACTS
        .map(str::to_owned)
        .into_iter()
        .chain(scores)
        .chain(["class_removed", "unlike_training_images", "report"].map(str::to_owned));
    written(head)
}

/// Empty for a report whose record has gone meanwhile; it is not listed the next time.
fn line(reports_dir: &Path, row: &GalleryRow, classes: &[ClassName]) -> Result<Vec<u8>, csv::Error> {
    read(reports_dir, &row.folder).map_or(Ok(Vec::new()), |record| written(cells(&record, row, classes)))
}

fn cells(record: &ReportRecord, row: &GalleryRow, classes: &[ClassName]) -> impl Iterator<Item = String> {
    let facts = [
        record.scan.clone(),
        record.dataset.to_string(),
        record.predicted.to_string(),
        record.top_score().to_string(),
        record.status.to_string(),
        record.warnings.len().to_string(),
        record.model.to_string(),
        record.created.clone(),
        record.image.width.to_string(),
        record.image.height.to_string(),
        record.hash.to_string(),
    ];
    let scores = classes.iter().map(|class| record.scores.get(class).map_or(String::new(), f64::to_string));
    let is_unlike = row.is_unlike.map_or(String::new(), |is_unlike| is_unlike.to_string());
    let last = [row.is_obsolete.to_string(), is_unlike, format!("{}/{PAGE}", row.folder)];
    facts.into_iter().chain(scores).chain(last)
}

fn written(cells: impl Iterator<Item = String>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells.map(|cell| not_a_formula(&cell)))?;
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// Where a spreadsheet would take text for the beginning of a formula, it gets an apostrophe before it: at the start of the cell,
/// and after what another list separator, a quote or a line feed could make the start of one.
fn not_a_formula(text: &str) -> String {
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        return text.to_owned();
    }
    let (mut safe, mut is_start) = (String::with_capacity(text.len()), true);
    for c in text.chars() {
        if is_start && matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') {
            safe.push('\'');
        }
        safe.push(c);
        is_start = matches!(c, '"' | '\'' | ',' | ';' | '|' | '\t' | '\r' | '\n') || is_start && c.is_whitespace();
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        for (text, quoted) in [
            ("plain name.png", "plain name.png"),
            ("a,b", "\"a,b\""),
            ("say \"x\"\n", "\"say \"\"x\"\"'\n\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("@cmd", "'@cmd"),
            ("-0.5", "-0.5"),
            ("-inf", "'-inf"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3+cmd|' /C calc'!D2", "'-2+3+cmd|' /C calc'!D2"),
            ("=1+2\";=1+2", "\"'=1+2\"\";'=1+2\""),
            ("=1+2'\" ;,=1+2", "\"'=1+2'\"\" ;,'=1+2\""),
            ("\t=1", "'\t'=1"),
            ("\r=1", "\"'\r'=1\""),
            (" =1", " '=1"),
            ("＝1", "'＝1"),
            ("scan a-b_c+d@e.png", "scan a-b_c+d@e.png"),
        ] {
            let row = [text.to_owned(), String::new()];
            assert_eq!(String::from_utf8(written(row.into_iter()).unwrap()).unwrap(), format!("{quoted},\r\n"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_list_separator_makes_a_formula_of_a_name(text in "[-=+@a1 \"',;\t\r\n|]{0,12}") {
            let line = String::from_utf8(written([text.clone(), "x".to_owned()].into_iter()).unwrap()).unwrap();
            let is_number = text.parse::<f64>().is_ok();
            for separator in [',', ';', '\t', '|', '"', '\n'] {
                let cells = line.split(separator).map(|cell| cell.trim_start_matches([' ', '"']));
                let formula = cells.into_iter().any(|cell| cell.starts_with(['=', '+', '-', '@']));
                prop_assert!(!formula || is_number, "{line:?} split at {separator:?}");
            }
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record[0].replace('\'', ""), text.replace('\'', ""));
        }
    }
}
