//! Preparing the next batch while this one is worked on.

use std::thread;

use crossbeam_channel::bounded;

/// Prepares steps `0..n_steps` in order on a thread of its own, one ahead of `consume`, which runs here. The first error of
/// either ends both.
pub(super) fn prefetched<T: Send, E: Send>(
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

/// As [`prefetched`], with a stage between: `work` runs on a thread of its own too, one step ahead of `consume`.
pub(super) fn in_three_stages<T: Send, U: Send, E: Send>(
    n_steps: usize,
    prepare: impl Fn(usize) -> Result<T, E> + Send,
    mut work: impl FnMut(T) -> Result<U, E> + Send,
    mut consume: impl FnMut(U) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let (sender, prepared) = bounded(1);
        scope.spawn(move || (0..n_steps).map(prepare).try_for_each(|step| sender.send(step)));
        let (sender, worked) = bounded(1);
        scope.spawn(move || prepared.into_iter().try_for_each(|step| sender.send(step.and_then(&mut work))));
        worked.into_iter().try_for_each(|step| consume(step?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_order() {
        let mut seen = Vec::new();
        prefetched(100, Ok::<_, ()>, |step| {
            seen.push(step);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn three_stages_keep_the_order_and_an_error_of_any_ends_all() {
        let run = |failing: &str| {
            let mut seen = Vec::new();
            let fails =
                |stage: &str, step| if step == 3 && failing == stage { Err(stage.to_owned()) } else { Ok(step) };
            let ended = in_three_stages(
                6,
                |step| fails("prepare", step),
                |step| fails("work", step),
                |step| {
                    seen.push(step);
                    fails("consume", step).map(drop)
                },
            );
            (ended, seen)
        };
        assert_eq!(run("none"), (Ok(()), (0..6).collect()));
        for stage in ["prepare", "work"] {
            assert_eq!(run(stage), (Err(stage.to_owned()), vec![0, 1, 2]));
        }
        assert_eq!(run("consume"), (Err("consume".to_owned()), vec![0, 1, 2, 3]));
    }

    #[test]
    fn an_error_on_either_side_ends_both() {
        let prepare = |step| if step == 3 { Err("preparing") } else { Ok(step) };
        assert_eq!(prefetched(usize::MAX, prepare, |_| Ok(())), Err("preparing"));
        assert_eq!(prefetched(usize::MAX, Ok, |step| if step == 3 { Err("using") } else { Ok(()) }), Err("using"));
    }
}
