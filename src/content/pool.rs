//! Worker threads that read and compute images.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// A pool of `threads` workers; 0 means one a core.
///
/// # Errors
/// When the system gives no more threads.
pub fn image_pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("gw-image-{i}")).build()
}
