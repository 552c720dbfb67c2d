//! The index of the greatest value.

/// The index of the greatest of `values`, the first of equals; 0 of nothing.
pub fn argmax<T: PartialOrd>(values: &[T]) -> usize {
    (1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::argmax;

    #[test]
    fn the_first_of_equals_is_the_greatest() {
        assert_eq!([argmax(&[1.0, 3.0, 3.0]), argmax(&[2.0]), argmax::<u64>(&[])], [1, 0, 0]);
        assert_eq!(argmax(&[f64::NAN, 1.0]), 0);
    }
}
