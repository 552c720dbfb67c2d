"""Scans that are unlike the training images: which are flagged, and how well the distance distinguishes them.

Called by scripts/measure-ood: PROGRAM FOLDER WORK. FOLDER has a folder of radiographs for each class. They are split four ways, so
that each radiograph is unseen once: three quarters of each class are learned; the rest are explained as unseen radiographs, with
the same images altered, and with photographs made grey, of the same sizes and JPEG quality. Prints how many are flagged, with 95 %
intervals, and the area under the ROC curve of the distance against the unseen radiographs of the same split.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

Image.MAX_IMAGE_PIXELS = 50_000_000
QUALITY = 85
# Files of the other formats are damaged on purpose, some so that they end the reader.
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ppm")
# Smaller ones, and those with hardly any contrast, are icons and test charts.
SMALLEST_SIDE, LEAST_DEVIATION = 100, 15
# Of 256 bits: images with fewer different ones show the same.
SAME_BITS = 40
SPLITS = 4
UNSEEN, PHOTOGRAPHS = "unseen radiographs", "photographs and drawings"
# Of the normal distribution, for intervals of 95 %.
DEVIATIONS = 1.96


def main(program, folder, work):
    folder, work = Path(folder), Path(work)
    shutil.rmtree(work, ignore_errors=True)
    found = photographs(work)
    splits = []
    for split in range(SPLITS):
        splits.append(measured(program, folder, work, found, split))
        print(f"Split {split}:", flagged_of(splits[-1]), file=sys.stderr, flush=True)
    print(table(splits))


def measured(program, folder, work, found, split):
    """For each group of images, the distance and the limit of each, by a model that has not seen the images of this split."""
    dataset = f"radiographs-{split}"
    unseen = shared_out(folder, work / "inbox/datasets" / dataset, split)
    alike = [picture.resize(unseen[n % len(unseen)].size, Image.Resampling.BICUBIC) for n, picture in enumerate(found)]
    settings = ["--set=watch.inbox=inbox", "--set=storage.state_dir=state"]
    run(program, work, "run", "--once", "--set=augment.copies=0", *settings)
    groups = {UNSEEN: unseen, PHOTOGRAPHS: alike, **altered(unseen)}
    return {name: explained(program, work, dataset, pictures, settings) for name, pictures in groups.items()}


def shared_out(folder, dataset, split):
    """Copies three of four images of each class into the dataset; the others, grey."""
    unseen = []
    for class_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = (path for path in class_folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        in_order = sorted(paths, key=lambda path: hashlib.sha256(path.read_bytes()).digest())
        for n, path in enumerate(in_order):
            if n % SPLITS == split:
                unseen.append(Image.open(path).convert("L"))
            else:
                (dataset / class_folder.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, dataset / class_folder.name)
    return unseen


def photographs(work):
    """Different images that come with scikit-image and Pillow; some of them are drawings and charts."""
    files = work / "files"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(files)]
    wheel = ["--only-binary=:all:", "--python-version=38", "--platform=manylinux1_x86_64", "scikit-image==0.17.2"]
    subprocess.run([*download, *wheel], check=True)
    subprocess.run([*download, "--no-binary=:all:", "pillow==10.4.0"], check=True)
    with zipfile.ZipFile(next(files.glob("scikit*.whl"))) as archive:
        archive.extractall(files, [name for name in archive.namelist() if name.startswith("skimage/data/")])
    with tarfile.open(next(files.glob("pillow*.tar.gz"))) as archive:
        archive.extractall(files, [member for member in archive if "/Tests/images/" in member.name], filter="data")
    found, known = [], []
    for path in sorted([*files.glob("skimage/data/*"), *files.glob("pillow*/Tests/images/*.*")]):
        picture = grey(path) if path.suffix in SUFFIXES else None
        if picture is not None and not is_known(picture, known):
            found.append(picture)
    return found


def grey(path):
    """The image in levels of grey on white; none where it is no usable one. Many of these files are damaged on purpose."""
    try:
        picture = Image.open(path).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, Image.DecompressionBombError):
        return None
    if min(picture.size) < SMALLEST_SIDE:
        return None
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("L")
    return picture if np.asarray(picture).std() >= LEAST_DEVIATION else None


def is_known(picture, known):
    levels = np.asarray(picture.resize((17, 16), Image.Resampling.BOX)).astype(int)
    bits = (levels[:, 1:] > levels[:, :-1]).ravel()
    if any((bits != other).sum() < SAME_BITS for other in known):
        return True
    known.append(bits)
    return False


def altered(pictures):
    return {
        "rotated by 90 degrees": [picture.transpose(Image.Transpose.ROTATE_90) for picture in pictures],
        "upside down": [picture.transpose(Image.Transpose.ROTATE_180) for picture in pictures],
        "inverted": [ImageOps.invert(picture) for picture in pictures],
        "middle quarter": [cropped(picture) for picture in pictures],
        "screenshots": [screenshot(picture) for picture in pictures],
    }


def cropped(picture):
    (width, height) = picture.size
    return picture.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))


def screenshot(picture):
    """A light window with a title and a tool bar around the radiograph."""
    (width, height) = picture.size
    window = Image.new("L", (width * 3 // 2, height * 3 // 2), 236)
    draw = ImageDraw.Draw(window)
    draw.rectangle((0, 0, window.width, height // 12), fill=90)
    draw.text((width // 30, height // 40), "Viewer - radiograph", fill=255, font_size=max(height // 25, 8))
    for n in range(8):
        (left, top) = (width // 30, height // 6 + n * height // 8)
        draw.rectangle((left, top, left + width // 12, top + height // 12), outline=120)
    window.paste(picture, (width // 4, height // 4))
    return window


def explained(program, work, dataset, pictures, settings):
    """The distance and the limit of each image of a group."""
    (scans, reports) = (work / "scans", work / "reports")
    scans.mkdir()
    for n, picture in enumerate(pictures):
        picture.save(scans / f"{n:03}.jpg", quality=QUALITY)
    said = run(program, work, "explain", "scans", "--out=reports", f"--dataset={dataset}", "--json", *settings)
    shutil.rmtree(scans)
    shutil.rmtree(reports)
    found = [scan["training_distance"] for scan in json.loads(said)["scans"]]
    assert len(found) == len(pictures), f"{len(found)} of {len(pictures)} images are explained"
    return np.array([[scan["distance"], scan["limit"]] for scan in found])


def flagged_of(split):
    return ", ".join(f"{name} {is_flagged(group).sum()} of {len(group)}" for name, group in split.items())


def is_flagged(group):
    return group[:, 0] > group[:, 1]


def table(splits):
    """The threshold was chosen on the first split, so the others are also counted without it."""
    lines = ["| images | each split | first split | three others | all four | AUROC: mean, least |", "|---|---|---|---|---|---|"]
    for name in splits[0]:
        flagged = [is_flagged(split[name]) for split in splits]
        each = ", ".join(str(one.sum()) for one in flagged)
        shares = [share(some, name == PHOTOGRAPHS) for some in (flagged[:1], flagged[1:], flagged)]
        areas = [area(split[UNSEEN][:, 0], split[name][:, 0]) for split in splits]
        auroc = "" if name == UNSEEN else f"{np.mean(areas):.3f}, {min(areas):.3f}"
        lines.append(" | ".join([f"| {name}", each, *shares, f"{auroc} |"]))
    return "\n".join(lines)


def share(flagged, same_images):
    """How many are flagged, with Wilson's interval. The same images in each split are no more evidence for being shown again."""
    (n, of) = (sum(one.sum() for one in flagged), sum(map(len, flagged)))
    (low, high) = wilson(n / of, of / len(flagged) if same_images else of)
    return f"{n} of {of}: {n / of:.1%} ({low:.1%} to {high:.1%})"


def wilson(share, number):
    square = DEVIATIONS**2 / number
    half = DEVIATIONS * (share * (1 - share) / number + square / number / 4) ** 0.5
    return [(share + square / 2 + sign * half) / (1 + square) for sign in (-1, 1)]


def area(near, far):
    """The chance that one of `far` is further than one of `near`; ties count half."""
    difference = far[:, None] - near[None, :]
    return ((difference > 0) + (difference == 0) / 2).mean()


def run(program, work, *arguments):
    ended = subprocess.run([program, *arguments], cwd=work, stdout=subprocess.PIPE, text=True, check=True)
    return ended.stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
