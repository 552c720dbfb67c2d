//! Which instructions the arithmetic is compiled to: the same code for each, and the same numbers.

#![expect(unsafe_code, reason = "a function compiled for instructions may only be called where the processor has them")]

use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_set1_ps};

use crate::direct::{self, Row};
use crate::peak::{self, CHAINS};
use crate::products::{self, Multiplication};
use crate::spectrum::{self, Finish, Group, Products};

/// What this processor was found to have; there is no other way to get one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instructions(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Avx512,
    Avx2,
    /// Anything: fused products are then a call each. For tests; far slower than not filtering at all.
    #[cfg(test)]
    Portable,
}

impl Instructions {
    /// The widest of the processor's; none where it has no fused products.
    pub fn of_this_processor() -> Option<Self> {
        let sets = Self::all();
        sets.first().copied()
    }

    /// All that the processor has, the widest first.
    pub fn all() -> Vec<Self> {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = avx2 && is_x86_feature_detected!("avx512f");
        [(avx512, Set::Avx512), (avx2, Set::Avx2)]
            .into_iter()
            .filter(|(there, _)| *there)
            .map(|(_, set)| Self(set))
            .collect()
    }

    #[cfg(test)]
    pub(crate) fn portable() -> Self {
        Self(Set::Portable)
    }

    pub(crate) fn spread(self, block: &[f32], group: Group, factors: &mut [f32]) {
        match self.0 {
            // SAFETY: the set was made because the processor has the instructions.
            Set::Avx512 => unsafe { spread_avx512(block, group, factors) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { spread_avx2(block, group, factors) },
            #[cfg(test)]
            Set::Portable => spectrum::spread::<8>(block, group, factors),
        }
    }

    pub(crate) fn multiply(self, job: Multiplication, products: &mut [f32]) {
        match self.0 {
            // SAFETY: as above.
            Set::Avx512 => unsafe { multiply_avx512(job, products) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { multiply_avx2(job, products) },
            #[cfg(test)]
            Set::Portable => products::narrow(job, products),
        }
    }

    pub(crate) fn gather(self, products: Products, finish: Finish, group: Group, rows: &mut [f32]) {
        match self.0 {
            // SAFETY: as above.
            Set::Avx512 => unsafe { gather_avx512(products, finish, group, rows) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { gather_avx2(products, finish, group, rows) },
            #[cfg(test)]
            Set::Portable => spectrum::gather::<8>(products, finish, group, rows),
        }
    }

    /// Returns how many sums ran side by side.
    pub(crate) fn chain(self, n_steps: usize, factor: f32) -> usize {
        match self.0 {
            // SAFETY: as above.
            Set::Avx512 => unsafe { chain_avx512(n_steps, factor) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { chain_avx2(n_steps, factor) },
            #[cfg(test)]
            Set::Portable => peak::chain([0.5; CHAINS], n_steps, |sum| factor.mul_add(sum, 0.5)),
        }
    }

    pub(crate) fn convolve(self, row: Row, output: &mut [f32]) {
        match self.0 {
            // SAFETY: as above.
            Set::Avx512 => unsafe { convolve_avx512(row, output) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { convolve_avx2(row, output) },
            #[cfg(test)]
            Set::Portable => direct::narrow(row, output),
        }
    }
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn spread_avx512(block: &[f32], group: Group, factors: &mut [f32]) {
    spectrum::spread::<16>(block, group, factors);
}

#[target_feature(enable = "avx2,fma")]
fn spread_avx2(block: &[f32], group: Group, factors: &mut [f32]) {
    spectrum::spread::<8>(block, group, factors);
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn multiply_avx512(job: Multiplication, products: &mut [f32]) {
    products::wide(job, products);
}

#[target_feature(enable = "avx2,fma")]
fn multiply_avx2(job: Multiplication, products: &mut [f32]) {
    products::narrow(job, products);
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn gather_avx512(products: Products, finish: Finish, group: Group, rows: &mut [f32]) {
    spectrum::gather::<16>(products, finish, group, rows);
}

#[target_feature(enable = "avx2,fma")]
fn gather_avx2(products: Products, finish: Finish, group: Group, rows: &mut [f32]) {
    spectrum::gather::<8>(products, finish, group, rows);
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn convolve_avx512(row: Row, output: &mut [f32]) {
    direct::wide(row, output);
}

#[target_feature(enable = "avx2,fma")]
fn convolve_avx2(row: Row, output: &mut [f32]) {
    direct::narrow(row, output);
}

// The compiler makes scalars of plain loops here: it sees no memory that the numbers come from.
#[target_feature(enable = "avx512f,avx2,fma")]
fn chain_avx512(n_steps: usize, factor: f32) -> usize {
    let (factor, added) = (_mm512_set1_ps(factor), _mm512_set1_ps(0.5));
    16 * peak::chain([added; CHAINS], n_steps, |sum| _mm512_fmadd_ps(sum, factor, added))
}

#[target_feature(enable = "avx2,fma")]
fn chain_avx2(n_steps: usize, factor: f32) -> usize {
    let (factor, added) = (_mm256_set1_ps(factor), _mm256_set1_ps(0.5));
    8 * peak::chain([added; CHAINS], n_steps, |sum| _mm256_fmadd_ps(sum, factor, added))
}
