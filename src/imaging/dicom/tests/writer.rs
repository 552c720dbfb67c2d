//! A small writer of DICOM files. Elements are written in the order in which they are added.

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Implicit,
    Explicit,
    BigEndian,
    Deflated,
}

#[derive(Debug, Clone)]
pub(super) struct DicomWriter {
    form: Form,
    uid: &'static str,
    has_preamble: bool,
    /// Tag, type and value in little-endian order; `None` as a length is that of an open value.
    elements: Vec<(u32, &'static str, Vec<u8>, bool)>,
}

impl DicomWriter {
    pub(super) fn new() -> Self {
        Self { form: Form::Explicit, uid: "1.2.840.10008.1.2.1", has_preamble: true, elements: Vec::new() }
    }

    /// The header of a grey image with 0 for black.
    pub(super) fn grey(width: u16, height: u16, bits: u16) -> Self {
        Self::image(width, height, bits, "MONOCHROME2", 1)
    }

    pub(super) fn image(width: u16, height: u16, bits: u16, photometric: &str, n_samples: u16) -> Self {
        let allocated = if bits == 1 { 1 } else { bits.next_multiple_of(8) };
        Self::new()
            .u16(0x0028_0002, &[n_samples])
            .text(0x0028_0004, "CS", photometric)
            .u16(0x0028_0010, &[height])
            .u16(0x0028_0011, &[width])
            .u16(0x0028_0100, &[allocated])
            .u16(0x0028_0101, &[bits])
            .u16(0x0028_0102, &[bits - 1])
    }

    pub(super) fn form(mut self, form: Form) -> Self {
        self.form = form;
        self.uid = match form {
            Form::Implicit => "1.2.840.10008.1.2",
            Form::Explicit => "1.2.840.10008.1.2.1",
            Form::BigEndian => "1.2.840.10008.1.2.2",
            Form::Deflated => "1.2.840.10008.1.2.1.99",
        };
        self
    }

    pub(super) fn uid(mut self, uid: &'static str) -> Self {
        self.uid = uid;
        self
    }

    /// Without preamble and file group.
    pub(super) fn bare(mut self) -> Self {
        self.has_preamble = false;
        self
    }

    pub(super) fn element(mut self, tag: u32, kind: &'static str, value: &[u8]) -> Self {
        let mut value = value.to_vec();
        value.resize(value.len().next_multiple_of(2), 0);
        self.elements.push((tag, kind, value, false));
        self
    }

    pub(super) fn text(self, tag: u32, kind: &'static str, value: &str) -> Self {
        let padded = if value.len() % 2 == 1 { format!("{value} ") } else { value.to_owned() };
        self.element(tag, kind, padded.as_bytes())
    }

    pub(super) fn u16(self, tag: u32, values: &[u16]) -> Self {
        self.element(tag, "US", &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    /// A sequence of one item; `is_open`: with end marks instead of lengths.
    pub(super) fn sequence(mut self, tag: u32, item: &Self, is_open: bool) -> Self {
        let form = if self.form == Form::Implicit { Form::Implicit } else { Form::Explicit };
        let inner = item.clone().form(form).data_set();
        let length = if is_open { u32::MAX } else { inner.len() as u32 };
        let mut value = [vec![0xFE, 0xFF, 0, 0xE0], length.to_le_bytes().to_vec(), inner].concat();
        if is_open {
            value.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
        self.elements.push((tag, "SQ", value, is_open));
        self
    }

    pub(super) fn pixels(self, pixels: &[u8]) -> Self {
        self.element(0x7FE0_0010, "OB", pixels)
    }

    pub(super) fn pixels_u16(self, pixels: &[u16]) -> Self {
        self.element(0x7FE0_0010, "OW", &pixels.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    /// Compressed pixels: an empty offset table, and a piece for each of `fragments`.
    pub(super) fn fragments(mut self, uid: &'static str, fragments: &[&[u8]]) -> Self {
        let mut value = vec![0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0];
        for fragment in fragments {
            let n = fragment.len().next_multiple_of(2);
            value.extend([0xFE, 0xFF, 0, 0xE0]);
            value.extend((n as u32).to_le_bytes());
            value.extend(*fragment);
            value.resize(value.len() + n - fragment.len(), 0);
        }
        value.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        self.elements.push((0x7FE0_0010, "OB", value, true));
        self.uid(uid)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let body = self.data_set();
        if !self.has_preamble {
            return body;
        }
        let group = Self::new().text(0x0002_0010, "UI", self.uid).data_set();
        let body = if self.form == Form::Deflated { deflated(&body) } else { body };
        [vec![0; 128], b"DICM".to_vec(), group, body].concat()
    }

    fn data_set(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, kind, value, is_open) in &self.elements {
            self.number(&mut out, &[(tag >> 16) as u16, *tag as u16]);
            let length = if *is_open { u32::MAX } else { value.len() as u32 };
            let is_long = ["OB", "OW", "OF", "SQ", "UN"].contains(kind);
            if self.form != Form::Implicit {
                out.extend(kind.as_bytes());
            }
            match (self.form, is_long) {
                (Form::BigEndian, true) => out.extend([vec![0, 0], length.to_be_bytes().to_vec()].concat()),
                (Form::Implicit, _) => out.extend(length.to_le_bytes()),
                (_, true) => out.extend([vec![0, 0], length.to_le_bytes().to_vec()].concat()),
                (_, false) => self.number(&mut out, &[length as u16]),
            }
            if self.form == Form::BigEndian && ["US", "OW"].contains(kind) {
                out.extend(value.as_chunks::<2>().0.iter().flat_map(|&[low, high]| [high, low]));
            } else {
                out.extend(value);
            }
        }
        out
    }

    fn number(&self, out: &mut Vec<u8>, values: &[u16]) {
        let is_big = self.form == Form::BigEndian;
        out.extend(values.iter().flat_map(|value| if is_big { value.to_be_bytes() } else { value.to_le_bytes() }));
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
