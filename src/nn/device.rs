//! Where the network runs, and a sentence that says so and why.

use tch::Device;

use super::arithmetic::Arithmetic;
use super::cuda;
use super::error::NnError;
use crate::config::{self, ComputeSettings};

/// The chosen device: libtorch's handle, its arithmetic, how many images it takes at a time, and the sentence.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) device: Device,
    pub(super) arithmetic: Arithmetic,
    pub(super) batch: usize,
    pub(super) why: String,
}

/// The weights of the last layers are read once for all of them; a scan still waits for few images.
const CPU_BATCH: usize = 4;
/// Enough to fill a GPU, small beside its memory (about 3 GiB of activations in 16-bit floats).
const CUDA_BATCH: usize = 128;

/// Follows the settings; only `auto` may choose. Called before any other use of libtorch.
pub(super) fn choose(compute: &ComputeSettings, n_threads: usize) -> Result<Chosen, NnError> {
    match compute.device {
        config::Device::Cpu => processor(compute, n_threads, "compute.device is \"cpu\""),
        config::Device::Auto => match cuda::open(&compute.cuda_folder) {
            Ok(_) => Ok(gpu(compute, 0, "compute.device is \"auto\" and libtorch found it")),
            Err(why) => processor(compute, n_threads, &why),
        },
        config::Device::Cuda(index) => match cuda::open(&compute.cuda_folder) {
            Ok(n) if index < n => Ok(gpu(compute, index, "compute.device names it")),
            Ok(n) => Err(NnError::NoSuchDevice { index, why: format!("libtorch found {n}, from cuda:0 on") }),
            Err(why) => Err(NnError::NoSuchDevice { index, why }),
        },
    }
}

/// Whether the settings can be followed on this machine; nothing is opened where they always can.
///
/// # Errors
/// [`NnError::NoSuchDevice`], [`NnError::OnGpusAlone`].
pub fn check_device(compute: &ComputeSettings) -> Result<(), NnError> {
    match (compute.device, compute.precision) {
        (config::Device::Auto | config::Device::Cpu, config::Precision::Auto | config::Precision::F32) => Ok(()),
        _ => choose(compute, 1).map(drop),
    }
}

/// How many GPUs can be used, or a clause that says why none can.
///
/// # Errors
/// No driver, no CUDA part of libtorch, or none that fits.
pub fn count_gpus(compute: &ComputeSettings) -> Result<usize, String> {
    cuda::open(&compute.cuda_folder)
}

/// The processor, for the reason `why`.
pub(super) fn processor(compute: &ComputeSettings, n_threads: usize, why: &str) -> Result<Chosen, NnError> {
    let arithmetic = Arithmetic::on_processor(compute.precision)?;
    let plural = if n_threads == 1 { "" } else { "s" };
    let why = format!("the processor with {n_threads} thread{plural} in {}: {why}", arithmetic.name());
    Ok(Chosen { device: Device::Cpu, arithmetic, batch: CPU_BATCH, why })
}

/// The GPU `index`, for the reason `why`.
pub(super) fn gpu(compute: &ComputeSettings, index: usize, why: &str) -> Chosen {
    let arithmetic = Arithmetic::on_gpu(compute.precision);
    let why = format!("the GPU cuda:{index} in {}: {why}", arithmetic.name());
    Chosen { device: Device::Cuda(index), arithmetic, batch: CUDA_BATCH, why }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn compute(device: config::Device, precision: config::Precision) -> ComputeSettings {
        ComputeSettings { device, precision, cuda_folder: PathBuf::new(), threads: 2, models_in_memory: 2 }
    }

    #[test]
    fn the_processor_is_always_there_and_says_why() {
        let chosen = choose(&compute(config::Device::Cpu, config::Precision::F32), 2).unwrap();
        assert_eq!((chosen.device, chosen.arithmetic), (Device::Cpu, Arithmetic::F32));
        assert_eq!(chosen.why, "the processor with 2 threads in f32: compute.device is \"cpu\"");
    }

    #[test]
    fn a_gpu_that_is_not_there_is_an_error_with_a_way_out() {
        let error = choose(&compute(config::Device::Cuda(99), config::Precision::Auto), 1).unwrap_err().to_string();
        assert!(error.starts_with("device `cuda:99` is not available: "), "{error}");
        assert!(error.ends_with("set compute.device to \"cpu\" or \"auto\""), "{error}");
    }

    #[test]
    fn auto_says_what_it_found() {
        let chosen = choose(&compute(config::Device::Auto, config::Precision::F32), 1).unwrap();
        match chosen.device {
            Device::Cpu => assert!(chosen.why.starts_with("the processor with 1 thread in f32: "), "{}", chosen.why),
            _ => assert_eq!(chosen.why, "the GPU cuda:0 in f32: compute.device is \"auto\" and libtorch found it"),
        }
    }
}
