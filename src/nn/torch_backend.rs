//! The convolutions as libtorch runs them on a processor without fused products, in 32-bit floats.
//!
//! They run in oneDNN's own layout, into which the weights are brought once: several times quicker than the order in which
//! the numbers stand in files.

use tch::{Device, Kind, TchError, Tensor};

use super::error::{NnError, TorchResult};
use crate::domain::vgg16::Conv;
use crate::weights::ConvWeights;

/// Convolutions with their weights in oneDNN's layout.
pub(super) struct TorchBackend {
    convs: Vec<MkldnnConv>,
}

struct MkldnnConv {
    weight: Tensor,
    bias: Tensor,
    ends_block: bool,
}

/// The last convolution's output after `ReLU`, and what the last pool makes of it.
pub(super) struct Tensors {
    conv5_3: Tensor,
    pool5: Tensor,
}

impl TorchBackend {
    pub(super) fn new(plan: &[Conv], weights: &[ConvWeights]) -> Result<Self, NnError> {
        let convs = plan.iter().zip(weights).map(|(conv, weights)| MkldnnConv::new(conv, weights));
        Ok(Self { convs: convs.collect::<Result<_, TchError>>().named("lay out the weights")? })
    }

    /// `x` is `[n, channels, rows, columns]` in f32.
    pub(super) fn run(&self, x: &Tensor) -> Result<Tensors, NnError> {
        let run = || {
            let mut x = x.f_contiguous()?.f_to_mkldnn(Kind::Float)?;
            let (last, below) = self.convs.split_last().ok_or_else(|| TchError::Shape("no layers".to_owned()))?;
            for conv in below {
                x = conv.convolve(&x)?;
                // The greatest of a window does not change with what is negative: rectifying after the pool is the same,
                // on a quarter of the numbers.
                x = if conv.ends_block { pool(&x)? } else { x }.f_relu_()?;
            }
            let conv5_3 = last.convolve(&x)?.f_relu_()?;
            let pool5 = pool(&conv5_3)?;
            Ok(Tensors { conv5_3, pool5 })
        };
        run().named("run the network")
    }
}

impl MkldnnConv {
    fn new(conv: &Conv, weights: &ConvWeights) -> Result<Self, TchError> {
        let weight = Tensor::f_from_slice(&weights.weight)?.f_view(conv.weight_shape().map(|n| n as i64))?;
        let (padding, stride, dilation) = ([1, 1], [1, 1], [1, 1]);
        let weight = weight.f_to_mkldnn(Kind::Float)?;
        let weight = weight.f_mkldnn_reorder_conv2d_weight(padding, stride, dilation, 1, None::<&[i64]>)?;
        let bias = Tensor::f_from_slice(&weights.bias)?.f_to_mkldnn(Kind::Float)?;
        Ok(Self { weight, bias, ends_block: conv.ends_block })
    }

    fn convolve(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_mkldnn_convolution(&self.weight, Some(&self.bias), [1, 1], [1, 1], [1, 1], 1)
    }
}

impl Tensors {
    /// One row of plain numbers an image, of `n` images.
    pub(super) fn conv5_3(&self, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
        rows(&self.conv5_3, n)
    }

    /// One row of plain numbers an image, of `n` images.
    pub(super) fn pool5(&self, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
        rows(&self.pool5, n)
    }
}

fn rows(batch: &Tensor, n: usize) -> Result<Vec<Vec<f32>>, NnError> {
    let plain = batch.f_to_dense(None, false);
    let values = plain.and_then(|plain| to_vec(&plain)).named("read the network's output")?;
    Ok(values.chunks_exact(values.len() / n.max(1)).map(<[f32]>::to_vec).collect())
}

/// The greatest of each 2x2, on any device.
pub(super) fn pool(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)
}

/// The numbers of a tensor in the order of its indices, as f32.
pub(super) fn to_vec(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
    let mut values = vec![0.0; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}
