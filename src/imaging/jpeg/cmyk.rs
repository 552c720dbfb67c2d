//! Inks to RGB. Adobe's files hold how much of each ink is left out, 255 for none.

/// `r = (255 - cyan) * (255 - black) / 255`, rounded; the same for magenta and yellow. `inverted` holds four samples a
/// pixel, each 255 less its ink; 3 are returned.
pub(super) fn to_rgb(inverted: &[u8]) -> Vec<u8> {
    inverted.as_chunks().0.iter().flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| over(k, 255 - ink))).collect()
}

/// `light` less the share of it that `ink` takes, rounded as Pillow does.
fn over(light: u8, ink: u8) -> u8 {
    let product = u32::from(light) * u32::from(ink) + 128;
    light - (((product >> 8) + product) >> 8) as u8
}
