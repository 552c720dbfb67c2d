//! Which instructions the arithmetic is compiled to: the same code for each, and the same numbers.

#![expect(unsafe_code, reason = "a function compiled for instructions may only be called where the processor has them")]

use crate::products::{self, Factors};
use crate::spectrum::{self, Finish, Group};

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

    pub(crate) fn spread(self, block: &[f32], width: usize, group: Group, factors: &mut [f32]) {
        match self.0 {
            // SAFETY: the set was made because the processor has the instructions.
            Set::Avx512 => unsafe { spread_avx512(block, width, group, factors) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { spread_avx2(block, width, group, factors) },
            #[cfg(test)]
            Set::Portable => spectrum::spread(block, width, group, factors),
        }
    }

    pub(crate) fn multiply(self, factors: Factors, weights: &[f32], products: &mut [f32]) {
        match self.0 {
            // SAFETY: as above.
            Set::Avx512 => unsafe { multiply_avx512(factors, weights, products) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { multiply_avx2(factors, weights, products) },
            #[cfg(test)]
            Set::Portable => products::narrow(factors, weights, products),
        }
    }

    pub(crate) fn gather(self, products: &[f32], finish: Finish, group: Group, rows: &mut [f32]) {
        match self.0 {
            // SAFETY: as above.
            Set::Avx512 => unsafe { gather_avx512(products, finish, group, rows) },
            // SAFETY: as above.
            Set::Avx2 => unsafe { gather_avx2(products, finish, group, rows) },
            #[cfg(test)]
            Set::Portable => spectrum::gather(products, finish, group, rows),
        }
    }
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn spread_avx512(block: &[f32], width: usize, group: Group, factors: &mut [f32]) {
    spectrum::spread(block, width, group, factors);
}

#[target_feature(enable = "avx2,fma")]
fn spread_avx2(block: &[f32], width: usize, group: Group, factors: &mut [f32]) {
    spectrum::spread(block, width, group, factors);
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn multiply_avx512(factors: Factors, weights: &[f32], products: &mut [f32]) {
    products::wide(factors, weights, products);
}

#[target_feature(enable = "avx2,fma")]
fn multiply_avx2(factors: Factors, weights: &[f32], products: &mut [f32]) {
    products::narrow(factors, weights, products);
}

#[target_feature(enable = "avx512f,avx2,fma")]
fn gather_avx512(products: &[f32], finish: Finish, group: Group, rows: &mut [f32]) {
    spectrum::gather(products, finish, group, rows);
}

#[target_feature(enable = "avx2,fma")]
fn gather_avx2(products: &[f32], finish: Finish, group: Group, rows: &mut [f32]) {
    spectrum::gather(products, finish, group, rows);
}
