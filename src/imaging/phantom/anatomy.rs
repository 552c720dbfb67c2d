//! The parts of a synthetic chest radiograph, as smooth functions of the place: how much each adds to the image's brightness.
//!
//! Lengths are in half image widths; x grows to the right and y downwards, from the middle of the image.

use std::f64::consts::TAU;

use crate::stats::Generator;

const N_SPOTS: usize = 32;

/// A place in the radiograph's own frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// An ellipse, turned by `tilt` radians (clockwise on screen).
#[derive(Debug, Clone, Copy)]
struct Ellipse {
    at: Position,
    half: (f64, f64),
    tilt: f64,
}

impl Ellipse {
    fn new(at: (f64, f64), half: (f64, f64), tilt: f64) -> Self {
        Self { at: Position { x: at.0, y: at.1 }, half, tilt }
    }

    /// 1 well inside, 0 well outside, smooth over `edge`.
    fn cover(&self, place: Position, edge: f64) -> f64 {
        let (dx, dy) = (place.x - self.at.x, place.y - self.at.y);
        let (sin, cos) = self.tilt.sin_cos();
        let (along, across) = ((dx * cos + dy * sin) / self.half.0, (dy * cos - dx * sin) / self.half.1);
        inside((along.hypot(across) - 1.0) * self.half.0.min(self.half.1), edge)
    }
}

/// A hazy patch full of small bright spots, in a lung.
#[derive(Debug, Clone)]
pub(super) struct Lesion {
    /// Its middle.
    pub(super) at: Position,
    /// Where the haze has faded to about a third; spots lie within.
    pub(super) radius: f64,
    haze: f64,
    spots: Vec<Spot>,
}

#[derive(Debug, Clone)]
struct Spot {
    at: Position,
    radius: f64,
    strength: f64,
}

impl Lesion {
    fn draw(draws: &mut Generator, lung: &Ellipse) -> Self {
        let (turn, out) = (draws.within(0.0, TAU), draws.within(0.0, 0.6));
        let (dx, dy) = (out * lung.half.0 * turn.cos(), out * lung.half.1 * 0.8 * turn.sin());
        let at = Position { x: lung.at.x + dx, y: lung.at.y + dy };
        let radius = draws.within(0.16, 0.24);
        let spots = (0..N_SPOTS).map(|_| Spot::draw(draws, at, radius)).collect();
        Self { at, radius, haze: draws.within(0.12, 0.18), spots }
    }

    fn brightness(&self, place: Position) -> f64 {
        let out = distance(place, self.at) / self.radius;
        if out > 1.5 {
            return 0.0;
        }
        let spot = |spot: &Spot| spot.strength * bell(distance(place, spot.at) / spot.radius);
        self.haze * bell(out) + self.spots.iter().map(spot).fold(0.0, f64::max)
    }
}

impl Spot {
    /// Spread evenly over the patch.
    fn draw(draws: &mut Generator, middle: Position, reach: f64) -> Self {
        let (turn, out) = (draws.within(0.0, TAU), reach * draws.within(0.0, 1.0).sqrt());
        let at = Position { x: middle.x + out * turn.cos(), y: middle.y + out * turn.sin() };
        Self { at, radius: draws.within(0.025, 0.045), strength: draws.within(0.14, 0.28) }
    }
}

/// One body: everything that differs from radiograph to radiograph but for exposure and pose.
#[derive(Debug, Clone)]
pub(super) struct Anatomy {
    lungs: [Ellipse; 2],
    dome: [f64; 2],
    heart: Ellipse,
    rib_gap: f64,
    rib_top: f64,
    rib_strength: f64,
    vessels: Vec<(Position, Position, f64)>,
    pub(super) patches: Vec<Lesion>,
}

impl Anatomy {
    /// A body with `n_patches` patches in its lungs.
    pub(super) fn draw(draws: &mut Generator, n_patches: usize) -> Self {
        let (wide, high) = (draws.within(0.29, 0.34), draws.within(0.6, 0.68));
        let lungs = [-1.0, 1.0].map(|side| {
            Ellipse::new((side * draws.within(0.38, 0.42), draws.within(-0.1, -0.02)), (wide, high), side * -0.1)
        });
        let heart_at = (draws.within(0.1, 0.16), draws.within(0.26, 0.32));
        let heart = Ellipse::new(heart_at, (draws.within(0.3, 0.37), 0.24), 0.6);
        let dome = [draws.within(0.36, 0.44), draws.within(0.4, 0.48)];
        let (rib_gap, rib_top) = (draws.within(0.145, 0.165), draws.within(-0.76, -0.7));
        let rib_strength = draws.within(0.05, 0.08);
        let vessels = (0..18).map(|n| vessel(draws, if n % 2 == 0 { -1.0 } else { 1.0 })).collect();
        let first = (draws.bits() % 2) as usize;
        let patches = (0..n_patches).map(|n| Lesion::draw(draws, &lungs[(first + n) % 2])).collect();
        Self { lungs, dome, heart, rib_gap, rib_top, rib_strength, vessels, patches }
    }

    /// Brightness at one place, 0 (air) to about 1 (bone over heart).
    pub(super) fn brightness(&self, place: Position) -> f64 {
        let body = body(place);
        if body <= 0.0 {
            return 0.0;
        }
        let lung = self.lung(place);
        // Most of the radiograph is not lung, and what is in it costs most.
        let inner = if lung > 0.0 { lung * self.in_the_lungs(place) } else { 0.0 };
        let chest = 0.5 - 0.3 * lung + inner;
        body * (chest + self.bones(place) + self.middle(place, lung))
    }

    fn lung(&self, place: Position) -> f64 {
        let lung = |n: usize| {
            let sideways = place.x - self.lungs[n].at.x;
            let floor = self.dome[n] + 1.1 * sideways * sideways;
            self.lungs[n].cover(place, 0.05) * inside(place.y - floor, 0.03)
        };
        lung(0).max(lung(1))
    }

    fn in_the_lungs(&self, place: Position) -> f64 {
        let vessels: f64 = self.vessels.iter().map(|(from, to, width)| line(place, *from, *to, *width)).sum();
        let patches: f64 = self.patches.iter().map(|patch| patch.brightness(place)).sum();
        0.05 * vessels.min(2.0) + patches
    }

    /// Spine, heart, great vessels, windpipe.
    fn middle(&self, place: Position, lung: f64) -> f64 {
        let vertebrae = 0.025 * (place.y * TAU / 0.135).cos();
        let spine = inside(place.x.abs() - 0.085, 0.04) * (0.1 + vertebrae);
        let mediastinum = 0.1 * inside(place.x.abs() - 0.15, 0.08);
        let heart = self.heart.cover(place, 0.04) * (0.12 + 0.16 * lung);
        let arch = Ellipse::new((0.13, -0.27), (0.1, 0.12), 0.0).cover(place, 0.04) * 0.13;
        let windpipe = 0.11 * inside(place.x.abs() - 0.05, 0.03) * inside(place.y + 0.3, 0.15);
        spine + mediastinum + heart + arch - windpipe
    }

    /// Ribs behind, ribs in front, collar bones.
    fn bones(&self, place: Position) -> f64 {
        let out = (place.x.abs() - 0.08).max(0.0);
        let cage = Ellipse::new((0.0, 0.05), (0.8, 0.95), 0.0).cover(place, 0.05);
        let behind = place.y - self.rib_top + 0.22 * out - 0.75 * out * out;
        let front = place.y - self.rib_top - 0.35 + 0.55 * out;
        let ribs = self.rib(behind, 7.0) + 0.5 * self.rib(front, 6.0) * inside(0.25 - out, 0.15);
        let collar = [-1.0, 1.0].map(|side| {
            let (from, to) = (Position { x: side * 0.08, y: -0.7 }, Position { x: side * 0.66, y: -0.86 });
            line(place, from, to, 0.032)
        });
        self.rib_strength * cage * ribs + 0.1 * (collar[0] + collar[1])
    }

    /// One profile repeated `n` times down the chest: bright rims, paler middle.
    fn rib(&self, down: f64, n: f64) -> f64 {
        let which = (down / self.rib_gap).round();
        if which < 0.0 || which > n {
            return 0.0;
        }
        let off = (down - which * self.rib_gap).abs();
        inside(off - 0.032, 0.012) * (0.75 + 0.25 * bell((off - 0.028) / 0.01))
    }
}

fn vessel(draws: &mut Generator, side: f64) -> (Position, Position, f64) {
    let root = Position { x: side * draws.within(0.14, 0.2), y: draws.within(-0.12, 0.08) };
    let (turn, length) = (draws.within(-1.3, 1.2), draws.within(0.15, 0.38));
    let tip = Position { x: root.x + side * length * turn.cos(), y: root.y + length * turn.sin() };
    (root, tip, draws.within(0.007, 0.014))
}

/// Trunk, shoulders and neck.
fn body(place: Position) -> f64 {
    let (across, down) = (place.x.abs() / 0.94, (place.y - 0.6).abs() / 1.5);
    let trunk = inside((across.powf(3.4) + down.powf(3.4)).powf(1.0 / 3.4) - 1.0, 0.03);
    let neck = inside(place.x.abs() - 0.26 - 0.9 * (place.y + 1.08).max(0.0), 0.05);
    let rim = (1.0 - (place.x / 0.98).powi(2)).max(0.0).sqrt();
    trunk.max(neck * inside(place.y + 0.6, 0.1)) * (0.45 + 0.55 * rim)
}

/// 1 where `distance` is well below 0, 0 well above, smooth over `edge` on both sides.
fn inside(distance: f64, edge: f64) -> f64 {
    let t = (0.5 - distance / (2.0 * edge)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// 1 at 0, about a third at 1, nothing from 3.
fn bell(x: f64) -> f64 {
    if x.abs() < 3.0 { (-x * x).exp() } else { 0.0 }
}

fn distance(a: Position, b: Position) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// A line that is as wide as `width` at `from` and fades to its end.
fn line(place: Position, from: Position, to: Position, width: f64) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let along = (((place.x - from.x) * dx + (place.y - from.y) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    let nearest = Position { x: from.x + along * dx, y: from.y + along * dy };
    bell(distance(place, nearest) / width) * (1.0 - 0.6 * along)
}
