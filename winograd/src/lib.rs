//! 3x3 convolutions by minimal filtering: a quarter of the multiplications, in 32-bit floats.
//!
//! A tile of 4x4 outputs needs 6x6 inputs. Taken to the values of polynomials at six points, the convolution becomes 36
//! products instead of 144 (Winograd 1980; Lavin & Gray 2016, F(4x4, 3x3)), and those of all tiles are 36 products of
//! matrices. Everything is plain arithmetic on slices: it knows nothing of networks, files or libtorch, and is a package of
//! its own so that development builds optimise it.
//!
//! A number depends neither on threads nor on the processor: every sum runs in one order, fused, whichever instructions
//! are used.

#![allow(
    clippy::inline_always,
    reason = "what is not inlined into a function compiled for some instructions is compiled without them"
)]
#![allow(clippy::needless_range_loop, reason = "loops over rows and columns of registers read best as such")]

mod convolution;
mod direct;
mod filtered;
mod instructions;
mod kernels;
mod map;
mod peak;
mod points;
mod prefetch;
mod products;
mod spectrum;

pub use convolution::{Convolution, LAYOUT, Shape, SharedFactors};
pub use filtered::Buffers;
pub use instructions::Instructions;
pub use map::Map;
