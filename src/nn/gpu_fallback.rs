//! What to do when a GPU fails: smaller batches where its memory is too small, the processor where it is lost, 32-bit floats
//! where 16-bit ones do not reach.

use tch::Device;

use super::error::NnError;

/// What is tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The same images in batches of this many.
    Smaller(usize),
    /// The same images on the processor.
    Processor,
    /// The same images in f32.
    Exact,
    /// Nothing: the error stands.
    None,
}

/// Of memory that is too small; cuDNN says the second where none of its algorithms finds room.
const MEMORY: [&str; 3] = ["out of memory", "unable to find an engine", "alloc_failed"];
/// Of a GPU that does not work any more.
const GPU: [&str; 3] = ["cuda", "cudnn", "cublas"];

fn named(words: &[&str], cause: &str) -> bool {
    words.iter().any(|word| cause.contains(word))
}

/// By libtorch's own words: all it throws for a GPU is a text.
pub(super) fn remedy(error: &NnError, device: Device, batch: usize) -> Remedy {
    let cause = match error {
        NnError::Torch { cause, .. } => cause.to_lowercase(),
        NnError::BeyondHalf => return Remedy::Exact,
        _ => return Remedy::None,
    };
    match device {
        Device::Cuda(_) if named(&MEMORY, &cause) && batch > 1 => Remedy::Smaller(batch / 2),
        Device::Cuda(_) if named(&GPU, &cause) || named(&MEMORY, &cause) => Remedy::Processor,
        _ => Remedy::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cause: &str, device: Device, batch: usize, expected: Remedy) {
        let error = NnError::Torch { doing: "run the network", cause: cause.to_owned() };
        assert_eq!(remedy(&error, device, batch), expected, "{cause}");
    }

    #[test]
    fn memory_asks_for_less_and_a_lost_gpu_for_the_processor() {
        let full = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB";
        check(full, Device::Cuda(0), 64, Remedy::Smaller(32));
        check(full, Device::Cuda(0), 1, Remedy::Processor);
        check("CUDA error: unspecified launch failure", Device::Cuda(1), 64, Remedy::Processor);
        check("GET was unable to find an engine to execute this computation", Device::Cuda(0), 8, Remedy::Smaller(4));
        check("CUDA error 719 on the attempt to wait for the GPU", Device::Cuda(0), 64, Remedy::Processor);
        check("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", Device::Cuda(0), 64, Remedy::Processor);
        check("The size of tensor a (3) must match", Device::Cuda(0), 64, Remedy::None);
        check("CUDA out of memory", Device::Cpu, 1, Remedy::None);
        assert_eq!(remedy(&NnError::BeyondHalf, Device::Cuda(0), 64), Remedy::Exact);
        assert_eq!(remedy(&NnError::EngineGone, Device::Cuda(0), 64), Remedy::None);
    }
}
