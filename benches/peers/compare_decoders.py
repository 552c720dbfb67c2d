"""The pixels of gradwatch beside those of Pillow and tifffile, each brought to an image by the rules of docs/FORMATS.md.

Called by scripts/compare-decoders with the list of files and what benches/decode_files.rs wrote about them.
Differences are in levels of 8 bits (of 0 to 255), whatever the depth of the image.
"""

import resource
import sys
import warnings
from collections import Counter, defaultdict

import numpy as np
import PIL
import tifffile
from PIL import Image, ImageOps
from decoded_pixels import read

warnings.simplefilter("ignore")
# Files that announce more than they hold must cost an exception, not the machine.
Image.MAX_IMAGE_PIXELS = 200_000_000
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
DEPTHS = [8, 10, 12, 14, 16]
# Roundings of 16 bits, two with alpha; one level where a JPEG is computed, or where Pillow has 8 bits of an image of more.
ROUNDING, ONE_LEVEL = 2 / 257, 1 + 1e-9


def main(paths, pixels):
    paths = open(paths).read().splitlines()
    table, refused, wrong = defaultdict(list), defaultdict(list), []
    with open(pixels, "rb") as stream:
        for path in paths:
            ours, image = read(stream)
            if image is None:
                refused[reason(ours)].append(opens(path))
                continue
            kind = f"{ours['format']} {ours['colour']}" + (f", {ours['part'].split()[0]}s" if ours["part"] else "")
            found = [difference(image, peer(path, ours)) for peer in (by_tifffile, by_pillow)]
            table[kind].append(found)
            wrong += differing(path, found, tolerances(path, ours))
    report(table, refused, wrong)
    return 1 if wrong else 0


def reason(ours):
    return ours["error"].split("{")[0][:110]


def opens(path):
    """Whether Pillow decodes the file."""
    try:
        Image.open(path).load()
        return True
    except Exception:
        return False


def differing(path, found, most):
    """One line if the image is another: by tifffile, and by Pillow where tifffile does not read the file."""
    name, at = ("tifffile", 0) if found[0] is not None else ("Pillow", 1)
    is_wrong = found[at] is not None and found[at] > most[at]
    return [f"{path}: {name} differs by {found[at]:.3f}"] if is_wrong else []


def tolerances(path, ours):
    """What tifffile and Pillow may differ by."""
    if ours["format"] in ("jpeg", "webp") or is_jpeg_tiff(path, ours):
        return ONE_LEVEL, ONE_LEVEL
    return ROUNDING, ROUNDING if ours["bits"] == 8 else ONE_LEVEL


def is_jpeg_tiff(path, ours):
    return ours["format"] == "tiff" and tifffile.TiffFile(path).pages[page_of(ours)].compression == 7


def page_of(ours):
    return int(ours["part"].split()[1]) - 1 if ours["part"] else 0


def difference(ours, theirs):
    """The largest difference; None if there is nothing to compare with."""
    if theirs is None:
        return None
    if theirs.ndim == 2:
        theirs = theirs[..., None]
    if ours.shape[:2] != theirs.shape[:2]:
        return 255.0
    return float(abs(ours - theirs).max())


def by_tifffile(path, ours):
    if ours["format"] != "tiff":
        return None
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[page_of(ours)]
            samples = page.asarray().reshape(-1)
            return upright(tags_applied(page, samples), page.tags.valueof(274, 1))
    except (Exception, MemoryError) as error:
        print(f"{path}: tifffile: {error}", file=sys.stderr)
        return None


def tags_applied(page, samples):
    """The samples of a page as light, in levels of 8 bits."""
    height, width, n_samples = page.imagelength, page.imagewidth, page.samplesperpixel
    if page.planarconfig == 2:
        samples = np.moveaxis(samples.reshape(n_samples, height, width), 0, -1)
    samples = samples.reshape(height, width, n_samples)
    photometric = int(page.photometric)
    n_colours = {2: 3, 6: 3, 5: 4}.get(photometric, 1)
    colours, alpha = samples[..., :n_colours], None
    kinds = [int(kind) for kind in page.extrasamples]
    for at, kind in enumerate(kinds):
        if kind in (1, 2):
            alpha = samples[..., samples.shape[-1] - len(kinds) + at, None], kind
            break
    if photometric == 3:
        colormap = page.colormap
        colours = np.moveaxis(colormap if colormap.max() < 256 else colormap >> 8, 0, -1)[colours[..., 0]].astype(float)
    else:
        joint = colours if alpha is None or alpha[1] == 2 else np.concatenate([colours, alpha[0]], -1)
        colours = levels(page, colours, joint)
    if photometric == 0:
        colours = 255 - colours
    if photometric == 5:
        colours = np.round((255 - colours[..., :3]) * (255 - colours[..., 3:]) / 255)
    if alpha is None:
        return colours
    opacity = levels(page, alpha[0], alpha[0] if alpha[1] == 2 else joint) / 255
    mixed = colours * opacity if alpha[1] == 2 else np.minimum(colours, 255)
    return rounded(mixed, samples)


def rounded(levels, samples):
    return np.round(levels) if samples.dtype.itemsize == 1 else levels


def levels(page, samples, of_range):
    """Samples of any kind to levels of 8 bits; their range is that of `of_range`."""
    largest = of_range.max()
    if samples.dtype.kind == "f":
        stated = page.tags.valueof(341), page.tags.valueof(340, 0)
        white = 1 if largest <= 1.001 else 255
        black, white = (stated[1], stated[0]) if stated[0] is not None else (0, white)
        return np.clip((samples.astype(float) - black) / (white - black), 0, 1) * 255
    bits = page.bitspersample
    if bits == 16:
        stated = [n for n in range(8, 17) if page.tags.valueof(281) == 2**n - 1 and largest < 2**n]
        bits = (stated or [n for n in DEPTHS if largest < 2**n])[0]
    if bits == 32 and largest < 65536:
        bits = [n for n in DEPTHS if largest < 2**n][0]
    spread = samples.astype(float) * 255 / (2**bits - 1)
    return np.round(spread) if page.bitspersample <= 8 else spread


def upright(image, orientation):
    """As EXIF 2.32 defines the eight orientations."""
    if orientation in (5, 6, 7, 8):
        image = np.swapaxes(image, 0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return image


def by_pillow(path, ours):
    """Levels of 8 bits; None where Pillow does not read the file, or gives samples whose meaning it does not know."""
    try:
        image = Image.open(path)
        image.seek(page_of(ours) if ours["part"] and ours["part"].startswith("page") else 0)
        image = ImageOps.exif_transpose(image)
    except Exception:
        return None
    if image.mode == "I;16" and ours["format"] == "png" and "transparency" not in image.info:
        return np.asarray(image).astype(float) * 255 / (2 ** int(ours["colour"].removeprefix("grey")) - 1)
    if image.mode.startswith("I") or image.mode in ("F", "LAB", "YCbCr"):
        return None
    if image.mode in ("La", "RGBa"):
        return np.asarray(image).astype(float)[..., :-1]
    if image.mode in ("P", "PA", "LA", "RGBA") or "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA")).astype(float)
        return np.round(alpha[..., :3] * alpha[..., 3:] / 255)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB")).astype(float)


def report(table, refused, wrong):
    print(f"Pillow {PIL.__version__}, tifffile {tifffile.__version__}; largest difference in levels of 8 bits\n")
    print("| kind | files | tifffile | Pillow |\n|---|---|---|---|")
    for kind, found in sorted(table.items()):
        cells = [[row[peer] for row in found if row[peer] is not None] for peer in (0, 1)]
        shown = [f"{max(cell):.3f} ({len(cell)})" if cell else "-" for cell in cells]
        print(f"| {kind} | {len(found)} | {shown[0]} | {shown[1]} |")
    print("\n| refused | files | Pillow decodes |\n|---|---|---|")
    for cause, read in sorted(refused.items()):
        print(f"| {cause} | {len(read)} | {Counter(read)[True]} |")
    n_read, n_refused = sum(map(len, table.values())), sum(map(len, refused.values()))
    print(f"\n{n_read} read, {n_refused} refused, {len(wrong)} differ by more than rounding, or one level where a JPEG is computed")
    print("\n".join(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
