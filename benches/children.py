"""What soak-training and growth share: a program run and measured, a dataset whose features are in the cache already."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CARGO = os.environ.get("CARGO", "cargo")


def fill_cache(dataset, n, state):
    command = [CARGO, "bench", "--locked", "--quiet", "--bench", "fill_cache", "--", dataset, str(n), state]
    subprocess.run(command, check=True, cwd=ROOT)


def in_state(state):
    """The options of a program that keeps its state there, and computes on the processor."""
    return ["--set", f"storage.state_dir={json.dumps(str(state))}", "--set", "compute.device=cpu"]


def ended(child):
    """Its exit status, and the greatest memory in MiB that it took; waits for its end."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss / 1024


def measured(command):
    """Seconds from the start of a program to its end, its greatest memory in MiB, what it wrote, and its log."""
    start = time.time()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as log:
        status, peak = ended(subprocess.Popen(command, stdout=out, stderr=log, cwd=ROOT))
        seconds = time.time() - start
        out.seek(0), log.seek(0)
        if status != 0:
            raise SystemExit(log.read())
        return seconds, peak, out.read(), log.read()


def table(head, rows):
    for row in (head, ["---"] * len(head), *rows):
        print("|", " | ".join(map(str, row)), "|")
    print()
