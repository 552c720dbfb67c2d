//! The values of interest: a window or a table that brings them to black and white (PS3.3, C.11.2).

use super::data_set::DataSet;
use super::lut::LookupTable;
use super::tags;

/// What brings values to levels for display.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Voi {
    Table(LookupTable),
    Window(VoiWindow),
}

/// The shape of a window between black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WindowShape {
    Linear,
    LinearExact,
    Sigmoid,
}

/// Values around `center`, over `width`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VoiWindow {
    center: f64,
    width: f64,
    shape: WindowShape,
}

impl Voi {
    /// The first table, else the first window; `None` where there is neither. `is_signed`: whether values can be below 0.
    pub(super) fn read(set: &DataSet, is_signed: bool) -> Option<Self> {
        let table = set.item(tags::VOI_LUT_SEQUENCE, 0).and_then(|item| LookupTable::read(&item, is_signed));
        table.map(Self::Table).or_else(|| VoiWindow::read(set).map(Self::Window))
    }

    /// 0 (black) to 1 (white).
    pub(super) fn level(&self, value: f64) -> f64 {
        match self {
            Self::Table(table) => f64::from(table.entry(value as i32)) / (f64::from(1 << table.bits) - 1.0),
            Self::Window(window) => window.level(value),
        }
    }
}

impl VoiWindow {
    /// `None` where there is none, or of no width.
    fn read(set: &DataSet) -> Option<Self> {
        let (center, width) = (set.number(tags::WINDOW_CENTER)?, set.number(tags::WINDOW_WIDTH)?);
        let shape = match set.text(tags::VOI_LUT_FUNCTION) {
            Some("SIGMOID") => WindowShape::Sigmoid,
            Some("LINEAR_EXACT") => WindowShape::LinearExact,
            // Whole numbers have no linear window that is narrower; those who write one mean the exact window.
            _ if width < 1.0 => WindowShape::LinearExact,
            _ => WindowShape::Linear,
        };
        (width > 0.0).then_some(Self { center, width, shape })
    }

    fn level(&self, value: f64) -> f64 {
        let Self { center, width, shape } = *self;
        match shape {
            WindowShape::LinearExact => ((value - center) / width + 0.5).clamp(0.0, 1.0),
            WindowShape::Sigmoid => 1.0 / (1.0 + libm::exp(-4.0 * (value - center) / width)),
            WindowShape::Linear if width <= 1.0 => f64::from(u8::from(value > center - 0.5)),
            WindowShape::Linear => ((value - (center - 0.5)) / (width - 1.0) + 0.5).clamp(0.0, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Millionths of white, rounded, for four values.
    fn levels(shape: WindowShape, width: f64) -> [u32; 4] {
        let window = VoiWindow { center: 2048.0, width, shape };
        [0.0, 2047.0, 2048.0, 4096.0].map(|value| (window.level(value) * 1e6).round() as u32)
    }

    #[test]
    fn windows_are_those_of_the_standard() {
        // PS3.3, C.11.2.1.2.1: the examples of a window of 2048 and 4096, and of one of 2048 and 1.
        assert_eq!(levels(WindowShape::Linear, 4096.0), [0, 499_878, 500_122, 1_000_000]);
        assert_eq!(levels(WindowShape::Linear, 1.0), [0, 0, 1_000_000, 1_000_000]);
        assert_eq!(levels(WindowShape::LinearExact, 4096.0), [0, 499_756, 500_000, 1_000_000]);
        assert_eq!(levels(WindowShape::Sigmoid, 4096.0), [119_203, 499_756, 500_000, 880_797]);
    }
}
