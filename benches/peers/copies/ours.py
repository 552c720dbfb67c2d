"""gradwatch as a process, with the recipe that the peers follow too."""

import resource
import subprocess
import time

import numpy as np

from .recipe import QUALITY, SIDE
from .timing import PROCESSES

SETTINGS = f"""
[augment]
preset = "natural"
contact_sheet = false
jpeg_quality = {QUALITY}
[augment.recipe]
"""
RECIPE = """rotation = 15.0
width_shift = 0.1
height_shift = 0.1
shear = 8.0
zoom = [0.9, 1.1]
zoom_keep_aspect = true
horizontal_flip = 0.5
brightness = [0.8, 1.2]
contrast = [1.0, 1.0]
erasing = 0.0
"""
NOTHING = """rotation = 0.0
width_shift = 0.0
height_shift = 0.0
shear = 0.0
zoom = [1.0, 1.0]
horizontal_flip = 0.0
brightness = [1.0, 1.0]
contrast = [1.0, 1.0]
erasing = 0.0
"""


class Gradwatch:
    def __init__(self, program, work):
        self.program, self.config = program, work / "recipe.toml"

    def augment(self, source, out, format, copies, threads=PROCESSES, nothing=False, scaled=False):
        """Seconds on the clock, and of the processors."""
        self.config.write_text(SETTINGS + (NOTHING if nothing else RECIPE))
        command = [self.program, "--config", self.config, "--quiet", f"--set=images.scaled_jpeg={str(scaled).lower()}"]
        command += ["augment", source, out, "--format", format]
        command += ["--size", str(SIDE), "--copies", str(copies), "--threads", str(threads)]
        return seconds_of(command)


def seconds_of(command):
    """On the clock, and of the processors."""

    def now():
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return np.array([time.perf_counter(), spent.ru_utime + spent.ru_stime])

    start = now()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return now() - start
