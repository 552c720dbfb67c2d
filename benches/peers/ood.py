"""Scans that are unlike the training images: which are flagged, and how well the distance tells them apart.

Called by scripts/measure-ood: PROGRAM FOLDER WORK. FOLDER has a folder of radiographs for each class. Of each class, three of
four images are learned; the rest are explained as unseen radiographs, with the same images altered, and with
photographs made grey, of the same sizes and JPEG quality. Prints the share that is flagged, and the area under the ROC curve
of the distance against the unseen radiographs.
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


def main(program, folder, work):
    folder, work = Path(folder), Path(work)
    shutil.rmtree(work, ignore_errors=True)
    unseen = shared_out(folder, work / "inbox/datasets/radiographs")
    sizes = [picture.size for picture in unseen]
    groups = {"unseen radiographs": unseen, "photographs": photographs(work, sizes), **altered(unseen)}
    for name, pictures in groups.items():
        target = work / "scans" / name
        target.mkdir(parents=True)
        for n, picture in enumerate(pictures):
            picture.save(target / f"{n:03}.jpg", quality=QUALITY)
    settings = ["--set=watch.inbox=inbox", "--set=storage.state_dir=state"]
    run(program, work, "run", "--once", "--set=augment.copies=0", *settings)
    distances = {name: explained(program, work, name, settings) for name in groups}
    print(table(distances))


def shared_out(folder, dataset):
    """Copies three of four images of each class into the dataset; the others, grey."""
    unseen = []
    for class_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = (path for path in class_folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        in_order = sorted(paths, key=lambda path: hashlib.sha256(path.read_bytes()).digest())
        for n, path in enumerate(in_order):
            if n % 4 == 0:
                unseen.append(Image.open(path).convert("L"))
            else:
                (dataset / class_folder.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, dataset / class_folder.name)
    return unseen


def photographs(work, sizes):
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
        if picture is None or is_known(picture, known):
            continue
        found.append(picture.resize(sizes[len(found) % len(sizes)], Image.Resampling.BICUBIC))
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


def explained(program, work, name, settings):
    """The distance and the limit of each image of a group."""
    said = run(program, work, "explain", f"scans/{name}", f"--out=reports/{name}", "--json", *settings)
    scans = [scan["training_distance"] for scan in json.loads(said)["scans"]]
    return np.array([[scan["distance"], scan["limit"]] for scan in scans])


def table(distances):
    unseen = distances["unseen radiographs"][:, 0]
    lines = ["| images | number | flagged | AUROC |", "|---|---|---|---|"]
    for name, group in distances.items():
        flagged = (group[:, 0] > group[:, 1]).mean()
        auroc = "" if name == "unseen radiographs" else f"{area(unseen, group[:, 0]):.3f}"
        lines.append(f"| {name} | {len(group)} | {flagged:.1%} | {auroc} |")
    return "\n".join(lines)


def area(near, far):
    """The chance that one of `far` is further than one of `near`; ties count half."""
    difference = far[:, None] - near[None, :]
    return ((difference > 0) + (difference == 0) / 2).mean()


def run(program, work, *arguments):
    ended = subprocess.run([program, *arguments], cwd=work, stdout=subprocess.PIPE, text=True, check=True)
    return ended.stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
