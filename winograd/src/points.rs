//! The six points of F(4, 3), and what they make of inputs, kernels and products (Toom-Cook; Winograd 1980).
//!
//! 0, infinity, and plus and minus 3/4 and 3/2. All their powers that occur are exact in binary. The usual points, plus and
//! minus 1 and 2, are twice as wrong: rounding shows most where the powers of the points lie furthest apart.

/// Outputs a side of a tile.
pub(crate) const TILE: usize = 4;
/// Points, and inputs a side of a tile.
pub(crate) const POINTS: usize = TILE + 2;
/// Products of one tile and channel.
pub(crate) const FREQUENCIES: usize = POINTS * POINTS;

const NEAR: f32 = 0.75;
const FAR: f32 = 1.5;
const NEAR2: f32 = NEAR * NEAR;
const FAR2: f32 = FAR * FAR;

/// Channels side by side: what one instruction of the widest kind takes.
pub(crate) const LANES: usize = 16;
pub(crate) type Lanes<const N: usize = LANES> = [f32; N];

#[inline(always)]
pub(crate) fn zip<const N: usize>(a: Lanes<N>, b: Lanes<N>, of: impl Fn(f32, f32) -> f32) -> Lanes<N> {
    std::array::from_fn(|lane| of(a[lane], b[lane]))
}

#[inline(always)]
fn add<const N: usize>(a: Lanes<N>, b: Lanes<N>) -> Lanes<N> {
    zip(a, b, |a, b| a + b)
}

#[inline(always)]
fn subtract<const N: usize>(a: Lanes<N>, b: Lanes<N>) -> Lanes<N> {
    zip(a, b, |a, b| a - b)
}

#[inline(always)]
fn scale<const N: usize>(a: Lanes<N>, by: f32) -> Lanes<N> {
    a.map(|a| a * by)
}

/// `a * by + c`, rounded once.
#[inline(always)]
pub(crate) fn multiply_add<const N: usize>(a: Lanes<N>, by: f32, c: Lanes<N>) -> Lanes<N> {
    zip(a, c, |a, c| a.mul_add(by, c))
}

/// One instruction, unlike `f32::max`.
#[inline(always)]
pub(crate) fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// A layer's last step.
#[inline(always)]
pub(crate) fn rectified<const N: usize>(sums: Lanes<N>, bias: Lanes<N>) -> Lanes<N> {
    zip(sums, bias, |sum, bias| greater(sum + bias, 0.0))
}

/// Six inputs in a row, as the six factors that are to be multiplied.
#[inline(always)]
pub(crate) fn of_inputs<const N: usize>(x: [Lanes<N>; POINTS]) -> [Lanes<N>; POINTS] {
    let even_near = multiply_add(x[2], -FAR2, x[4]);
    let odd_near = multiply_add(x[1], -FAR2, x[3]);
    let even_far = multiply_add(x[2], -NEAR2, x[4]);
    let odd_far = multiply_add(x[1], -NEAR2, x[3]);
    [
        multiply_add(x[0], NEAR2 * FAR2, multiply_add(x[2], -(NEAR2 + FAR2), x[4])),
        multiply_add(odd_near, NEAR, even_near),
        multiply_add(odd_near, -NEAR, even_near),
        multiply_add(odd_far, FAR, even_far),
        multiply_add(odd_far, -FAR, even_far),
        multiply_add(x[1], NEAR2 * FAR2, multiply_add(x[3], -(NEAR2 + FAR2), x[5])),
    ]
}

/// The four outputs that six products stand for.
#[inline(always)]
pub(crate) fn to_outputs<const N: usize>(m: [Lanes<N>; POINTS]) -> [Lanes<N>; TILE] {
    let (even_near, odd_near) = (add(m[1], m[2]), subtract(m[1], m[2]));
    let (even_far, odd_far) = (add(m[3], m[4]), subtract(m[3], m[4]));
    [
        add(add(m[0], even_near), even_far),
        multiply_add(odd_far, FAR, scale(odd_near, NEAR)),
        multiply_add(even_far, FAR2, scale(even_near, NEAR2)),
        add(multiply_add(odd_far, FAR * FAR2, scale(odd_near, NEAR * NEAR2)), m[5]),
    ]
}

/// What each weight of a kernel `[3, 3]` counts for in each of its 36 factors.
pub(crate) struct KernelTransform([[f64; 9]; FREQUENCIES]);

impl KernelTransform {
    /// The same for every kernel, of which a network has a million.
    pub(crate) fn new() -> Self {
        let rows = of_weights();
        Self(std::array::from_fn(|frequency| {
            let (row, column) = (rows[frequency / POINTS], rows[frequency % POINTS]);
            std::array::from_fn(|tap| row[tap / 3] * column[tap % 3])
        }))
    }

    /// One of the 36 factors of kernels side by side, exact to the last rounding.
    pub(crate) fn of(&self, taps: &[[f64; LANES]; 9], frequency: usize) -> Lanes {
        let mut sums = [0.0; LANES];
        for (term, weights) in self.0[frequency].iter().zip(taps) {
            for lane in 0..LANES {
                sums[lane] += term * weights[lane];
            }
        }
        sums.map(|sum: f64| sum as f32)
    }
}

/// Each point's powers, over what the polynomial that vanishes at all other points is there.
fn of_weights() -> [[f64; 3]; POINTS] {
    let points = [0.0, NEAR, -NEAR, FAR, -FAR].map(f64::from);
    let mut rows = [[0.0, 0.0, 1.0]; POINTS];
    for (n, (row, at)) in rows.iter_mut().zip(points).enumerate() {
        let others = points.iter().enumerate().filter(|(other, _)| *other != n);
        let norm: f64 = others.map(|(_, other)| at - other).product();
        *row = [1.0, at, at * at].map(|power| power / norm);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_outputs_of_six_inputs_equal_the_definition() {
        let x: [f32; POINTS] = [0.5, -1.25, 3.0, 0.125, -2.0, 1.5];
        let weights = [0.25, -1.0, 0.75];
        let factors = of_inputs(x.map(|value| [value; LANES]));
        let rows = of_weights().map(|row| row.iter().zip(weights).map(|(a, b)| a * b).sum::<f64>());
        let products = std::array::from_fn(|point| scale(factors[point], rows[point] as f32));
        for (at, found) in to_outputs(products).into_iter().enumerate() {
            let expected: f64 = weights.iter().zip(&x[at..]).map(|(weight, x)| weight * f64::from(*x)).sum();
            assert!(found.iter().all(|value| (f64::from(*value) - expected).abs() < 1e-5), "{found:?}: {expected}");
        }
    }
}
