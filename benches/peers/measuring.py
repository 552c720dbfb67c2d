"""What the comparisons in this folder share: clocks, rounds taken in turn, the machine, tables of Markdown."""

import os
import resource
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

BF16 = ("avx512_bf16", "amx_bf16")


def now():
    """On the clock, and of the processors: this process and its children."""
    spent = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in spent)


def since(start):
    return [after - before for after, before in zip(now(), start)]


def two_cores():
    """Everyone has the same two cores, whatever the machine has."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


def cores():
    return len(os.sched_getaffinity(0))


def in_turn(runs, repeats):
    """{name: [result of each round]}: the runs of a round take turns, so that all see the same machine."""
    found = {name: [] for name in runs}
    for number in range(repeats):
        for name, run in runs.items():
            print(f"round {number + 1} of {repeats}: {name}", file=sys.stderr)
            found[name].append(run())
    return found


def medians(rows):
    """The median of each column."""
    return [statistics.median(column) for column in zip(*rows)]


def cpu_info():
    """{key: value} of the first processor."""
    first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def bf16_instructions():
    """Which instructions for bf16 the processor has; torch and OpenVINO compute bf16 without them, but slowly or in f32."""
    return [flag for flag in BF16 if flag in cpu_info().get("flags", "").split()]


def machine():
    info = cpu_info()
    model = f"{info.get('model name', 'unknown processor')} (family {info.get('cpu family')}, model {info.get('model')})"
    bf16 = ", ".join(bf16_instructions()) or "none: what a peer computes in bf16 is not how fast it can be"
    wide = "AVX-512" if "avx512f" in info.get("flags", "") else "no AVX-512"
    return f"Machine: {model}, {cores()} cores used, {wide}; instructions for bf16: {bf16}.\n"


def versions(*packages):
    return "Versions: " + ", ".join(f"{name} {version(name)}" for name in packages) + f", Python {sys.version.split()[0]}.\n"


def table(head, rows):
    for row in (head, ["---"] * len(head), *rows):
        print("|", " | ".join(str(cell) for cell in row), "|")
    print()
