//! The lines of a `groups.csv`, found by a file's path however the list writes it.
//!
//! Lists come from other machines and programs: with absolute paths, `./`, backslashes, another Unicode form, the names that
//! files had before they were converted. A line names a file when one of the two paths ends with the other, part by part.

use unicode_normalization::UnicodeNormalization;

use crate::domain::Split;

/// What a list holds.
#[derive(Debug, Default)]
pub(super) struct GroupList {
    lines: Vec<GroupLine>,
    /// With the files' extensions, and without.
    by_path: PathIndex,
    by_stem: PathIndex,
}

/// One line.
#[derive(Debug)]
struct GroupLine {
    /// As it is written.
    file: String,
    /// `None` where nothing is written.
    group: Option<String>,
}

/// What a list says of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListedGroup<'a> {
    None,
    Of(&'a str),
    /// Its lines contradict each other.
    Several,
}

impl GroupList {
    /// Reads a list; an empty text is one without lines.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // Spreadsheets begin a text with this mark.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| error.to_string())?;
        if !headers.is_empty() && headers != vec!["file", "group"] {
            return Err("its first line is not `file,group`".to_owned());
        }
        let lines = reader.deserialize::<(String, String)>().map(|line| {
            let (file, group) = line.map_err(|error| error.to_string())?;
            Ok(GroupLine { file, group: Some(group).filter(|group| !group.is_empty()) })
        });
        Self::new(lines.collect::<Result<_, String>>()?)
    }

    fn new(lines: Vec<GroupLine>) -> Result<Self, String> {
        let by_path = PathIndex::new(lines.iter().map(|line| key(&line.file)));
        let by_stem = PathIndex::new(lines.iter().map(|line| without_extension(&key(&line.file))));
        let twice = by_path
            .0
            .windows(2)
            .find(|pair| pair[0].0 == pair[1].0 && group(&lines, pair, 0) != group(&lines, pair, 1));
        if let Some(pair) = twice {
            let [one, other] = [pair[0].1, pair[1].1].map(|at| at + 2);
            return Err(format!("lines {one} and {other} put one file into two groups"));
        }
        Ok(Self { lines, by_path, by_stem })
    }

    /// The numbers of the lines that name the file at `path`, which is relative to the dataset's folder and `/`-separated:
    /// those that agree with it in most parts, and of these those with its own extension. A folder that names a side may have been added since.
    pub(super) fn lines_of(&self, path: &str) -> Vec<usize> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        let unsorted = path.split_once('/').filter(|(folder, _)| Split::named(folder).is_some()).map(|(_, path)| path);
        let keys: Vec<String> = [Some(path), unsorted].into_iter().flatten().map(key).collect();
        let named = |key: &String| {
            let stem = without_extension(key);
            // A list may name files without any extension, and their names may have dots.
            [self.by_path.find(key), self.by_path.find(&stem), self.by_stem.find(&stem)]
        };
        let found =
            keys.iter().flat_map(named).reduce(|best, other| if other.n_parts > best.n_parts { other } else { best });
        found.unwrap_or_default().lines
    }

    /// What these lines, which name one file, say of its group.
    pub(super) fn group_by(&self, lines: &[usize]) -> ListedGroup<'_> {
        let mut groups = lines.iter().map(|line| self.lines[*line].group.as_deref());
        match groups.next() {
            Some(first) if groups.any(|group| group != first) => ListedGroup::Several,
            Some(Some(group)) => ListedGroup::Of(group),
            _ => ListedGroup::None,
        }
    }

    /// The group of the file at `path`; `None` when no line has one for it, or lines contradict each other.
    pub(super) fn group_of(&self, path: &str) -> Option<&str> {
        if let ListedGroup::Of(group) = self.group_by(&self.lines_of(path)) { Some(group) } else { None }
    }

    pub(super) fn n_lines(&self) -> usize {
        self.lines.len()
    }

    /// What line `number`, from 0, names, as it is written.
    pub(super) fn file(&self, number: usize) -> &str {
        &self.lines[number].file
    }
}

fn group<'a>(lines: &'a [GroupLine], pair: &[(String, usize)], at: usize) -> Option<&'a str> {
    lines[pair[at].1].group.as_deref()
}

/// Lines that name a file, and in how many parts of the path they agree with it.
#[derive(Debug, Default)]
struct FoundLines {
    n_parts: usize,
    lines: Vec<usize>,
}

/// Lines by the keys of their paths, in order.
#[derive(Debug, Default)]
struct PathIndex(Vec<(String, usize)>);

impl PathIndex {
    fn new(keys: impl Iterator<Item = String>) -> Self {
        let mut keys: Vec<_> = keys.enumerate().map(|(line, key)| (key, line)).collect();
        keys.sort_unstable();
        Self(keys)
    }

    /// The lines of the same path; else those whose path ends with this one; else those with which this one ends, the
    /// longest.
    fn find(&self, key: &str) -> FoundLines {
        let n_parts = |key: &str| 1 + key.matches('/').count();
        let same = self.lines_with(|other| other == key, key);
        if !same.is_empty() {
            return FoundLines { n_parts: n_parts(key), lines: same };
        }
        let folder = format!("{key}/");
        let longer = self.lines_with(|other| other.starts_with(&folder), &folder);
        if !longer.is_empty() {
            return FoundLines { n_parts: n_parts(key), lines: longer };
        }
        let shorter = key.rmatch_indices('/').map(|(end, _)| &key[..end]);
        let mut found = shorter.map(|end| (end, self.lines_with(|other| other == end, end)));
        let found = found.find(|(_, lines)| !lines.is_empty());
        found.map_or_else(FoundLines::default, |(end, lines)| FoundLines { n_parts: n_parts(end), lines })
    }

    /// Those that `belong`, which stand together from `first` on.
    fn lines_with(&self, belong: impl Fn(&str) -> bool, first: &str) -> Vec<usize> {
        let start = self.0.partition_point(|(key, _)| key.as_str() < first);
        self.0[start..].iter().take_while(|(key, _)| belong(key)).map(|(_, line)| *line).collect()
    }
}

/// The parts of a path from its file on, so that paths that end alike begin alike.
fn key(path: &str) -> String {
    let path: String = path.nfc().map(|c| if c == '\\' { '/' } else { c }).collect();
    let parts = path.rsplit('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// The key without the extension of its file.
fn without_extension(key: &str) -> String {
    let (name, folders) = key.split_at(key.find('/').unwrap_or(key.len()));
    let stem = name.rfind('.').filter(|dot| *dot > 0).map_or(name, |dot| &name[..dot]);
    format!("{stem}{folders}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], path: &str, expected: Option<&str>) {
        let text: String =
            std::iter::once("file,group\n".to_owned()).chain(lines.iter().map(|l| format!("{l}\n"))).collect();
        let list = GroupList::parse(&text).unwrap();
        assert_eq!(list.group_of(path), expected, "{lines:?}: {path}");
    }

    #[test]
    fn a_file_is_found_however_its_path_is_written() {
        for line in [
            "covid/a.png",
            "./covid/a.png",
            "covid\\a.png",
            ".\\covid\\a.png",
            "C:\\data\\chest\\covid\\a.png",
            "/srv/data/chest/covid/a.png",
            "datasets/chest//covid/a.png",
            "a.png",
            "covid/a.dcm",
            "a.JPG",
            "\"covid/a\"",
            "A\u{30a}.png",
        ] {
            let path = if line.starts_with('A') { "covid/\u{c5}.png" } else { "covid/a.png" };
            check(&[&format!("{line},p1"), "covid/b.png,p2"], path, Some("p1"));
        }
        check(&["\u{feff}covid/a.png,p1"], "covid/b.png", None);
    }

    #[test]
    fn the_longest_agreement_and_the_files_own_extension_go_first() {
        check(&["a.png,p1", "normal/a.png,p2"], "normal/a.png", Some("p2"));
        check(&["a.png,p1", "normal/a.png,p2"], "covid/a.png", Some("p1"));
        check(&["a.dcm,p1", "a.png,p2"], "covid/a.png", Some("p2"));
        check(&["a.png,p2", "covid/a.dcm,p1"], "covid/a.png", Some("p1"));
        check(&["1.2.840.113.7,p1", "1.2.840.113.8,p2"], "covid/1.2.840.113.8.png", Some("p2"));
        check(&["/x/normal/a.png,p1", "/x/covid/a.png,p2"], "covid/a.png", Some("p2"));
        check(&["d/covid/a.png,p1"], "hospital/covid/a.png", None);
        check(&["/srv/d/covid/a.png,p1", "covid/b.png,p2"], "train/covid/a.png", Some("p1"));
    }

    #[test]
    fn a_name_that_is_only_alike_is_another_file() {
        for line in ["covid/aa.png,p", "xcovid/a.png,p", "covid/a.png/b.png,p", "normal/a.png,p"] {
            check(&[line], "covid/a.png", None);
        }
        check(&["covid/a.1.png,p"], "covid/a.2.png", None);
    }

    #[test]
    fn lines_that_contradict_each_other_say_nothing_and_an_empty_group_neither() {
        check(&["/x/covid/a.png,p1", "/y/covid/a.png,p2"], "covid/a.png", None);
        check(&["/x/covid/a.png,p1", "/y/covid/a.png,p1"], "covid/a.png", Some("p1"));
        check(&["covid/a.png,"], "covid/a.png", None);
        let error = GroupList::parse("file,group\ncovid/a.png,p1\n.\\covid\\a.png,p2\n").unwrap_err();
        assert_eq!(error, "lines 2 and 3 put one file into two groups");
    }

    #[test]
    fn a_spreadsheets_mark_is_passed_over() {
        let list = GroupList::parse("\u{feff}file,group\na.png,p\n").unwrap();
        assert_eq!((list.n_lines(), list.group_of("c/a.png"), list.file(0)), (1, Some("p"), "a.png"));
    }
}
