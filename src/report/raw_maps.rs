//! `maps.npy`: the maps as numbers, in NumPy's format (NEP 1, version 1.0).

use crate::domain::{Explanation, MapMethod};

/// The file's name.
pub(super) const MAPS: &str = "maps.npy";

/// 32-bit floats `[map, class, row, column]`, unscaled. Maps: those of [`MapMethod::ALL`], then the contrast of each class to
/// its rival in Grad-CAM, and in `HiResCAM`. The explanation has a map for every class, all of one size.
pub(super) fn to_npy(explanation: &Explanation) -> Vec<u8> {
    let (n_classes, side) = (explanation.maps.len(), explanation.maps.first().map_or(0, |map| map.side));
    let mut values: Vec<f32> = Vec::new();
    for method in MapMethod::ALL {
        explanation.maps.iter().for_each(|map| values.extend(map.cells(method)));
    }
    let contrasts: Vec<_> = (0..n_classes).filter_map(|class| explanation.contrast(class)).collect();
    values.extend(contrasts.iter().flat_map(|(_, contrast)| &contrast.grad_cam));
    values.extend(contrasts.iter().flat_map(|(_, contrast)| &contrast.hires_cam));
    let n_maps = values.len() / (n_classes * side * side).max(1);
    let mut file = header(&format!("({n_maps}, {n_classes}, {side}, {side})"));
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

/// All before the numbers; its length is a multiple of 64.
fn header(shape: &str) -> Vec<u8> {
    const START: usize = 10;
    let dict = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let length = (START + dict.len() + 1).next_multiple_of(64) - START;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((length as u16).to_le_bytes());
    file.extend(format!("{dict:<width$}\n", width = length - 1).into_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn the_header_is_that_of_numpy() {
        let header = header("(6, 2, 14, 14)");
        assert_eq!(header.len() % 64, 0);
        assert_eq!(&header[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let text = String::from_utf8(header[10..].to_vec()).unwrap();
        assert!(text.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 2, 14, 14), }"), "{text}");
        assert!(text.ends_with(" \n"));
    }
}
