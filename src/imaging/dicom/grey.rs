//! Grey samples to levels: stored values, the values of the modality, then those of interest, black to white.

use super::data_set::DataSet;
use super::image_header::{ImageHeader, Photometric};
use super::lut::LookupTable;
use super::tags;
use super::window::Voi;
use crate::imaging::depth::depth_of;

/// What makes a stored value one that means something, such as Hounsfield units.
#[derive(Debug, Clone, PartialEq)]
enum Modality {
    Table(LookupTable),
    Rescale { slope: f64, intercept: f64 },
}

impl Modality {
    /// The table, else the rescaling of the file or of `frame`, else none.
    fn read(set: &DataSet, frame: u32, is_signed: bool) -> Self {
        let table = set.item(tags::MODALITY_LUT_SEQUENCE, 0).and_then(|item| LookupTable::read(&item, is_signed));
        if let Some(table) = table {
            return Self::Table(table);
        }
        let own = of_frame(set, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, frame);
        let number = |tag| set.number(tag).or_else(|| own.as_ref()?.number(tag));
        let slope = number(tags::RESCALE_SLOPE).unwrap_or(1.0);
        Self::Rescale { slope, intercept: number(tags::RESCALE_INTERCEPT).unwrap_or(0.0) }
    }

    fn value(&self, stored: i32) -> f64 {
        match self {
            Self::Table(table) => table.entry(stored).into(),
            Self::Rescale { slope, intercept } => f64::from(stored) * slope + intercept,
        }
    }

    /// The values that are black and white where nothing else says so: the ends of the depth.
    fn ends(&self, stored: [i32; 2]) -> [f64; 2] {
        match self {
            Self::Table(table) if table.bits < 16 => [0.0, f64::from((1 << table.bits) - 1)],
            Self::Table(table) => [0.0, f64::from((1_u32 << depth_of(table.largest())) - 1)],
            Self::Rescale { .. } => {
                let [one, other] = stored.map(|stored| self.value(stored));
                [one.min(other), one.max(other)]
            }
        }
    }
}

/// Levels on the whole range of 16 bits, in place of the samples; returns the bits that hold the image.
pub(super) fn display(samples: &mut [u16], header: &ImageHeader, set: &DataSet, frame: u32) -> u32 {
    let modality = Modality::read(set, frame, header.is_signed);
    let lowest = modality.value(value(header.largest() / 2 + 1, header));
    let voi = Voi::read(set, header.is_signed || lowest < 0.0)
        .or_else(|| Voi::read(&of_frame(set, tags::FRAME_VOI_LUT_SEQUENCE, frame)?, header.is_signed || lowest < 0.0));
    let (bits, is_signed) = depth(samples, header);
    let black_to_white =
        modality.ends(if is_signed { [-(1 << (bits - 1)), (1 << (bits - 1)) - 1] } else { [0, (1 << bits) - 1] });
    let level = |sample: u16| {
        let value = modality.value(value(sample, header));
        let level = voi.as_ref().map_or_else(|| between(black_to_white, value), |voi| voi.level(value));
        let level = (level.clamp(0.0, 1.0) * 65_535.0).round() as u16;
        if header.photometric == Photometric::Monochrome1 { u16::MAX - level } else { level }
    };
    let levels: Vec<u16> = (0..=header.largest()).map(level).collect();
    for sample in samples {
        *sample = levels[usize::from((*sample).min(header.largest()))];
    }
    bits
}

/// A stored sample as a number.
fn value(sample: u16, header: &ImageHeader) -> i32 {
    let is_below = header.is_signed && sample > header.largest() / 2;
    i32::from(sample) - if is_below { i32::from(header.largest()) + 1 } else { 0 }
}

/// The bits of the image, with one for the sign where a value is below 0: as stated, or by the rule of all formats.
fn depth(samples: &[u16], header: &ImageHeader) -> (u32, bool) {
    let ends = samples.iter().fold((0, 0), |(low, high), &sample| {
        let value = value(sample, header);
        (value.min(low), value.max(high))
    });
    let is_signed = ends.0 < 0;
    let largest = if is_signed { ends.1.max(-1 - ends.0) } else { ends.1 };
    let found = depth_of(largest as u16) + u32::from(is_signed);
    let stated = u32::from(header.bits_stored);
    // What has no value below 0 leaves the bit of the sign unused.
    let stated = if header.is_signed && !is_signed { (stated - 1).max(1) } else { stated };
    (if stated < 15 { stated } else { found.min(16) }, is_signed)
}

/// 0 at the first of `ends` and 1 at the second.
fn between([black, white]: [f64; 2], value: f64) -> f64 {
    if white > black { (value - black) / (white - black) } else { 0.0 }
}

/// What a file with groups of elements for each frame says of one, from 0: its own, else what all frames share.
fn of_frame<'a>(set: &DataSet<'a>, sequence: u32, frame: u32) -> Option<DataSet<'a>> {
    let own = set.item(tags::PER_FRAME_FUNCTIONAL_GROUPS, frame as usize).and_then(|group| group.item(sequence, 0));
    own.or_else(|| set.item(tags::SHARED_FUNCTIONAL_GROUPS, 0)?.item(sequence, 0))
}
