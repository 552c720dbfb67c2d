//! From libtorch's errors to this room's: one line each.

use super::NnError;

pub(super) trait Torch<T> {
    /// Names what was tried; of libtorch's message (often a page with a C++ backtrace) the first line is kept.
    fn named(self, doing: &'static str) -> Result<T, NnError>;
}

impl<T> Torch<T> for Result<T, tch::TchError> {
    fn named(self, doing: &'static str) -> Result<T, NnError> {
        self.map_err(|error| {
            let text = error.to_string();
            NnError::Torch { doing, cause: text.lines().next().unwrap_or_default().trim().to_owned() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line() {
        let wrong = tch::Tensor::f_from_slice(&[1.0_f32]).and_then(|tensor| tensor.f_reshape([2, 2]));
        let error = wrong.map(drop).named("reshape").unwrap_err().to_string();
        assert!(error.starts_with("libtorch failed to reshape: "), "{error}");
        assert!(error.contains("shape '[2, 2]' is invalid") && !error.contains('\n'), "{error}");
    }
}
