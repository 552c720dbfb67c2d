"""TIFF files in every combination of layout, samples and colours that tifffile writes, for scripts/compare-decoders: FOLDER.

What tifffile refuses to write is no file here.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import tifffile

HEIGHT, WIDTH = 45, 53
COMPRESSIONS = [None, "lzw", "deflate", "adobe_deflate", "packbits", "jpeg"]
SHAPES = {"strip": {}, "strips": {"rowsperstrip": 16}, "tiles": {"tile": (16, 32)}}
TYPES = ["u1", "u2", "u4", "i1", "i2", "f2", "f4", "f8"]
# Photometric, channels, extra samples.
COLOURS = [
    ("minisblack", 1, []),
    ("miniswhite", 1, []),
    ("minisblack", 2, ["unassalpha"]),
    ("minisblack", 3, ["unspecified"] * 2),
    ("rgb", 3, []),
    ("rgb", 4, ["unspecified"]),
    ("rgb", 4, ["assocalpha"]),
    ("rgb", 4, ["unassalpha"]),
    ("rgb", 5, ["unspecified", "unassalpha"]),
    ("separated", 4, []),
]


def main(folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    axes = COMPRESSIONS, SHAPES, ["contig", "separate"], [False, True], TYPES, COLOURS, ["<", ">"], [False, True]
    n_written = 0
    for number, form in enumerate(itertools.product(*axes)):
        compression, shape, planar, predictor, dtype, (photometric, n_channels, extra), order, big = form
        # Orders and sizes of numbers with two types only: the others have nothing else that these touch.
        is_other_order = (order == ">" or big) and dtype not in ("u2", "f4")
        is_refused = compression == "jpeg" and dtype != "u1" or predictor and compression in (None, "packbits", "jpeg")
        if is_other_order or is_refused:
            continue
        layout = {"compression": compression, "predictor": predictor, "byteorder": order, "bigtiff": big, **SHAPES[shape]}
        layout |= {"planarconfig": planar, "extrasamples": extra} if n_channels > 1 else {}
        kind = "-".join([photometric, str(n_channels), *extra])
        path = Path(folder, f"{number:05}-{compression}-{shape}-{planar}-{predictor}-{dtype}-{kind}.tif")
        try:
            image = samples(random, np.dtype(dtype), n_channels, "assocalpha" in extra, planar)
            tifffile.imwrite(path, image, photometric=photometric, metadata=None, **layout)
            n_written += 1
        except (ValueError, TypeError, RuntimeError):
            path.unlink(missing_ok=True)
    print(f"{n_written} files", file=sys.stderr)


def samples(random, dtype, n_channels, is_associated, planar):
    """A gradient with noise on the whole range of a type, from 0, in each channel another."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = ((x * 3 + y * 5) % 256 / 256)[..., None] * np.linspace(0.5, 0.9, n_channels) + random.random((HEIGHT, WIDTH, n_channels)) / 10
    image[0, 0], image[0, 1] = 0, 1
    if is_associated:
        image[..., :-1] *= image[..., -1:]
    image = image.astype(dtype) if dtype.kind == "f" else np.round(image * np.iinfo(dtype).max).astype(dtype)
    if n_channels == 1:
        return image[..., 0]
    return np.moveaxis(image, -1, 0) if planar == "separate" else image


if __name__ == "__main__":
    main(sys.argv[1])
