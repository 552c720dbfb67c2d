//! The fast kernel's inner columns with AVX2, eight pixels at a time: the same bytes as the portable one.
//!
//! The coordinates are those of the portable kernel, exactly: whole pixels and a fraction in 32 bits each, advanced by
//! eight columns with a carry. One gather fetches a pixel of grey and its right neighbour for eight columns; a pixel of
//! colour and its neighbour are one load. The four weights of a pixel are made in 16 bits, and two multiply-adds and one
//! shift make its level.

#![expect(unsafe_code, reason = "gathers and unaligned loads take pointers; every place they read is checked by `row`")]

use std::arch::x86_64::{
    __m256i, _mm_loadl_epi64, _mm_packus_epi16, _mm_packus_epi32, _mm_setr_epi8, _mm_shuffle_epi8, _mm_storel_epi64,
    _mm_storeu_si128, _mm256_add_epi32, _mm256_blend_epi16, _mm256_broadcastsi128_si256, _mm256_castsi256_si128,
    _mm256_cmpgt_epi32, _mm256_extracti128_si256, _mm256_i32gather_epi32, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_mulhrs_epi16, _mm256_mullo_epi32, _mm256_or_si256, _mm256_packus_epi32, _mm256_permute4x64_epi64,
    _mm256_permutevar8x32_epi32, _mm256_set_m128i, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_shuffle_epi8,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_storeu_si256, _mm256_sub_epi32, _mm256_xor_si256,
};

use super::run::{Q, Run};

/// Columns of one step.
const STEP: usize = 8;
/// In a shuffle: a zero.
const NO: i8 = -128;

/// Eight coordinates side by side.
struct Lanes {
    whole: __m256i,
    /// With its highest bit flipped, so that a signed comparison finds the carry.
    fraction: __m256i,
    whole_step: __m256i,
    fraction_step: __m256i,
    carry_below: __m256i,
}

/// Writes the first pixels of `out`, of `C` channels each, as many as can be taken `STEP` at a time, and returns their
/// number: 0 where the processor has no AVX2. `first` is their first one's column; the coordinates `x` and `y` of all of
/// them must lie inside, away from the last column and row.
///
/// # Panics
/// When they do not.
pub(super) fn row<const C: usize>(
    (data, width): (&[u8], usize),
    out: &mut [u8],
    first: usize,
    (x, y): (Run, Run),
) -> usize {
    // A step of colour is stored with four bytes more, which the next pixels overwrite.
    let n_spare = if C == 1 { 0 } else { 2 };
    let n_steps = (out.len() / C).saturating_sub(n_spare) / STEP;
    if n_steps == 0 || !is_x86_feature_detected!("avx2") || i32::try_from(data.len()).is_err() {
        return 0;
    }
    // Coordinates grow or shrink all along the row, so both ends inside means all inside.
    let (height, last) = (data.len() / (width * C), first + n_steps * STEP - 1);
    let is_inside = |run: Run, side: usize| {
        [first, last].iter().all(|&column| (0..side as i128 - 1).contains(&(run.exactly(column) >> Q)))
    };
    assert!(is_inside(x, width) && is_inside(y, height), "a pixel outside would be read");
    // SAFETY: AVX2 is there.
    let lanes = |run: Run| unsafe { Lanes::new(run, first) };
    // SAFETY: AVX2 is there, and the four pixels around every column are inside, as was just checked. Loads of four (for
    // colour eight) bytes begin at the upper pair, behind which a row follows, or end with the lower pair, before which
    // a row lies. Stores stay inside `out`, which has `n_spare` pixels more than the steps write.
    unsafe {
        match C {
            1 => grey(data, width, out, n_steps, lanes(x), lanes(y)),
            _ => colour(data, width, out, n_steps, lanes(x), lanes(y)),
        }
    }
    n_steps * STEP
}

impl Lanes {
    #[target_feature(enable = "avx2")]
    fn new(run: Run, first: usize) -> Self {
        let at: [i64; STEP] = std::array::from_fn(|i| run.at(first + i));
        let whole = at.map(|at| (at >> Q) as i32);
        let fraction = at.map(|at| at as i32 ^ i32::MIN);
        let step = run.at(STEP).wrapping_sub(run.at(0));
        // SAFETY: both arrays have 32 bytes.
        let load = |from: &[i32; STEP]| unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
        Self {
            whole: load(&whole),
            fraction: load(&fraction),
            whole_step: _mm256_set1_epi32((step >> Q) as i32),
            fraction_step: _mm256_set1_epi32(step as i32),
            carry_below: _mm256_set1_epi32(step as i32 ^ i32::MIN),
        }
    }

    /// 14 bits of the fraction.
    #[target_feature(enable = "avx2")]
    fn weight(&self) -> __m256i {
        _mm256_xor_si256(_mm256_srli_epi32::<18>(self.fraction), _mm256_set1_epi32(1 << 13))
    }

    /// Eight columns on.
    #[target_feature(enable = "avx2")]
    fn advance(&mut self) {
        self.fraction = _mm256_add_epi32(self.fraction, self.fraction_step);
        // All ones, which is -1, where the fraction ran over.
        let carry = _mm256_cmpgt_epi32(self.carry_below, self.fraction);
        self.whole = _mm256_sub_epi32(_mm256_add_epi32(self.whole, self.whole_step), carry);
    }
}

/// The weights of the upper and of the lower pair of eight pixels, two of 16 bits a lane, left one first.
#[target_feature(enable = "avx2")]
fn weights(x: &Lanes, y: &Lanes) -> (__m256i, __m256i) {
    let (fx, fy) = (x.weight(), y.weight());
    let lower_right = _mm256_mulhrs_epi16(_mm256_slli_epi32::<1>(fx), fy);
    let upper_right = _mm256_sub_epi32(fx, lower_right);
    let lower_left = _mm256_sub_epi32(fy, lower_right);
    let upper_left = _mm256_sub_epi32(_mm256_sub_epi32(_mm256_set1_epi32(1 << 14), fx), lower_left);
    let pair = |left, right| _mm256_or_si256(left, _mm256_slli_epi32::<16>(right));
    (pair(upper_left, upper_right), pair(lower_left, lower_right))
}

/// The level of each lane from two pairs of levels and two pairs of weights, 16 bits each.
#[target_feature(enable = "avx2")]
fn blend(upper: __m256i, lower: __m256i, (above, below): (__m256i, __m256i)) -> __m256i {
    let sum = _mm256_add_epi32(_mm256_madd_epi16(upper, above), _mm256_madd_epi16(lower, below));
    _mm256_srli_epi32::<14>(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << 13)))
}

/// # Safety
/// As [`row`] checks it.
#[target_feature(enable = "avx2")]
unsafe fn grey(data: &[u8], width: usize, out: &mut [u8], n_steps: usize, mut x: Lanes, mut y: Lanes) {
    let row = _mm256_set1_epi32(width.cast_signed() as i32);
    // Bytes 0 and 1 of each lane, and 2 and 3, as words.
    let upper_words = _mm_setr_epi8(0, NO, 1, NO, 4, NO, 5, NO, 8, NO, 9, NO, 12, NO, 13, NO);
    let lower_words = _mm_setr_epi8(2, NO, 3, NO, 6, NO, 7, NO, 10, NO, 11, NO, 14, NO, 15, NO);
    let (upper_words, lower_words) =
        (_mm256_broadcastsi128_si256(upper_words), _mm256_broadcastsi128_si256(lower_words));
    for step in out.chunks_exact_mut(STEP).take(n_steps) {
        let at = _mm256_add_epi32(_mm256_mullo_epi32(y.whole, row), x.whole);
        let upper = unsafe { _mm256_i32gather_epi32::<1>(data.as_ptr().cast(), at) };
        // Two bytes early, so that the pair is at the lane's end and nothing behind the image is read.
        let lower = unsafe { _mm256_i32gather_epi32::<1>(data.as_ptr().add(width).wrapping_sub(2).cast(), at) };
        let four = _mm256_blend_epi16::<0b1010_1010>(upper, lower);
        let (upper, lower) = (_mm256_shuffle_epi8(four, upper_words), _mm256_shuffle_epi8(four, lower_words));
        let levels = blend(upper, lower, weights(&x, &y));
        let words = _mm_packus_epi32(_mm256_castsi256_si128(levels), _mm256_extracti128_si256::<1>(levels));
        unsafe { _mm_storel_epi64(step.as_mut_ptr().cast(), _mm_packus_epi16(words, words)) };
        x.advance();
        y.advance();
    }
}

/// # Safety
/// As [`row`] checks it.
#[target_feature(enable = "avx2")]
unsafe fn colour(data: &[u8], width: usize, out: &mut [u8], n_steps: usize, mut x: Lanes, mut y: Lanes) {
    let stride = 3 * width;
    let row = _mm256_set1_epi32(stride.cast_signed() as i32);
    // Each channel's level of a pixel and of its right neighbour, as words of one lane; the fourth lane is empty.
    let upper_words = _mm_setr_epi8(0, NO, 3, NO, 1, NO, 4, NO, 2, NO, 5, NO, NO, NO, NO, NO);
    let lower_words = _mm_setr_epi8(2, NO, 5, NO, 3, NO, 6, NO, 4, NO, 7, NO, NO, NO, NO, NO);
    let (upper_words, lower_words) =
        (_mm256_broadcastsi128_si256(upper_words), _mm256_broadcastsi128_si256(lower_words));
    let squeeze = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, NO, NO, NO, NO);
    let mut to = out.as_mut_ptr();
    for _ in 0..n_steps {
        let at = _mm256_add_epi32(
            _mm256_mullo_epi32(y.whole, row),
            _mm256_add_epi32(x.whole, _mm256_slli_epi32::<1>(x.whole)),
        );
        let mut places = [0_i32; STEP];
        unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), at) };
        let (above, below) = weights(&x, &y);
        let pair = |i: usize| {
            let [first, second] = [places[i] as usize, places[i + 1] as usize];
            let load = |at: usize| unsafe { _mm_loadl_epi64(data.as_ptr().add(at).cast()) };
            let upper = _mm256_set_m128i(load(second), load(first));
            let lower = _mm256_set_m128i(load(second + stride - 2), load(first + stride - 2));
            let which =
                _mm256_add_epi32(_mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), _mm256_set1_epi32(i.cast_signed() as i32));
            let of = |weights| _mm256_permutevar8x32_epi32(weights, which);
            blend(
                _mm256_shuffle_epi8(upper, upper_words),
                _mm256_shuffle_epi8(lower, lower_words),
                (of(above), of(below)),
            )
        };
        for half in [0, 4] {
            // (0, 2 | 1, 3) in words, then in order and in bytes.
            let words = _mm256_packus_epi32(pair(half), pair(half + 2));
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            unsafe {
                _mm_storeu_si128(to.cast(), _mm_shuffle_epi8(bytes, squeeze));
                to = to.add(12);
            }
        }
        x.advance();
        y.advance();
    }
}
