//! Preparing the next batch while this one is worked on.

use std::thread;

use crossbeam_channel::bounded;

/// Prepares steps `0..n_steps` in order on a thread of its own, one ahead of `consume`, which runs here. The first error of
/// either ends both.
pub(super) fn overlapped<T: Send, E: Send>(
    n_steps: usize,
    prepare: impl Fn(usize) -> Result<T, E> + Send,
    mut consume: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let (sender, prepared) = bounded(1);
        scope.spawn(move || (0..n_steps).map(prepare).try_for_each(|step| sender.send(step)));
        // Leaving early drops the receiver, which ends the thread at its next step.
        prepared.into_iter().try_for_each(|step| consume(step?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_order() {
        let mut seen = Vec::new();
        overlapped(100, Ok::<_, ()>, |step| {
            seen.push(step);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_on_either_side_ends_both() {
        let prepare = |step| if step == 3 { Err("preparing") } else { Ok(step) };
        assert_eq!(overlapped(usize::MAX, prepare, |_| Ok(())), Err("preparing"));
        assert_eq!(overlapped(usize::MAX, Ok, |step| if step == 3 { Err("using") } else { Ok(()) }), Err("using"));
    }
}
