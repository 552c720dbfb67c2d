//! What the outermost ring of an image looks like: enough to distinguish frames, tokens and sources, and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Mean grey levels of the border cells of a 16 by 16 grid over the image: the outer sixteenth of each side, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Border([u8; Border::N_CELLS]);

impl Border {
    /// Cells along each side of the image.
    pub const GRID: usize = 16;
    /// Cells that touch the edge.
    pub const N_CELLS: usize = 4 * (Self::GRID - 1);

    /// Of the levels (0 to 255) of [`Self::cells`].
    pub fn new(levels: [u8; Self::N_CELLS]) -> Self {
        Self(levels)
    }

    /// The levels of [`Self::cells`], 0 to 255.
    pub fn levels(&self) -> &[u8; Self::N_CELLS] {
        &self.0
    }

    /// Row and column of each cell, in order.
    pub fn cells() -> impl Iterator<Item = (usize, usize)> {
        let is_outer = |at: usize| at == 0 || at == Self::GRID - 1;
        let all = (0..Self::GRID).flat_map(|row| (0..Self::GRID).map(move |column| (row, column)));
        all.filter(move |(row, column)| is_outer(*row) || is_outer(*column))
    }
}

/// 120 hexadecimal digits were needed.
#[derive(Debug, thiserror::Error)]
#[error("a border is {} hexadecimal digits", 2 * Border::N_CELLS)]
pub struct BorderParseError;

impl fmt::Display for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|level| write!(f, "{level:02x}"))
    }
}

impl From<Border> for String {
    fn from(border: Border) -> Self {
        border.to_string()
    }
}

impl TryFrom<String> for Border {
    type Error = BorderParseError;

    fn try_from(text: String) -> Result<Self, BorderParseError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let level = |pair: &[u8; 2]| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8);
        let levels: Option<Vec<u8>> = pairs.iter().map(level).collect();
        let levels = levels.filter(|_| rest.is_empty()).and_then(|levels| levels.try_into().ok());
        levels.map(Self).ok_or(BorderParseError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_every_level_and_nothing_else_is_read() {
        let border = Border::new(std::array::from_fn(|at| (at * 4) as u8));
        let text = serde_json::to_string(&border).unwrap();
        assert_eq!(serde_json::from_str::<Border>(&text).unwrap(), border);
        for wrong in ["\"00\"".to_owned(), text.replace("00", "0x"), text.replace("00", "0"), text.replace("00", "éé")]
        {
            let error = serde_json::from_str::<Border>(&wrong).unwrap_err().to_string();
            assert!(error.contains("120 hexadecimal digits"), "{wrong}: {error}");
        }
    }

    #[test]
    fn the_cells_are_the_ring() {
        let cells: Vec<_> = Border::cells().collect();
        assert_eq!(cells.len(), Border::N_CELLS);
        assert_eq!(
            (cells[0], cells[15], cells[16], cells[17], cells[59]),
            ((0, 0), (0, 15), (1, 0), (1, 15), (15, 15))
        );
    }
}
