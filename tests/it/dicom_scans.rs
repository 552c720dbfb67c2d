//! Scans as a device of a hospital sends them: with a patient, a study and identifiers.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::pictures::{self, Look};

/// What an archive holds; `study` may be empty.
pub struct DicomScan {
    pub look: Look,
    pub number: u64,
    /// Specific Character Set.
    pub set: &'static str,
    pub patient: &'static [u8],
    pub study: &'static str,
    /// Other elements: tag, type and value.
    pub others: Vec<(u32, &'static str, &'static str)>,
}

impl DicomScan {
    pub fn new(number: u64) -> Self {
        let (set, patient) = ("ISO_IR 100", b"M\xfcller^J\xf6rg".as_slice());
        Self { look: Look::Disc, number, set, patient, study: "1.2.826.0.1.1", others: Vec::new() }
    }

    pub fn instance(&self) -> String {
        format!("1.2.826.0.1.1.7.{}", self.number)
    }

    /// The whole file, explicit and little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let (class, instance) = ("1.2.840.10008.5.1.4.1.1.1", self.instance());
        let mut group = Vec::new();
        element(&mut group, 0x0002_0001, "OB", &[0, 1]);
        element(&mut group, 0x0002_0002, "UI", class.as_bytes());
        element(&mut group, 0x0002_0003, "UI", instance.as_bytes());
        element(&mut group, 0x0002_0010, "UI", b"1.2.840.10008.1.2.1");
        element(&mut group, 0x0002_0012, "UI", b"1.2.826.0.1.99");
        let mut out = [vec![0; 128], b"DICM".to_vec()].concat();
        element(&mut out, 0x0002_0000, "UL", &(group.len() as u32).to_le_bytes());
        out.extend(group);
        let texts: [(u32, &str, &[u8]); 18] = [
            (0x0008_0005, "CS", self.set.as_bytes()),
            (0x0008_0016, "UI", class.as_bytes()),
            (0x0008_0018, "UI", instance.as_bytes()),
            (0x0008_0020, "DA", b"20260102"),
            (0x0008_0030, "TM", b"101112.5"),
            (0x0008_0050, "SH", b"ACC-77"),
            (0x0008_0060, "CS", b"CR"),
            (0x0008_0064, "CS", b"DF"),
            (0x0008_0070, "LO", b"A maker of devices"),
            (0x0008_0090, "PN", b"Referrer^R"),
            (0x0010_0010, "PN", self.patient),
            (0x0010_0020, "LO", b"PID 4711"),
            (0x0010_0021, "LO", b"A hospital"),
            (0x0010_0030, "DA", b"19700203"),
            (0x0010_0040, "CS", b"F"),
            (0x0020_000D, "UI", self.study.as_bytes()),
            (0x0020_000E, "UI", b"1.2.826.0.1.1.3"),
            (0x0020_0010, "SH", b"ST 8"),
        ];
        let pixels = pictures::picture(self.look, self.number);
        let number = |number: u32| (number as u16).to_le_bytes().to_vec();
        let numbers = [
            (0x0028_0002, 1),
            (0x0028_0010, pixels.height()),
            (0x0028_0011, pixels.width()),
            (0x0028_0100, 8),
            (0x0028_0101, 8),
            (0x0028_0102, 7),
            (0x0028_0103, 0),
        ];
        let mut all: Vec<(u32, &str, Vec<u8>)> =
            texts.into_iter().map(|(tag, kind, value)| (tag, kind, value.to_vec())).collect();
        all.extend(self.others.iter().map(|(tag, kind, value)| (*tag, *kind, value.as_bytes().to_vec())));
        all.extend(numbers.map(|(tag, value)| (tag, "US", number(value))));
        all.push((0x0028_0004, "CS", b"MONOCHROME2".to_vec()));
        all.push((0x7FE0_0010, "OB", pixels.into_raw()));
        all.sort_by_key(|(tag, ..)| *tag);
        for (tag, kind, value) in all {
            element(&mut out, tag, kind, &value);
        }
        out
    }
}

fn element(out: &mut Vec<u8>, tag: u32, kind: &str, value: &[u8]) {
    out.extend([(tag >> 16) as u16, tag as u16].iter().flat_map(|part| part.to_le_bytes()));
    out.extend(kind.as_bytes());
    let length = value.len().next_multiple_of(2);
    if kind == "OB" {
        out.extend([0, 0]);
        out.extend((length as u32).to_le_bytes());
    } else {
        out.extend((length as u16).to_le_bytes());
    }
    out.extend(value);
    out.resize(out.len() + length - value.len(), if ["UI", "OB"].contains(&kind) { 0 } else { b' ' });
}

/// What a tool of dcmtk prints of a file, each byte as one letter; a word of warning is a failure.
#[track_caller]
pub fn dcmtk(tool: &Path, args: &[&str], file: &Path) -> String {
    let ran = Command::new(tool).args(args).arg(file).output().unwrap();
    // dcmtk's own check of values has no UTF-8; that says nothing of the file.
    let unchecked = "W: The VR checker does not support this Specific Character Set: ISO_IR 192\n";
    let text = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect::<String>();
    assert_eq!(
        (ran.status.code(), text(ran.stderr).replace(unchecked, "")),
        (Some(0), String::new()),
        "{} {}",
        tool.display(),
        file.display()
    );
    text(ran.stdout)
}

/// The names of the files in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
