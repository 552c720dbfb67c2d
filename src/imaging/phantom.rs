//! Synthetic chest radiographs: two classes that differ by bright patches in the lungs, for the demo and for tests.
//!
//! Everything follows from the class and the seed. They look a little like the real thing and teach nothing about it.

mod anatomy;

use std::fmt;

use super::picture::{Picture, Pixels};
use crate::stats::Generator;
use anatomy::{Anatomy, Position};

const WIDTH: u32 = 320;
const HEIGHT: u32 = 384;

/// What a radiograph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhantomClass {
    /// Dark lungs.
    Plain,
    /// One to three bright, soft patches in the lungs.
    Patchy,
}

impl fmt::Display for PhantomClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Patchy => "patchy",
        })
    }
}

/// Which radiograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phantom {
    /// What it shows.
    pub class: PhantomClass,
    /// Of everything random in it.
    pub seed: u64,
}

/// One radiograph, and where its patches are.
#[derive(Debug, Clone)]
pub struct PhantomImage {
    /// 8-bit grey, 320x384.
    pub picture: Picture,
    /// Empty for [`PhantomClass::Plain`].
    pub patches: Vec<PhantomPatch>,
}

/// A bright patch, in pixels of the radiograph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhantomPatch {
    /// Its middle, from the left edge.
    pub x: f64,
    /// Its middle, from the upper edge.
    pub y: f64,
    /// Where it has faded to about a third.
    pub radius: f64,
}

impl Phantom {
    /// Makes the radiograph. The same class and seed give the same pixels.
    pub fn image(self) -> PhantomImage {
        let mut draws = stream(self.seed, self.class as u64);
        let n_patches = if self.class == PhantomClass::Patchy { 1 + below(&mut draws, 3) } else { 0 };
        let anatomy = Anatomy::draw(&mut draws, n_patches);
        let pose = Pose::draw(&mut draws);
        let exposure = Exposure::draw(&mut draws);
        let mut data = Vec::with_capacity((WIDTH * HEIGHT) as usize);
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let place = pose.place(f64::from(x) + 0.5, f64::from(y) + 0.5);
                data.push(exposure.develop(anatomy.brightness(place), normal(&mut draws)));
            }
        }
        let patches = anatomy.patches.iter().map(|patch| pose.patch(patch)).collect();
        PhantomImage { picture: grey(data), patches }
    }
}

fn grey(data: Vec<u8>) -> Picture {
    Picture { width: WIDTH, height: HEIGHT, channels: 1, pixels: Pixels::U8(data), origin: None }
}

/// How the body is placed in front of the detector.
struct Pose {
    turn: f64,
    shift: (f64, f64),
    /// Body lengths for one length of the detector.
    scale: f64,
}

impl Pose {
    fn draw(draws: &mut Generator) -> Self {
        let (turn, x, y) = (draws.within(-0.05, 0.05), draws.within(-0.05, 0.05), draws.within(-0.13, -0.03));
        Self { turn, shift: (x, y), scale: draws.within(0.8, 0.9) }
    }

    /// Pixel to body.
    fn place(&self, x: f64, y: f64) -> Position {
        let half = f64::from(WIDTH) / 2.0;
        let (x, y) = ((x - half) / half, (y - f64::from(HEIGHT) / 2.0) / half);
        let (sin, cos) = self.turn.sin_cos();
        Position {
            x: (x * cos - y * sin) * self.scale + self.shift.0,
            y: (x * sin + y * cos) * self.scale + self.shift.1,
        }
    }

    /// Body to pixel: the inverse of [`Self::place`].
    fn patch(&self, patch: &anatomy::Lesion) -> PhantomPatch {
        let half = f64::from(WIDTH) / 2.0;
        let (x, y) = ((patch.at.x - self.shift.0) / self.scale, (patch.at.y - self.shift.1) / self.scale);
        let (sin, cos) = self.turn.sin_cos();
        PhantomPatch {
            x: (x * cos + y * sin) * half + half,
            y: (y * cos - x * sin) * half + f64::from(HEIGHT) / 2.0,
            radius: patch.radius / self.scale * half,
        }
    }
}

/// How the radiograph was taken and developed.
struct Exposure {
    gain: f64,
    gamma: f64,
    haze: f64,
    grain: f64,
}

impl Exposure {
    fn draw(draws: &mut Generator) -> Self {
        Self {
            gain: draws.within(0.95, 1.2),
            gamma: draws.within(0.85, 1.15),
            haze: draws.within(0.0, 0.05),
            grain: draws.within(0.008, 0.018),
        }
    }

    fn develop(&self, brightness: f64, noise: f64) -> u8 {
        let tone = (brightness * self.gain).max(0.0).powf(self.gamma) + self.haze + self.grain * noise;
        (tone.clamp(0.0, 1.0) * 255.0).round() as u8
    }
}

/// A stream of random numbers for every radiograph.
fn stream(seed: u64, class: u64) -> Generator {
    let mixed = Generator::from_state(seed).bits() ^ class.wrapping_mul(0xd6e8_feb8_6659_fd93);
    Generator::from_state(mixed)
}

/// Uniform, 0 to `n - 1`.
fn below(draws: &mut Generator, n: usize) -> usize {
    (draws.bits() % n as u64) as usize
}

/// Mean 0, deviation 1, nearly normal: a sum of six uniform numbers.
fn normal(draws: &mut Generator) -> f64 {
    (0..6).map(|_| draws.within(-0.5, 0.5)).sum::<f64>() * std::f64::consts::SQRT_2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phantom(class: PhantomClass, seed: u64) -> PhantomImage {
        Phantom { class, seed }.image()
    }

    /// Mean grey level within `radius` pixels of a place.
    fn mean_at(picture: &Picture, x: f64, y: f64, radius: f64) -> f64 {
        let Pixels::U8(data) = picture.pixels() else { panic!("phantoms have 8 bits") };
        let near = data.iter().enumerate().filter(|(i, _)| {
            let (px, py) = (*i as u32 % WIDTH, *i as u32 / WIDTH);
            (f64::from(px) + 0.5 - x).hypot(f64::from(py) + 0.5 - y) < radius
        });
        let (sum, n) = near.fold((0.0, 0.0), |(sum, n), (_, v)| (sum + f64::from(*v), n + 1.0));
        sum / n
    }

    #[test]
    fn the_same_seed_gives_the_same_image_and_another_seed_another() {
        let first = phantom(PhantomClass::Patchy, 1);
        assert_eq!(first.picture, phantom(PhantomClass::Patchy, 1).picture);
        assert_ne!(first.picture, phantom(PhantomClass::Patchy, 2).picture);
        assert_eq!((first.picture.width(), first.picture.height()), (320, 384));
        assert_eq!(first.picture.facts().colour, "grey8");
    }

    #[test]
    fn patches_are_bright_and_only_in_the_patchy_class() {
        for seed in 0..4 {
            assert!(phantom(PhantomClass::Plain, seed).patches.is_empty());
            let patchy = phantom(PhantomClass::Patchy, seed);
            assert!((1..=3).contains(&patchy.patches.len()));
            for patch in &patchy.patches {
                assert!((0.0..320.0).contains(&patch.x) && (0.0..384.0).contains(&patch.y), "{patch:?}");
            }
        }
    }

    /// The same body without its patches is darker exactly where the patches are said to be.
    #[test]
    fn patches_lie_where_they_are_said_to_lie() {
        for seed in 0..3 {
            let mut draws = stream(seed, 1);
            let n_patches = 1 + below(&mut draws, 3);
            let mut anatomy = Anatomy::draw(&mut draws, n_patches);
            let pose = Pose::draw(&mut draws);
            let exposure = Exposure::draw(&mut draws);
            anatomy.patches.clear();
            let patchy = phantom(PhantomClass::Patchy, seed);
            for patch in &patchy.patches {
                let without = exposure.develop(anatomy.brightness(pose.place(patch.x, patch.y)), 0.0);
                let with = mean_at(&patchy.picture, patch.x, patch.y, 4.0);
                assert!(with > f64::from(without) + 12.0, "seed {seed}: {patch:?}: {without} -> {with}");
            }
        }
    }
}
