//! Where the network runs, and a sentence that says so and why.

use tch::Cuda;

use super::NnError;
use crate::config;

/// The chosen device: libtorch's handle, how many pictures it takes at a time, and the sentence.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) device: tch::Device,
    pub(super) batch: usize,
    pub(super) why: String,
}

/// One picture at a time is as fast as many on a processor (each layer fills its cores), and answers a scan soonest.
const CPU_BATCH: usize = 1;
/// Enough to fill a GPU, small beside its memory (about 2 GiB of activations).
const CUDA_BATCH: usize = 32;

/// Follows `wanted`; only `auto` may choose.
pub(super) fn choose(wanted: config::Device, n_threads: usize) -> Result<Chosen, NnError> {
    let n_gpus = if Cuda::is_available() { Cuda::device_count().max(0) as usize } else { 0 };
    match wanted {
        config::Device::Cpu => Ok(cpu(n_threads, "compute.device is \"cpu\"")),
        config::Device::Auto if n_gpus == 0 => Ok(cpu(n_threads, "libtorch sees no CUDA device")),
        config::Device::Auto => Ok(cuda(0, "compute.device is \"auto\" and libtorch sees it")),
        config::Device::Cuda(index) if index < n_gpus => Ok(cuda(index, "compute.device names it")),
        config::Device::Cuda(index) => Err(NnError::NoSuchDevice { index, why: seen(n_gpus) }),
    }
}

fn cpu(n_threads: usize, why: &str) -> Chosen {
    let plural = if n_threads == 1 { "" } else { "s" };
    Chosen {
        device: tch::Device::Cpu,
        batch: CPU_BATCH,
        why: format!("the processor with {n_threads} thread{plural}: {why}"),
    }
}

fn cuda(index: usize, why: &str) -> Chosen {
    Chosen { device: tch::Device::Cuda(index), batch: CUDA_BATCH, why: format!("the GPU cuda:{index}: {why}") }
}

fn seen(n_gpus: usize) -> String {
    match n_gpus {
        0 => "this libtorch sees no CUDA device".to_owned(),
        1 => "libtorch sees one GPU, cuda:0".to_owned(),
        n => format!("libtorch sees {n} GPUs, cuda:0 to cuda:{}", n - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_says_why() {
        let chosen = choose(config::Device::Cpu, 2).unwrap();
        assert_eq!(chosen.device, tch::Device::Cpu);
        assert_eq!(chosen.why, "the processor with 2 threads: compute.device is \"cpu\"");
    }

    #[test]
    fn a_gpu_that_is_not_there_is_an_error_with_a_way_out() {
        let error = choose(config::Device::Cuda(99), 1).unwrap_err().to_string();
        assert!(error.starts_with("device `cuda:99` is not there: "), "{error}");
        assert!(error.ends_with("set compute.device to \"cpu\" or \"auto\""), "{error}");
    }
}
