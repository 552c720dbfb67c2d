"""gradwatch beside its peers, on this machine, in one run: from image files to augmented files.

    benches/peers/compare GRADWATCH [--images FOLDER] [--copies 8,1] [--format png,jpeg] [--repeats 3] [--micro FILE]
    benches/peers/compare GRADWATCH --soak 100000

The images are those of the folder (PNG and JPEG, all sizes, at most --limit of them; without a folder, 96 synthetic films
of 1024x1024). They are read twice: as they are, in their own formats, sizes and channels, and as grey images that were
written as the format that is made of them. Each becomes N copies of 224x224 by rotation, shift, shear, zoom, flip and
brightness, written as PNG, and as JPEG of quality 95. Everyone has two cores: gradwatch two threads, the peers two
processes.

The start of gradwatch's process counts, as do its hashing of every file, its manifest, and the copies' way to the disk. The
peers are spared their imports and the start of their processes, and sync nothing. The runs of a round take turns, each
into a folder of its own, which stays until the end: a file system is slow to make files where many were just removed. The
median of the rounds counts. Beside the seconds on the clock stand those of the processors, which a busy machine disturbs
less.

Prints one Markdown table. `--micro` names the output of `cargo bench --bench pictures`, whose warps are then set beside
OpenCV's. `--soak N` instead makes N copies, and a tenth of them, and prints the greatest memory that each took.
"""

import argparse
import os
import resource
import tempfile
from pathlib import Path

from copies import loops, pictures, warps
from copies.ours import Gradwatch, seconds_of
from copies.timing import PROCESSES, OutFolders, peer, rounds
from copies.table import table


def runs_of(gradwatch, source, format, copies, peers):
    """{name: what makes the copies in a folder and returns its seconds}"""
    files = sorted(str(path) for path in source.rglob("*.*"))

    def ours(**more):
        return lambda out: gradwatch.augment(source, out / "ours", format, **{"copies": copies, **more})

    def theirs(loop):
        return lambda out: peer(loop, files, out, format, copies)

    runs = {"gradwatch": ours(), "gradwatch, JPEG decoded at a part of its size": ours(scaled=True)}
    runs |= {name: theirs(loop) for name, loop in loops.LOOPS.items() if name in peers}
    runs |= {"gradwatch, nothing changed": ours(nothing=True), "gradwatch, 1 thread": ours(threads=1)}
    return runs


def compare(args, work, gradwatch):
    rows = []
    outs = OutFolders(work)
    start = seconds_of([args.gradwatch, "--version"])
    for kind, folders in pictures.sources(work, args.images, args.limit).items():
        for format in args.format.split(","):
            n = len(list(folders[format].rglob("*.*")))
            for copies in map(int, args.copies.split(",")):
                took = rounds(runs_of(gradwatch, folders[format], format, copies, args.peers), outs, args.repeats)
                our = took["gradwatch"]
                for name, spent in took.items():
                    figures = [f"{spent[0]:.2f}", f"{spent[1]:.2f}", *(f"{ratio:.2f}" for ratio in spent / our)]
                    rows.append([f"{n} {kind}", f"{copies} x {format}", name, f"{n * copies / spent[0]:.0f}", *figures])
    head = ["images", "copies", "", "copies/s", "seconds", "processor seconds", "seconds / ours", "processor seconds / ours"]
    print(f"### Augmented files of 224x224; of gradwatch's seconds, {start[0]:.2f} ({start[1]:.2f}) are its start\n")
    table(head, rows)


def soak(args, work, gradwatch):
    copies, rows = 99, []
    for n in (args.soak // 10, args.soak):
        source = work / f"soak-{n}"
        (source / "a").mkdir(parents=True)
        pictures.films(source / "a", -(-n // copies), 256)
        seconds, _ = gradwatch.augment(source, work / f"out-{n}", "jpeg", copies=copies)
        # The greatest of all children so far; the smaller run comes first.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        rows.append([-(-n // copies) * copies, f"{seconds:.0f}", f"{peak / 1024:.0f}"])
    print("### Memory\n")
    table(["outputs", "seconds", "greatest resident set, MiB"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradwatch")
    parser.add_argument("--images", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--copies", default="8,1")
    parser.add_argument("--format", default="png,jpeg")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default=";".join(loops.LOOPS), help="names between semicolons")
    parser.add_argument("--micro")
    parser.add_argument("--soak", type=int)
    args = parser.parse_args()
    # Two cores, whatever the machine has.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSES])
    with tempfile.TemporaryDirectory(prefix="gradwatch-peers-") as work:
        work = Path(work)
        gradwatch = Gradwatch(args.gradwatch, work)
        if args.soak:
            return soak(args, work, gradwatch)
        if args.micro:
            warps.compare(args.micro)
        compare(args, work, gradwatch)


if __name__ == "__main__":
    main()
