"""The warps of `cargo bench --bench pictures` beside OpenCV's."""

import re
import time
from pathlib import Path

import cv2
import numpy as np

from .table import table


def micro_seconds(text):
    """{(group, side, channels): fastest seconds} from divan's tree."""
    unit = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
    group, found = "", {}
    for line in text.splitlines():
        if head := re.search(r"[├╰]─ (\w+)\s+│", line):
            group = head[1]
        if row := re.search(r"\((\d+), (\d+)\)\s+([\d.]+) (ns|µs|ms|s)\b", line):
            found[group, int(row[1]), int(row[2])] = float(row[3]) * unit[row[4]]
    return found


def compare(micro):
    cv2.setNumThreads(1)
    ours = micro_seconds(Path(micro).read_text())
    rows = []
    for side in (224, 512, 1024):
        for channels in (1, 3):
            shape = (side, side) if channels == 1 else (side, side, 3)
            picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
            matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), 7, 1.05)
            best = float("inf")
            for _ in range(50):
                start = time.perf_counter()
                for _ in range(8):
                    cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                best = min(best, (time.perf_counter() - start) / 8)
            times = [ours.get((name, side, channels), float("nan")) for name in ("fastest", "portable", "imageproc")]
            rows.append(
                [f"{side}, {'grey' if channels == 1 else 'RGB'}"]
                + [f"{seconds * 1e6:.0f}" for seconds in (*times, best)]
                + [f"{best / times[0]:.2f}", f"{times[2] / times[0]:.1f}"]
            )
    print("### Warp, 8 bits, bilinear, one thread, microseconds\n")
    head = ["", "gradwatch", "without AVX2", "imageproc", f"OpenCV {cv2.__version__}", "OpenCV / ours", "imageproc / ours"]
    table(head, rows)
