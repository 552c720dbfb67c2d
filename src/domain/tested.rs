//! What a finished model was worth on the images that its maker put aside for testing.

use serde::{Deserialize, Serialize};

use super::{Assessment, Confusion};

/// Measured once, when the model was made: these images had no part in making it, in choosing its epoch and its
/// temperature, nor in choosing it among others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestRecord {
    /// `[truth][predicted]`.
    pub confusion: Confusion,
    /// Every measure, with intervals. Its temperature is the one fitted on the validation images.
    pub assessment: Assessment,
}
