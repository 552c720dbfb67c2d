"""In how many images gradwatch sees text: as they are, and with a name written near an edge.

Called by scripts/measure-text: `--make IMAGES WORK` writes each image in IMAGES as DICOM, once as it is and once with a name, and
prints the files; with that list and what benches/decode_files.rs wrote about them, the counts.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
from decoded_pixels import read
from PIL import Image, ImageDraw, ImageFont
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

# Height of the letters as a part of the image's, the edge, and the level.
WAYS = [(part, edge, level) for part in (40, 60) for edge in ("upper", "lower") for level in ("white", "black")]


def make(images, work):
    paths = sorted(path for path in Path(images).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for n, path in enumerate(paths):
        image = Image.open(path).convert("L")
        write(image, Path(work) / f"{n:03}.plain.dcm", path.name)
        part, edge, level = WAYS[n % len(WAYS)]
        name(image, part, edge, level)
        write(image, Path(work) / f"{n:03}.{part} {edge} {level}.dcm", path.name)


def name(image, part, edge, level):
    size = max(8, image.height // part)
    at = size if edge == "upper" else image.height - 2 * size - size // 2
    font = ImageFont.load_default(size)
    ImageDraw.Draw(image).text((size, at), "DOE, JANE  1970-02-03", fill=255 if level == "white" else 0, font=font)


def write(image, path, source):
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.ImageComments = source
    data.Rows, data.Columns = image.height, image.width
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    pixels = np.asarray(image).tobytes()
    data.PixelData = pixels + b"\0" * (len(pixels) % 2)
    data.save_as(path, enforce_file_format=True)
    print(path)


def main(paths, pixels):
    seen = defaultdict(list)
    with open(pixels, "rb") as stream:
        for path in open(paths).read().splitlines():
            kind, is_seen = Path(path).name.split(".")[1], read(stream)[0]["text"]
            seen[kind].append(is_seen)
            if kind == "plain" and is_seen:
                print("as it is:", Path(path).name, pydicom.dcmread(path).ImageComments)
    for kind, found in sorted(seen.items()):
        print(f"{kind}: text seen in {sum(found)} of {len(found)}")


if __name__ == "__main__":
    make(*sys.argv[2:]) if sys.argv[1] == "--make" else main(*sys.argv[1:])
