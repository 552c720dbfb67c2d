//! Which tables a JPEG file has defined so far, and which its next scan lacks. Files of video frames and of some scanners
//! leave them out, and other tables than those of the encoder give another image.

use super::frame::{Frame, ScanHeader};

/// Which of the tables numbered 0 to 3 are defined.
#[derive(Debug, Default)]
pub(super) struct DefinedTables {
    quantisation: [bool; 4],
    dc: [bool; 4],
    ac: [bool; 4],
}

impl DefinedTables {
    /// Takes note of the tables of a DHT segment.
    pub(super) fn define_huffman(&mut self, mut content: &[u8]) {
        while let Some((&[kind, ref lengths @ ..], symbols)) = content.split_first_chunk::<17>() {
            let class = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            note(class, kind & 15);
            let n_symbols = lengths.iter().map(|&n| usize::from(n)).sum();
            content = symbols.get(n_symbols..).unwrap_or_default();
        }
    }

    /// Takes note of the tables of a DQT segment.
    pub(super) fn define_quantisation(&mut self, mut content: &[u8]) {
        while let Some((&kind, steps)) = content.split_first() {
            note(&mut self.quantisation, kind & 15);
            content = steps.get(if kind >> 4 == 0 { 64 } else { 128 }..).unwrap_or_default();
        }
    }

    /// What `scan` needs and is not defined.
    pub(super) fn lacking(&self, frame: &Frame, scan: &ScanHeader) -> Option<&'static str> {
        let quantised = |id: u8| {
            let channel = frame.channels.iter().find(|channel| channel.id == id);
            channel.is_none_or(|channel| has(self.quantisation, channel.quantisation))
        };
        if !frame.coding.is_lossless() && !scan.channels.iter().all(|&(id, _)| quantised(id)) {
            return Some("a JPEG without its quantisation tables");
        }
        let (dc, ac) = needed(frame, scan);
        let coded = |tables: u8| (!dc || has(self.dc, tables >> 4)) && (!ac || has(self.ac, tables & 15));
        let whole = scan.channels.iter().all(|&(_, tables)| coded(tables));
        (!whole).then_some("a JPEG without its Huffman tables")
    }
}

/// Whether the scan is decoded with DC tables, and with AC tables.
fn needed(frame: &Frame, scan: &ScanHeader) -> (bool, bool) {
    match frame.coding {
        coding if coding.is_arithmetic() => (false, false),
        coding if coding.is_lossless() => (true, false),
        coding if coding.is_progressive() => (scan.band.0 == 0 && !scan.refines, scan.band.1 > 0),
        _ => (true, true),
    }
}

fn note(defined: &mut [bool; 4], number: u8) {
    if let Some(place) = defined.get_mut(usize::from(number)) {
        *place = true;
    }
}

/// A number that no table can have is left to the decoder.
fn has(defined: [bool; 4], number: u8) -> bool {
    defined.get(usize::from(number)).is_none_or(|&defined| defined)
}
