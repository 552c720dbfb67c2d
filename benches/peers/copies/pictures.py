"""The images that copies are made of."""

import shutil

import cv2
import numpy as np

from .recipe import QUALITY


def films(folder, n, side, seed=0):
    """Synthetic films: a bright frame, two dark lungs, ribs, and the grain of a detector."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    for i in range(n):
        rng = np.random.default_rng([seed, i])
        lungs = sum(np.exp(-(((x - c) / 0.27) ** 4) - ((y / 0.62) ** 4)) for c in rng.uniform(0.38, 0.46) * np.array([-1, 1]))
        ribs = 0.06 * np.sin(22 * (y + rng.uniform(0.2, 0.4) * x**2))
        light = 0.72 - 0.5 * lungs + ribs * lungs + 0.1 * x * rng.uniform(-1, 1)
        grain = rng.normal(0, 0.012, (side, side)).astype(np.float32)
        cv2.imwrite(str(folder / f"film-{i:05}.png"), np.clip((light + grain) * 255, 0, 255).astype(np.uint8))


def sources(work, images, limit):
    """{what they are: {format of the copies: folder of two class folders}}"""
    if images is None:
        images = work / "films"
        images.mkdir()
        films(images, 96, 1024)
        return {"films": converted(work, found(images, limit))}
    files = found(images, limit)
    return {"as they are": as_they_are(work, files), "in grey": converted(work, files)}


def found(images, limit):
    files = sorted(path for path in images.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
    return [path for path in files if cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None][:limit]


def placed(folder, i, suffix):
    to = folder / ("a", "b")[i % 2] / f"{i:04}{suffix}"
    to.parent.mkdir(parents=True, exist_ok=True)
    return to


def as_they_are(work, files):
    folder = work / "as-they-are"
    for i, path in enumerate(files):
        shutil.copy(path, placed(folder, i, path.suffix.lower().replace(".jpeg", ".jpg")))
    return {"png": folder, "jpeg": folder}


def converted(work, files):
    """Grey, and in the format of the copies."""
    folders = {"png": work / "grey-png", "jpeg": work / "grey-jpeg"}
    for i, path in enumerate(files):
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(placed(folders["jpeg"], i, ".jpg")), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if path.suffix.lower() == ".png" and stored.ndim == 2:
            shutil.copy(path, placed(folders["png"], i, ".png"))
        else:
            cv2.imwrite(str(placed(folders["png"], i, ".png")), picture)
    return folders
