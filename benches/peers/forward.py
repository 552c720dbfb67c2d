"""Called by benches/peers/forward: three rounds of each program in turn, the best of each counts."""

import json
import os
import subprocess
import sys
import tempfile
import time

import torch
import torchvision

ROUNDS, SECONDS = 3, 6


def eager(batch):
    """`torchvision.models.vgg16().features` as it comes, images a second."""
    network = torchvision.models.vgg16(weights=None).features.eval()
    x = torch.randn(batch, 3, 224, 224)
    with torch.inference_mode():
        network(x)
        begin, n = time.perf_counter(), 0
        while time.perf_counter() - begin < SECONDS:
            network(x)
            n += batch
        return n / (time.perf_counter() - begin)


def ours(gradwatch, state):
    command = [gradwatch, "bench", "--json", "-q", "--seconds", str(SECONDS), "--set", "compute.device=cpu"]
    command += ["--set", "compute.precision=f32", "--set", f"storage.state_dir={json.dumps(state)}"]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return next(figure["images_per_second"] for figure in figures if figure["what"] == "forward")


def main(gradwatch):
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    best = {}
    with tempfile.TemporaryDirectory() as state:
        for _ in range(ROUNDS):
            for name, measure in {
                "PyTorch eager f32, batch 1": lambda: eager(1),
                "PyTorch eager f32, batch 8": lambda: eager(8),
                "gradwatch f32": lambda: ours(gradwatch, state),
            }.items():
                best[name] = max(best.get(name, 0), measure())
    peer = max(speed for name, speed in best.items() if name.startswith("PyTorch"))
    for name, speed in best.items():
        print(f"{name:<28}{speed:7.1f} images/s   {speed / peer:5.2f}x")


if __name__ == "__main__":
    main(sys.argv[1])
