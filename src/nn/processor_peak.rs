//! How many images a second the arithmetic of this processor would allow, if nothing else took time.

use winograd::Instructions;

use crate::domain::vgg16::{INPUT_SIDE, VGG16};

/// Of the network by minimal filtering F(4x4, 3x3), which needs a quarter of the products of the definition, on as many
/// threads as decode; `None` where the processor lacks the instructions. Measured for some 0.1 s.
pub fn processor_peak() -> Option<f64> {
    let threads = rayon::current_num_threads() as f64;
    Instructions::of_this_processor().map(|instructions| 4.0 * instructions.peak() * threads / operations())
}

/// Multiplications and additions of all convolutions by the definition, for one image.
fn operations() -> f64 {
    let (mut side, mut sum) = (INPUT_SIDE, 0.0);
    for conv in &VGG16 {
        sum += 2.0 * (conv.fan_in() * conv.outputs * side.pow(2)) as f64;
        side /= if conv.ends_block { 2 } else { 1 };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vgg16_takes_thirty_billion_operations() {
        assert!((operations() - 30.69e9).abs() < 0.01e9, "{}", operations());
    }
}
