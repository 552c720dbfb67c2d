//! A heat map made visible: on its own, and laid over its image.

use super::colormap::colour;
use super::picture::{Picture, Pixels, Rgb8};

/// The map in colour at `width` x `height` pixels. `grid`: `side * side` values, row-major, 0 to 1; each value stands at
/// the centre of its cell, between them it is interpolated linearly, towards the edge it is constant.
pub fn heat_picture(grid: &[f32], side: usize, width: u32, height: u32) -> Picture {
    let (width, height) = (width.max(1), height.max(1));
    let data = upsampled(grid, side, width, height).flat_map(colour).collect();
    Rgb8 { width, height, data }.into()
}

/// `base` in 8-bit RGB with the map over it: a pixel whose heat is h is covered to `opacity * h`, so that cold places
/// show the image untouched. `opacity`: 0 to 1. `grid` as for [`heat_picture`].
pub fn overlay(base: &Picture, grid: &[f32], side: usize, opacity: f32) -> Picture {
    let mut rgb = base.to_rgb8();
    let (pixels, _) = rgb.data.as_chunks_mut::<3>();
    for (pixel, heat) in pixels.iter_mut().zip(upsampled(grid, side, rgb.width, rgb.height)) {
        let cover = (heat * opacity).clamp(0.0, 1.0);
        for (v, over) in pixel.iter_mut().zip(colour(heat)) {
            *v = (f32::from(*v) * (1.0 - cover) + f32::from(over) * cover).round() as u8;
        }
    }
    Picture { pixels: Pixels::U8(rgb.data), channels: 3, origin: None, ..*base }
}

/// Where each of `n` pixels lies between the cells of a grid of `side`: cell before, cell behind, share of the latter.
fn positions(side: usize, n: u32) -> Vec<(usize, usize, f32)> {
    let last = side.saturating_sub(1);
    let position = |i: u32| {
        let at = ((i as f32 + 0.5) * side as f32 / n as f32 - 0.5).clamp(0.0, last as f32);
        (at as usize, (at as usize + 1).min(last), at.fract())
    };
    (0..n).map(position).collect()
}

fn upsampled(grid: &[f32], side: usize, width: u32, height: u32) -> impl Iterator<Item = f32> {
    let (columns, rows) = (positions(side, width), positions(side, height));
    rows.into_iter().flat_map(move |(above, below, down)| {
        let cell = |row: usize, column: usize| grid.get(row * side + column).copied().unwrap_or(0.0);
        let line: Vec<f32> = (0..side).map(|c| cell(above, c) * (1.0 - down) + cell(below, c) * down).collect();
        let value = |&(left, right, across): &(usize, usize, f32)| {
            line.get(left).zip(line.get(right)).map_or(0.0, |(l, r)| l * (1.0 - across) + r * across)
        };
        columns.iter().map(value).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_cell_shows_where_it_stands_and_cold_places_stay_untouched() {
        let mut grid = [0.0; 16];
        grid[2] = 1.0;
        let base = Picture::new(84, 44, 1, Pixels::U16(vec![30_000; 84 * 44])).unwrap();
        let laid = overlay(&base, &grid, 4, 1.0);
        let pixel = |picture: &Picture, x: usize, y: usize| {
            let Pixels::U8(data) = picture.pixels() else { panic!("an overlay is 8-bit") };
            [0, 1, 2].map(|c| data[(y * 84 + x) * 3 + c])
        };
        assert_eq!(pixel(&laid, 52, 5), colour(1.0));
        assert_eq!(pixel(&laid, 5, 35), [117; 3]);
        let heat = heat_picture(&grid, 4, 84, 44);
        assert_eq!((pixel(&heat, 52, 5), pixel(&heat, 5, 35)), (colour(1.0), colour(0.0)));
        assert_eq!((heat.width(), heat.height(), laid.facts().colour.as_str()), (84, 44, "rgb8"));
    }
}
