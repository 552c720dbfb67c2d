//! The convolutions on a GPU: cuDNN's, with channels last, and batches that follow each other without a pause.
//!
//! Images wait in pinned memory and answers arrive in it, so that the GPU copies both by itself. While it works on one
//! batch, the processor fills the next and reads the one before. All batches have one size: what is said of an image does
//! not depend on what else was asked, and libtorch finds the memory of the batch before free for the next.

use std::cell::RefCell;
use std::slice;

use tch::{Device, Kind, TchError, Tensor};

use super::arithmetic::Arithmetic;
use super::cuda_event::{CudaEvent, CudaEvents};
use super::error::{NnError, TorchResult};
use super::input::{Input, all_bytes};
use super::network_image::NetworkImage;
use super::pinned::{self, Pinned};
use super::torch_backend::pool;
use crate::config::Preparation;
use crate::domain::vgg16::Conv;
use crate::head::Activations;
use crate::weights::ConvWeights;

/// The image's three, filled up with zeros: matrix units take channels eight at a time.
const INPUT_CHANNELS: usize = 8;
/// One batch is filled while the other is copied.
const N_STAGES: usize = 2;

/// The convolutions with their weights on the GPU.
pub(super) struct GpuBackend {
    convs: Vec<GpuConv>,
    input: Input,
    /// Activations are this times what the weights were trained for, so that 16-bit floats hold them.
    scale: f64,
    device: Device,
    arithmetic: Arithmetic,
    events: CudaEvents,
    stages: RefCell<Stages>,
}

struct GpuConv {
    /// `[outputs, inputs, 3, 3]`, channels last in memory.
    weight: Tensor,
    bias: Tensor,
    arithmetic: Arithmetic,
    ends_block: bool,
}

/// Where batches of `batch` images wait for their copy to the GPU, in turn.
struct Stages {
    /// Pixels a side of an image.
    side: usize,
    batch: usize,
    both: Vec<Stage>,
    turn: usize,
}

struct Stage {
    bytes: Pinned,
    /// The end of its last copy.
    copied: Option<CudaEvent>,
}

/// A batch that the GPU works on.
pub(super) struct InFlight {
    /// `[batch, features of an image]`
    features: Pinned,
    arrived: CudaEvent,
    batch: usize,
    /// Images of the batch; the rest is padding.
    n: usize,
    may_overflow: bool,
}

impl GpuBackend {
    pub(super) fn new(
        plan: &[Conv],
        weights: &[ConvWeights],
        input: Input,
        index: usize,
        arithmetic: Arithmetic,
    ) -> Result<Self, NnError> {
        let device = Device::Cuda(index);
        let scale = scale(input.preparation(), arithmetic);
        let place = || {
            let mut convs = Vec::with_capacity(plan.len());
            let mut block = 0;
            for (conv, layer) in plan.iter().zip(weights) {
                convs.push(GpuConv::place(conv, layer, device, arithmetic.of_block_on_gpu(block), scale)?);
                block += usize::from(conv.ends_block);
            }
            let stages = RefCell::new(Stages { side: input.side() as usize, batch: 0, both: Vec::new(), turn: 0 });
            Ok(Self { convs, input, scale, device, arithmetic, events: CudaEvents::of_gpu(index)?, stages })
        };
        place().named("place the weights on the GPU")
    }

    /// What the last bits depend on besides the weights.
    pub(super) fn manner(&self) -> String {
        match self.arithmetic {
            Arithmetic::Bf16 => "bf16 after three blocks in f16, on a GPU".to_owned(),
            Arithmetic::F16 | Arithmetic::F32 => format!("{} on a GPU", self.arithmetic.name()),
        }
    }

    /// Pixels a side of the images.
    pub(super) fn side(&self) -> u32 {
        self.input.side()
    }

    /// Whether the GPU still works for this program.
    pub(super) fn is_alive(&self) -> bool {
        self.events.is_alive()
    }

    fn may_overflow(&self) -> bool {
        self.arithmetic != Arithmetic::F32
    }

    /// Queues at most `batch` images, padded to that many; what stands in the padding does not matter.
    pub(super) fn start(&self, images: &[NetworkImage], batch: usize) -> Result<InFlight, NnError> {
        let queue = || {
            let rgb = self.upload(images, batch)?;
            let features = self.plain(&pool(&self.run(&rgb)?)?)?.f_view([batch as i64, -1])?;
            let features = Pinned::copy_of(&features, self.events)?;
            let (n, may_overflow) = (images.len(), self.may_overflow());
            Ok(InFlight { features, arrived: self.events.record()?, batch, n, may_overflow })
        };
        queue().named("run the network")
    }

    /// Everything that explaining needs, one image at a time: somebody waits for it.
    pub(super) fn forward(&self, images: &[NetworkImage]) -> Result<Vec<Activations>, NnError> {
        let answers = images.iter().map(|image| self.activations(image)).collect::<Result<Vec<_>, _>>();
        let answers = answers.named("run the network")?;
        for answer in &answers {
            held(&answer.conv5_3, self.may_overflow())?;
        }
        Ok(answers)
    }

    fn activations(&self, image: &NetworkImage) -> Result<Activations, TchError> {
        let conv5_3 = self.run(&self.input.levels(slice::from_ref(image))?)?;
        let read = |tensor: &Tensor| {
            let tensor = self.plain(tensor)?.f_to_device(Device::Cpu)?;
            pinned::numbers(&tensor).map(<[f32]>::to_vec)
        };
        Ok(Activations { pool5: read(&pool(&conv5_3)?)?, conv5_3: read(&conv5_3)? })
    }

    /// In f32, as the weights were trained for, and in the order of the indices.
    fn plain(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_to_kind(Kind::Float)?.f_mul_scalar(1.0 / self.scale)?.f_contiguous()
    }

    /// `[batch, side, side, 3]`. Bytes go without a pause; levels that are not rounded are copied while all waits.
    fn upload(&self, images: &[NetworkImage], batch: usize) -> Result<Tensor, TchError> {
        if let Some(images) = all_bytes(images) {
            return self.stages.borrow_mut().upload(&images, batch, self.device, self.events);
        }
        let lacking = batch as i64 - images.len() as i64;
        self.input.levels(images)?.f_constant_pad_nd([0, 0, 0, 0, 0, 0, 0, lacking])
    }

    /// From `[n, side, side, 3]` bytes or f32 on the GPU to the last convolution's output after `ReLU`.
    fn run(&self, rgb: &Tensor) -> Result<Tensor, TchError> {
        let x = self.input.prepared(rgb)?.f_mul_scalar(self.scale)?;
        let mut x = x.f_constant_pad_nd([0, 0, 0, 0, 0, (INPUT_CHANNELS - 3) as i64])?;
        let Some((last, below)) = self.convs.split_last() else {
            return Err(TchError::Shape("no layers".to_owned()));
        };
        for conv in below {
            x = conv.rectified(&x)?;
            x = if conv.ends_block { pool(&x)? } else { x };
        }
        last.rectified(&x)
    }
}

impl GpuConv {
    fn place(
        conv: &Conv,
        layer: &ConvWeights,
        device: Device,
        arithmetic: Arithmetic,
        scale: f64,
    ) -> Result<Self, TchError> {
        let weight = arithmetic.weights(layer)?.f_view(conv.weight_shape().map(|n| n as i64))?;
        let lacking = if conv.inputs == 3 { INPUT_CHANNELS - 3 } else { 0 };
        let weight = weight.f_constant_pad_nd([0, 0, 0, 0, 0, lacking as i64])?;
        let channels_last = weight.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?;
        let place = |tensor: Tensor| tensor.f_to_device(device)?.f_to_kind(arithmetic.kind());
        let bias = Tensor::f_from_slice(&layer.bias)?.f_mul_scalar(scale)?;
        Ok(Self { weight: place(channels_last)?, bias: place(bias)?, arithmetic, ends_block: conv.ends_block })
    }

    /// Convolution, bias and `ReLU`.
    fn rectified(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let Self { weight, bias, arithmetic, .. } = self;
        let (stride, padding, dilation) = ([1, 1], [1, 1], [1, 1]);
        let x = x.f_to_kind(arithmetic.kind())?;
        match arithmetic {
            // In one pass over the numbers, which are rounded once.
            Arithmetic::F16 | Arithmetic::Bf16 => {
                x.f_cudnn_convolution_relu(weight, Some(bias), stride, padding, dilation, 1)
            }
            // That pass would multiply in TF32, which is f32 rounded to 11 bits. The first `false` keeps the algorithm from
            // being chosen by a race, so that the bits are the same each time.
            Arithmetic::F32 => {
                let mut x = x.f_cudnn_convolution(weight, padding, stride, dilation, 1, false, true, false)?;
                x.f_add_(&bias.f_view([1, -1, 1, 1])?)?.f_relu_()
            }
        }
    }
}

/// Levels of 0 to 255 grow to tens of thousands in a network that was trained on them, where 16-bit floats end at 65504.
/// Smaller inputs and biases make all activations smaller by the same power of two, which costs no bit.
fn scale(preparation: Preparation, arithmetic: Arithmetic) -> f64 {
    match (arithmetic, preparation) {
        (Arithmetic::F16 | Arithmetic::Bf16, Preparation::Caffe | Preparation::Raw) => 1.0 / 64.0,
        _ => 1.0,
    }
}

/// An error for numbers that 16-bit floats could not hold on the way.
fn held(values: &[f32], may_overflow: bool) -> Result<(), NnError> {
    if may_overflow && !values.iter().all(|value| value.is_finite()) { Err(NnError::BeyondHalf) } else { Ok(()) }
}

impl Stages {
    /// Queues the copy of the images to the GPU, `[batch, side, side, 3]`.
    fn upload(&mut self, images: &[&[u8]], batch: usize, gpu: Device, events: CudaEvents) -> Result<Tensor, TchError> {
        let image_bytes = 3 * self.side.pow(2);
        if self.batch != batch {
            let stage = |_| Ok(Stage { bytes: Pinned::zeros(batch * image_bytes, gpu, events)?, copied: None });
            self.both = (0..N_STAGES).map(stage).collect::<Result<_, TchError>>()?;
            self.batch = batch;
        }
        self.turn = (self.turn + 1) % N_STAGES;
        let Stage { bytes, copied } = &mut self.both[self.turn];
        if let Some(copied) = copied.take() {
            copied.wait()?;
        }
        for (room, image) in bytes.bytes_mut()?.chunks_exact_mut(image_bytes).zip(images) {
            room.copy_from_slice(image);
        }
        let rgb = bytes.to_gpu(gpu)?;
        *copied = Some(events.record()?);
        let side = self.side as i64;
        rgb.f_view([batch as i64, side, side, 3])
    }
}

impl InFlight {
    /// One row an image, once they are there.
    pub(super) fn rows(self) -> Result<Vec<Vec<f32>>, NnError> {
        let read = || {
            self.arrived.wait()?;
            self.features.numbers()
        };
        let values = read().named("read the network's output")?;
        let n_features = values.len() / self.batch;
        let values = &values[..self.n * n_features];
        held(values, self.may_overflow)?;
        Ok(values.chunks_exact(n_features).map(<[f32]>::to_vec).collect())
    }
}
