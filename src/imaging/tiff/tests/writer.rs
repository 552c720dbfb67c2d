//! Writes TIFF files of every layout, for tests.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use weezl::BitOrder;
use weezl::encode::Encoder;

use crate::imaging::{Picture, Pixels, encode_jpeg};

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const DOUBLE: u16 = 12;
const LONG8: u16 = 16;

/// One image and how it is stored. Samples are bit patterns, pixel by pixel.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bits: u32,
    pub(super) n_samples: usize,
    pub(super) photometric: u64,
    /// `SampleFormat`: 1 unsigned, 2 signed, 3 floating point.
    pub(super) format: u64,
    pub(super) extra: Vec<u64>,
    pub(super) compression: u64,
    pub(super) predictor: u64,
    pub(super) tile: Option<(usize, usize)>,
    pub(super) rows_per_strip: usize,
    pub(super) is_planar: bool,
    pub(super) is_bit_reversed: bool,
    /// Further tags: number, type and values.
    pub(super) more: Vec<(u16, u16, Vec<u64>)>,
}

/// How the numbers of a file are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) is_big_endian: bool,
    pub(super) is_big: bool,
}

/// No number of TIFF's: LZW as the first programs wrote it, which tag 259 calls 5 as well.
pub(super) const OLD_LZW: u64 = 50_505;

pub(super) const CLASSIC: Numbers = Numbers { is_big_endian: false, is_big: false };

impl Form {
    /// 13x9 pixels in strips of 4 rows, not compressed.
    pub(super) fn new(bits: u32, photometric: u64, n_samples: usize) -> Self {
        Self {
            width: 13,
            height: 9,
            bits,
            n_samples,
            photometric,
            format: 1,
            extra: Vec::new(),
            compression: 1,
            predictor: 1,
            tile: None,
            rows_per_strip: 4,
            is_planar: false,
            is_bit_reversed: false,
            more: Vec::new(),
        }
    }

    pub(super) fn with(mut self, tag: u16, values: &[u64]) -> Self {
        self.more.push((tag, LONG, values.to_vec()));
        self
    }

    pub(super) fn with_doubles(mut self, tag: u16, value: f64) -> Self {
        self.more.push((tag, DOUBLE, vec![value.to_bits()]));
        self
    }

    pub(super) fn with_bytes(mut self, tag: u16, bytes: &[u8]) -> Self {
        self.more.push((tag, BYTE, bytes.iter().map(|&byte| byte.into()).collect()));
        self
    }

    /// Samples that use all bits, the largest among them, other in every place.
    pub(super) fn samples(&self) -> Vec<u64> {
        let white = (1_u64 << self.bits) - 1;
        let n = self.width * self.height * self.n_samples;
        let wild = |i: u64| (i * 7919 + 13).wrapping_mul(2_654_435_769_123) >> 11;
        (0..n as u64).map(|i| if i < self.n_samples as u64 { white } else { wild(i) & white }).collect()
    }

    /// A file of this image alone.
    pub(super) fn file(&self, samples: &[u64]) -> Vec<u8> {
        file(CLASSIC, &[(self.clone(), samples.to_vec())])
    }

    /// The strips or tiles in their order.
    fn chunks(&self, samples: &[u64], is_big_endian: bool) -> Vec<Vec<u8>> {
        let (width, height) = self.tile.unwrap_or((self.width, self.rows_per_strip));
        let planes = if self.is_planar { self.n_samples } else { 1 };
        let mut chunks = Vec::new();
        for plane in 0..planes {
            for top in (0..self.height).step_by(height) {
                for left in (0..self.width).step_by(width) {
                    let n_rows = if self.tile.is_some() { height } else { height.min(self.height - top) };
                    let rows = (top..top + n_rows).map(|y| self.row(samples, y, left..left + width, plane));
                    chunks.push(self.packed(&rows.collect::<Vec<_>>(), is_big_endian));
                }
            }
        }
        chunks
    }

    /// Part of a row; what lies beyond the image is 0.
    fn row(&self, samples: &[u64], y: usize, columns: std::ops::Range<usize>, plane: usize) -> Vec<u64> {
        let channels = if self.is_planar { plane..plane + 1 } else { 0..self.n_samples };
        let places = columns.flat_map(|x| channels.clone().map(move |channel| (x, channel)));
        let is_inside = |x| x < self.width && y < self.height;
        let sample =
            |(x, channel)| if is_inside(x) { samples[(y * self.width + x) * self.n_samples + channel] } else { 0 };
        places.map(sample).collect()
    }

    fn packed(&self, rows: &[Vec<u64>], is_big_endian: bool) -> Vec<u8> {
        let n_together = if self.is_planar { 1 } else { self.n_samples };
        if self.compression == 7 {
            return jpeg(rows, n_together as u32);
        }
        let rows = rows.iter().map(|row| match self.predictor {
            2 => bytes(&differences(row, n_together, self.bits), self.bits, is_big_endian),
            3 => sorted(&bytes(row, self.bits, true), self.bits as usize / 8, n_together),
            _ => bytes(row, self.bits, is_big_endian),
        });
        let packed = compressed(&rows.collect::<Vec<_>>().concat(), self.compression);
        if self.is_bit_reversed { packed.iter().map(|byte| byte.reverse_bits()).collect() } else { packed }
    }

    fn tags(&self, places: &[(u64, u64)], offset_type: u16) -> Vec<(u16, u16, Vec<u64>)> {
        let (offsets, lengths): (Vec<u64>, Vec<u64>) = places.iter().copied().unzip();
        let short = |tag, value: usize| (tag, SHORT, vec![value as u64]);
        let mut tags = vec![
            short(256, self.width),
            (257, LONG, vec![self.height as u64]),
            (258, SHORT, vec![self.bits.into(); self.n_samples]),
            (259, SHORT, vec![self.compression]),
            (262, SHORT, vec![self.photometric]),
            short(266, 1 + usize::from(self.is_bit_reversed)),
            short(277, self.n_samples),
            short(284, 1 + usize::from(self.is_planar)),
            (317, SHORT, vec![self.predictor]),
            (339, SHORT, vec![self.format; self.n_samples]),
        ];
        match self.tile {
            Some((width, height)) => {
                tags.extend([short(322, width), short(323, height)]);
                tags.extend([(324, offset_type, offsets), (325, LONG, lengths)]);
            }
            None => tags.extend([(273, offset_type, offsets), short(278, self.rows_per_strip), (279, LONG, lengths)]),
        }
        if !self.extra.is_empty() {
            tags.push((338, SHORT, self.extra.clone()));
        }
        tags.retain(|(tag, ..)| self.more.iter().all(|(more, ..)| more != tag));
        tags.extend(self.more.clone());
        tags.sort_by_key(|(tag, ..)| *tag);
        tags
    }
}

/// A file of these pages, each directory behind the data of its image.
pub(super) fn file(numbers: Numbers, pages: &[(Form, Vec<u64>)]) -> Vec<u8> {
    let Numbers { is_big_endian, is_big } = numbers;
    let order = if is_big_endian { b"MM" } else { b"II" };
    let header: &[(u64, usize)] = if is_big { &[(43, 2), (8, 2), (0, 2)] } else { &[(42, 2)] };
    let mut out = order.to_vec();
    for &(value, size) in header {
        out.extend(number(value, size, is_big_endian));
    }
    for (form, samples) in pages {
        let offset_size = if is_big { 8 } else { 4 };
        out.extend(vec![0; offset_size]);
        let link = out.len() - offset_size;
        let mut places = Vec::new();
        for chunk in form.chunks(samples, is_big_endian) {
            places.push((out.len() as u64, chunk.len() as u64));
            out.extend(chunk);
        }
        let tags = form.tags(&places, if is_big { LONG8 } else { LONG });
        let directory = write_directory(&mut out, &tags, numbers);
        out[link..link + offset_size].copy_from_slice(&number(directory, offset_size, is_big_endian));
    }
    // The last link, which no page follows.
    out.extend(vec![0; if is_big { 8 } else { 4 }]);
    out
}

/// All of a directory but its link to the next, at the end of `out`; where it begins.
fn write_directory(out: &mut Vec<u8>, tags: &[(u16, u16, Vec<u64>)], numbers: Numbers) -> u64 {
    let Numbers { is_big_endian, is_big } = numbers;
    let (counter, inline) = if is_big { (8, 8) } else { (2, 4) };
    let mut entries = number(tags.len() as u64, counter, is_big_endian);
    for (tag, kind, values) in tags {
        let size = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8][usize::from(*kind) - 1];
        let mut data: Vec<u8> = values.iter().flat_map(|&value| number(value, size, is_big_endian)).collect();
        entries.extend(number((*tag).into(), 2, is_big_endian));
        entries.extend(number((*kind).into(), 2, is_big_endian));
        entries.extend(number(values.len() as u64, inline, is_big_endian));
        if data.len() > inline {
            let at = out.len() as u64;
            out.extend(data);
            data = number(at, inline, is_big_endian);
        }
        data.resize(inline, 0);
        entries.extend(data);
    }
    let at = out.len() as u64;
    out.extend(entries);
    at
}

fn number(value: u64, size: usize, is_big_endian: bool) -> Vec<u8> {
    if is_big_endian { value.to_be_bytes()[8 - size..].to_vec() } else { value.to_le_bytes()[..size].to_vec() }
}

/// A row of samples of any number of bits, filled up to a byte.
fn bytes(row: &[u64], bits: u32, is_big_endian: bool) -> Vec<u8> {
    if bits.is_multiple_of(8) {
        return row.iter().flat_map(|&sample| number(sample, bits as usize / 8, is_big_endian)).collect();
    }
    let mut flat: Vec<u8> = row.iter().flat_map(|s| (0..bits).rev().map(move |bit| (s >> bit) as u8 & 1)).collect();
    flat.resize(flat.len().next_multiple_of(8), 0);
    flat.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

fn differences(row: &[u64], n_together: usize, bits: u32) -> Vec<u64> {
    let left = |at: usize| at.checked_sub(n_together).map_or(0, |left| row[left]);
    row.iter().enumerate().map(|(at, sample)| sample.wrapping_sub(left(at)) & ((1 << bits) - 1)).collect()
}

/// The floating-point predictor's bytes of a row whose floats begin with their highest byte.
fn sorted(row: &[u8], size: usize, n_together: usize) -> Vec<u8> {
    let n = row.len() / size;
    let sorted: Vec<u8> = (0..size).flat_map(|place| (0..n).map(move |at| row[at * size + place])).collect();
    let left = |at: usize| at.checked_sub(n_together).map_or(0, |left| sorted[left]);
    (0..sorted.len()).map(|at| sorted[at].wrapping_sub(left(at))).collect()
}

fn compressed(data: &[u8], compression: u64) -> Vec<u8> {
    match compression {
        5 => Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(data).unwrap(),
        8 | 32_946 => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        OLD_LZW => Encoder::new(BitOrder::Lsb, 8).encode(data).unwrap(),
        32_773 => pack_bits(data),
        _ => data.to_vec(),
    }
}

/// Runs where there are any, a byte that is skipped before each.
fn pack_bits(data: &[u8]) -> Vec<u8> {
    let runs = data.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128));
    runs.flat_map(|run| match run {
        [byte] => vec![128, 0, *byte],
        run => vec![(257 - run.len()) as u8, run[0]],
    })
    .collect()
}

fn jpeg(rows: &[Vec<u64>], channels: u32) -> Vec<u8> {
    let width = rows[0].len() as u32 / channels;
    let samples = rows.concat().iter().map(|&sample| sample as u8).collect();
    encode_jpeg(&Picture::new(width, rows.len() as u32, channels, Pixels::U8(samples)).unwrap(), 100).unwrap()
}
