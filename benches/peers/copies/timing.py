"""Peers in processes, and runs that take turns."""

import multiprocessing
import sys
import time

import numpy as np

PROCESSES = 2


class OutFolders:
    """Each an empty folder; none is removed before the end."""

    def __init__(self, work):
        self.work, self.n = work, 0

    def next(self):
        self.n += 1
        folder = self.work / f"out-{self.n}"
        folder.mkdir()
        return folder


def work_off(loop, half, out, format, copies, barrier, spent):
    # Standard output is for the table.
    sys.stdout = sys.stderr
    steps = loop(half, out, format, copies)
    next(steps)
    barrier.wait()
    start = time.process_time()
    for _ in steps:
        pass
    spent.put(time.process_time() - start)
    barrier.wait()


def peer(loop, files, out, format, copies):
    """Seconds on the clock and of the processors, of two processes from when both are ready to when both are done."""
    context = multiprocessing.get_context("spawn")
    barrier, spent = context.Barrier(PROCESSES + 1), context.Queue()
    halves = [files[i::PROCESSES] for i in range(PROCESSES)]
    more = (str(out), format, copies, barrier, spent)
    workers = [context.Process(target=work_off, args=(loop, half, *more)) for half in halves]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - start
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        sys.exit(f"{loop.__name__} failed")
    return np.array([seconds, sum(spent.get() for _ in workers)])


def rounds(runs, outs, repeats):
    """{name: median seconds}; the runs take turns, so that all see the same machine."""
    seconds = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            seconds[name].append(run(outs.next()))
    return {name: np.median(times, axis=0) for name, times in seconds.items()}
