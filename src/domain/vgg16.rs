//! VGG16 without its top (Simonyan & Zisserman 2014, configuration D): thirteen 3x3 convolutions in five blocks.

/// Pixels a side of the network's input.
pub const INPUT_SIDE: usize = 224;
/// Rows and columns of `block5_conv3`, where the maps are drawn.
pub const GRID_SIDE: usize = 14;
/// Rows and columns of pool5.
pub const POOL_SIDE: usize = 7;
/// Channels of block5.
pub const N_CHANNELS: usize = 512;
/// Inputs of the head: pool5 flattened, channel first (index `channel * 49 + row * 7 + column`).
pub const N_FEATURES: usize = N_CHANNELS * POOL_SIDE * POOL_SIDE;

/// One 3x3 convolution with padding 1, followed by `ReLU`, and by a 2x2 max-pool where a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// N in torchvision's `features.N.weight`.
    pub index: usize,
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// Whether the max-pool follows.
    pub ends_block: bool,
}

impl Conv {
    /// The convolution whose weights torchvision calls `features.{index}.weight`.
    pub const fn new(index: usize, inputs: usize, outputs: usize, ends_block: bool) -> Self {
        Self { index, inputs, outputs, ends_block }
    }

    /// `[outputs, inputs, 3, 3]`
    pub fn weight_shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs, 3, 3]
    }

    /// Weights that reach one output channel.
    pub fn fan_in(&self) -> usize {
        self.inputs * 9
    }

    /// torchvision's and timm's name.
    pub fn weight_name(&self) -> String {
        format!("features.{}.weight", self.index)
    }

    /// torchvision's and timm's name.
    pub fn bias_name(&self) -> String {
        format!("features.{}.bias", self.index)
    }
}

/// All of them, in order.
pub const VGG16: [Conv; 13] = [
    Conv::new(0, 3, 64, false),
    Conv::new(2, 64, 64, true),
    Conv::new(5, 64, 128, false),
    Conv::new(7, 128, 128, true),
    Conv::new(10, 128, 256, false),
    Conv::new(12, 256, 256, false),
    Conv::new(14, 256, 256, true),
    Conv::new(17, 256, 512, false),
    Conv::new(19, 512, 512, false),
    Conv::new(21, 512, 512, true),
    Conv::new(24, 512, 512, false),
    Conv::new(26, 512, 512, false),
    Conv::new(28, 512, 512, true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_fit_together_and_count_the_published_parameters() {
        assert!(VGG16.windows(2).all(|pair| pair[0].outputs == pair[1].inputs && pair[0].index < pair[1].index));
        let n_parameters: usize = VGG16.iter().map(|conv| conv.outputs * (conv.fan_in() + 1)).sum();
        assert_eq!(n_parameters, 14_714_688);
        let n_pools = VGG16.iter().filter(|conv| conv.ends_block).count();
        assert_eq!(INPUT_SIDE >> n_pools, POOL_SIDE);
        assert_eq!(INPUT_SIDE >> (n_pools - 1), GRID_SIDE);
    }
}
