//! The layers that libtorch runs: all of them on a GPU, and on a processor those that are not filtered.
//!
//! On the processor they run in oneDNN's own layout, into which the weights are brought once; on a GPU channels lie last.
//! Both are several times quicker than the order in which the numbers stand in files.

use tch::{Device, Kind, TchError, Tensor};

use super::NnError;
use super::architecture::Conv;
use super::precision::Precision;
use super::rounding::rounded;
use super::torch::Torch;
use super::weights::Layer;

/// Convolutions with their weights on the device, up to the network's last.
pub(super) struct Placed {
    layers: Vec<Weights>,
    device: Device,
    precision: Precision,
}

struct Weights {
    weight: Tensor,
    bias: Tensor,
    ends_block: bool,
}

/// The last convolution's output after `ReLU`, and what the last pool makes of it.
pub(super) struct Tensors {
    conv5_3: Tensor,
    pool5: Tensor,
    device: Device,
}

impl Placed {
    pub(super) fn new(plan: &[Conv], weights: &[Layer], device: Device, precision: Precision) -> Result<Self, NnError> {
        let place = |(conv, layer): (&Conv, &Layer)| place(conv, layer, device, precision);
        let layers = plan.iter().zip(weights).map(place).collect::<Result<_, TchError>>();
        Ok(Self { layers: layers.named("place the weights on the device")?, device, precision })
    }

    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// `x` is `[n, channels, rows, columns]` in f32.
    pub(super) fn run(&self, x: &Tensor) -> Result<Tensors, NnError> {
        let run = || {
            let mut x = self.enter(x)?;
            let (last, below) = self.layers.split_last().ok_or_else(|| TchError::Shape("no layers".to_owned()))?;
            for layer in below {
                x = self.convolve(&x, layer)?;
                // The greatest of a window does not change with what is negative: rectifying after the pool is the same,
                // on a quarter of the numbers.
                x = if layer.ends_block { pool(&x)? } else { x }.f_relu_()?;
            }
            let conv5_3 = self.convolve(&x, last)?.f_relu_()?;
            let pool5 = pool(&conv5_3)?;
            Ok(Tensors { conv5_3, pool5, device: self.device })
        };
        run().named("run the network")
    }

    /// Into the device's own layout and precision.
    fn enter(&self, x: &Tensor) -> Result<Tensor, TchError> {
        match self.device {
            Device::Cpu => x.f_contiguous()?.f_to_mkldnn(self.precision.kind()),
            _ => x.f_to_kind(self.precision.kind()),
        }
    }

    fn convolve(&self, x: &Tensor, layer: &Weights) -> Result<Tensor, TchError> {
        let Weights { weight, bias, .. } = layer;
        match self.device {
            // oneDNN itself takes a bias of 32 bits where the rest has 16.
            Device::Cpu => x.f_mkldnn_convolution(weight, Some(bias), [1, 1], [1, 1], [1, 1], 1),
            _ => x.f_conv2d(weight, Some(bias), [1, 1], [1, 1], [1, 1], 1),
        }
    }
}

impl Tensors {
    /// One row of plain numbers a picture, of `n` pictures.
    pub(super) fn conv5_3(&self, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
        self.rows(&self.conv5_3, n)
    }

    /// One row of plain numbers a picture, of `n` pictures.
    pub(super) fn pool5(&self, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
        self.rows(&self.pool5, n)
    }

    fn rows(&self, batch: &Tensor, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
        let plain = match self.device {
            Device::Cpu => batch.f_to_dense(None, false),
            _ => Ok(batch.shallow_clone()),
        };
        let values = plain.and_then(|plain| to_vec(&plain)).named("read the network's output")?;
        Ok(values.chunks_exact(values.len() / n.max(1)).map(<[f32]>::to_vec).collect())
    }
}

fn place(conv: &Conv, layer: &Layer, device: Device, precision: Precision) -> Result<Weights, TchError> {
    let weight = match precision {
        Precision::F32 => Tensor::f_from_slice(&layer.weight)?,
        Precision::Bf16 => Tensor::f_from_slice(&rounded(&layer.weight))?,
    };
    let weight = weight.f_view(conv.weight_shape().map(|n| n as i64))?;
    let bias = Tensor::f_from_slice(&layer.bias)?;
    let kind = precision.kind();
    let (weight, bias) = if device == Device::Cpu {
        let packed =
            weight.f_to_mkldnn(kind)?.f_mkldnn_reorder_conv2d_weight([1, 1], [1, 1], [1, 1], 1, None::<&[i64]>)?;
        (packed, bias.f_to_mkldnn(Kind::Float)?)
    } else {
        let channels_last = weight.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?;
        (channels_last.f_to_device(device)?.f_to_kind(kind)?, bias.f_to_device(device)?.f_to_kind(kind)?)
    };
    Ok(Weights { weight, bias, ends_block: conv.ends_block })
}

fn pool(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
}

/// The numbers of a tensor in the order of its indices, as f32.
pub(super) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let mut values = vec![0.0; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}
