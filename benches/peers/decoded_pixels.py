"""The stream that benches/decode_files.rs writes: of each file a line of JSON, and the pixels of an image."""

import json

import numpy as np


def read(stream):
    """What gradwatch says of a file, and its image in levels of 8 bits, [height, width, channels]; None if refused."""
    ours = json.loads(stream.readline())
    if "code" in ours:
        return ours, None
    shape = ours["height"], ours["width"], ours["channels"]
    dtype = np.dtype("u1" if ours["bits"] == 8 else "<u2")
    data = np.frombuffer(stream.read(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
    return ours, data / (1 if ours["bits"] == 8 else 257)
