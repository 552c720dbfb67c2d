"""The pixels of gradwatch beside those of pydicom, each brought to an image by the rules of docs/FORMATS.md.

Called by scripts/compare-dicom: `--list FOLDER` prints the files (those of pydicom and pydicom-data without a folder), and
with that list and what benches/decode_files.rs wrote about them, the comparison. Differences are in levels of 8 bits.
"""

import sys
import warnings
from collections import Counter, defaultdict
from copy import deepcopy
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import JPEG2000, JPEGBaseline8Bit, JPEGExtended12Bit
from decoded_pixels import read

warnings.simplefilter("ignore")
DEPTHS = [8, 10, 12, 14, 16]
LOSSY = [JPEG2000, JPEGBaseline8Bit, JPEGExtended12Bit]
# Two roundings beside the level, or the levels, that may differ.
ROUNDING = 1 / 128


def files(folder):
    """The files of a folder, or of the two packages; those that are not DICOM by name are left to gradwatch."""
    roots = [Path(folder)] if folder else [Path(pydicom.__file__).parent / "data", packaged()]
    found = sorted(path for root in roots for path in root.rglob("*") if path.is_file())
    return [path for path in found if path.suffix not in (".py", ".pyc", ".json", ".txt", ".dump", ".xml")]


def packaged():
    import data_store

    return Path(data_store.__path__[0])


def main(paths, pixels):
    paths = open(paths).read().splitlines()
    table, refused, wrong = defaultdict(list), defaultdict(list), []
    with open(pixels, "rb") as stream:
        for path in paths:
            ours, image = read(stream)
            found = theirs(path, ours)
            if image is None:
                refused[ours["error"]].append((path, found is not None))
                continue
            kind = kind_of(path)
            table[kind].append(difference(image, found))
            most = (2 if kind[1] else 1) + ROUNDING
            if table[kind][-1] is not None and table[kind][-1] > most:
                wrong.append(f"{path}: {kind[0]}: pydicom differs by {table[kind][-1]:.3f}")
    report(table, refused, wrong)
    return 1 if wrong else 0


def opened(path):
    return pydicom.dcmread(path, force=True)


def kind_of(path):
    """Compression and colours, and whether the compression is lossy."""
    data = opened(path)
    syntax = getattr(getattr(data, "file_meta", None), "TransferSyntaxUID", None)
    name = syntax.name.split(",")[0].split(" (")[0] if syntax else "not stated"
    return f"{name} | {data.get('PhotometricInterpretation', '-')}", syntax in LOSSY


def theirs(path, ours):
    """The image as pydicom has it, in levels of 8 bits; None where it reads none."""
    try:
        data = opened(path)
        if not getattr(data.file_meta, "TransferSyntaxUID", None):
            implicit = data.original_encoding[0]
            data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
        return shown(data)
    except Exception as error:
        if "code" not in ours:
            print(f"{path}: pydicom: {str(error)[:150]}", file=sys.stderr)
        return None


def shown(data):
    if data.file_meta.TransferSyntaxUID == JPEGBaseline8Bit:
        # Pillow decodes with libjpeg-turbo; the plug-in that goes before it brings subsampled colours to full size otherwise.
        data.pixel_array_options(decoding_plugin="pillow")
    pixels = data.pixel_array
    if int(data.get("NumberOfFrames") or 1) > 1:
        pixels = pixels[0]
    photometric = data.PhotometricInterpretation
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(pixels, data)
        return colours / (257 if colours.dtype == np.uint16 and colours.max() > 255 else 1)
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        bits = data.BitsStored if data.BitsStored < 16 else depth_of(pixels.max())
        return pixels.astype(float) * 255 / (2**bits - 1)
    level = grey(pixels, with_functional_groups(data))
    return 255 * (1 - level if photometric == "MONOCHROME1" else level)


def grey(pixels, data):
    """0 (black) to 1 (white): by table or window, else by the depth."""
    values = apply_modality_lut(pixels, data)
    if data.get("VOILUTSequence"):
        bits = data.VOILUTSequence[0].LUTDescriptor[2]
        return apply_voi_lut(values, data, index=0).astype(float) / (2**bits - 1)
    width = data.get("WindowWidth")
    width = width[0] if isinstance(width, pydicom.multival.MultiValue) else width
    ends = ends_of(pixels, data)
    if width:
        # pydicom's window ends at the values of the stored bits.
        stored = [0, 2**data.BitsStored - 1]
        if data.PixelRepresentation:
            stored = [-(2 ** (data.BitsStored - 1)), 2 ** (data.BitsStored - 1) - 1]
        lowest, highest = rescaled(stored, data)
        shown = apply_voi_lut(values, data, index=0).astype(float)
        return (shown - lowest) / (highest - lowest)
    low, high = sorted(rescaled(ends, data)) if not data.get("ModalityLUTSequence") else table_ends(data)
    return np.clip((values.astype(float) - low) / (high - low), 0, 1)


def ends_of(pixels, data):
    low, high, stored = int(pixels.min()), int(pixels.max()), data.BitsStored
    if low >= 0:
        stored -= 1 if data.PixelRepresentation else 0
        return [0, 2 ** (stored if stored < 15 else depth_of(high)) - 1]
    bits = stored if stored < 15 else min(16, depth_of(max(high, -1 - low)) + 1)
    return [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]


def table_ends(data):
    table = data.ModalityLUTSequence[0]
    bits = table.LUTDescriptor[2]
    return 0, 2 ** (bits if bits < 16 else depth_of(max(table.LUTData))) - 1


def rescaled(ends, data):
    return [end * float(data.get("RescaleSlope") or 1) + float(data.get("RescaleIntercept") or 0) for end in ends]


def depth_of(largest):
    return next((bits for bits in DEPTHS if largest < 1 << bits), 32)


def with_functional_groups(data):
    """Rescaling and window of the first frame, where pydicom looks for them."""
    data = deepcopy(data)
    for sequence in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
        for groups in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
            group = data.get(groups)
            if group and group[0].get(sequence):
                for element in group[0][sequence].value[0]:
                    if element.tag not in data:
                        data.add(element)
    return data


def difference(ours, found):
    """The largest difference; None if there is nothing to compare with."""
    if found is None:
        return None
    if found.ndim == 2:
        found = found[..., None]
    return float(abs(ours - found).max()) if ours.shape == found.shape else 255.0


def report(table, refused, wrong):
    print(f"{'read: compression | colours':68} files  alone  largest difference")
    for (kind, _), found in sorted(table.items()):
        compared = [value for value in found if value is not None]
        largest = f"{max(compared):.2f}" if compared else "-"
        print(f"{kind:68} {len(found):5}  {len(found) - len(compared):5}  {largest:>8}")
    print("\nrefused, and how many of these pydicom reads")
    for error, found in sorted(refused.items(), key=lambda item: -len(item[1])):
        names = ", ".join(Path(path).name for path, _ in found[:3])
        print(f"{len(found):5} {sum(is_read for _, is_read in found):5}  {error} ({names})")
    print("\n" + "\n".join(wrong or ["no image differs by more"]))
    print(f"pydicom {pydicom.__version__}, numpy {np.__version__}: {Counter(read=sum(map(len, table.values())), refused=sum(map(len, refused.values())))}")


if __name__ == "__main__":
    if sys.argv[1] == "--list":
        print(*files(sys.argv[2] if len(sys.argv) > 2 else ""), sep="\n")
    else:
        sys.exit(main(*sys.argv[1:]))
