"""JPEG decoded at a part of its size (images.scaled_jpeg) beside JPEG decoded whole: the copies of both, and the scores of
a model trained either way on the same folder.

    benches/scaled GRADWATCH FOLDER [--copies 4]

FOLDER has one folder a class. Copies are made of its JPEG files, as PNG, with the same draws. Prints Markdown, and ends with
1 if a score differs by more than 0.01.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT = 0.01


def run(program, scaled, *command):
    setting = f"--set=images.scaled_jpeg={str(scaled).lower()}"
    return subprocess.run([program, "--quiet", setting, *command], check=True, stdout=subprocess.PIPE, text=True).stdout


def jpegs(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))


def copies(program, files, work, n):
    """The folder of the copies of each way."""
    source = work / "jpeg"
    for path in files:
        to = source / path.parent.name / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    folders = {scaled: work / f"copies-{scaled}" for scaled in (False, True)}
    for scaled, folder in folders.items():
        run(program, scaled, "augment", source, folder, "--format", "png", "--copies", str(n), "--no-sheet")
    return folders


def psnr(a, b):
    """Decibels, of 8 bits; None of two equal images."""
    a, b = (np.asarray(Image.open(path), dtype=np.float64) for path in (a, b))
    error = np.mean((a - b) ** 2)
    return None if error == 0 else 10 * np.log10(255**2 / error)


def scores(program, scaled, folder, files, work):
    """Of each file by a model that was trained on the folder."""
    state = f"--set=storage.state_dir={work / f'state-{scaled}'}"
    run(program, scaled, state, "train", folder)
    explained = json.loads(run(program, scaled, state, "explain", *files, "--json"))
    return np.array([list(scan["scores"].values()) for scan in explained["scans"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradwatch")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=4)
    args = parser.parse_args()
    files = jpegs(args.folder)
    with tempfile.TemporaryDirectory(prefix="gradwatch-scaled-") as work:
        work = Path(work)
        whole, part = copies(args.gradwatch, files, work, args.copies).values()
        ratios = [psnr(path, part / path.relative_to(whole)) for path in sorted(whole.rglob("*.png"))]
        found = [ratio for ratio in ratios if ratio is not None]
        of_whole, of_part = (scores(args.gradwatch, scaled, args.folder, files, work) for scaled in (False, True))
    difference = np.abs(of_whole - of_part)
    same_class = np.mean(of_whole.argmax(axis=1) == of_part.argmax(axis=1))
    print(f"| {len(files)} JPEG files, {len(ratios)} copies | |\n|---|---|")
    print(f"| copies that are the same to the pixel | {len(ratios) - len(found)} |")
    if found:
        print(f"| PSNR of the others: median, least | {np.median(found):.1f} dB, {min(found):.1f} dB |")
    print(f"| difference of scores: median, greatest | {np.median(difference):.4f}, {difference.max():.4f} |")
    print(f"| files with the same most probable class | {100 * same_class:.0f} % |")
    sys.exit(int(difference.max() > LIMIT))


if __name__ == "__main__":
    main()
