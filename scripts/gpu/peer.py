"""VGG16's convolutions in PyTorch on the same GPU, bf16 and channels last, eager and compiled: peer.py BATCH... prints JSON.

Each is measured twice: the network alone, its input waiting on the GPU; and whole, from bytes in pinned memory to features
in the processor's memory, which is what gradwatch's own figure holds. The weights are random: they do not change the time.
"""

import json
import sys
import time

import torch
from torch import nn

SECONDS = 1.5
WIDTHS = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]


def vgg16():
    """As `torchvision.models.vgg16().features`."""
    layers, inputs = [], 3
    for width in WIDTHS:
        if width == 0:
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers).eval().to("cuda", torch.bfloat16, memory_format=torch.channels_last)


def rate(work, batch):
    """Images a second."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    begin, n = time.perf_counter(), 0
    while time.perf_counter() - begin < SECONDS:
        for _ in range(4):
            work()
        torch.cuda.synchronize()
        n += 4 * batch
    return n / (time.perf_counter() - begin)


def measure(network, batch):
    mean = torch.tensor([0.485, 0.456, 0.406], device="cuda")
    deviation = torch.tensor([0.229, 0.224, 0.225], device="cuda")
    pinned = torch.randint(0, 256, (batch, 224, 224, 3), dtype=torch.uint8).pin_memory()
    waiting = torch.randn(batch, 3, 224, 224, device="cuda").to(torch.bfloat16, memory_format=torch.channels_last)

    def whole():
        x = pinned.to("cuda", non_blocking=True).float().div(255).sub(mean).div(deviation)
        return network(x.to(torch.bfloat16).permute(0, 3, 1, 2)).float().flatten(1).cpu()

    return {"alone": rate(lambda: network(waiting), batch), "whole": rate(whole, batch)}


def copies():
    """GiB a second from pinned memory to the GPU and back."""
    host = torch.empty(32 << 20, dtype=torch.uint8).pin_memory()
    device = torch.empty_like(host, device="cuda")
    to_gpu = rate(lambda: device.copy_(host, non_blocking=True), 1) / 32
    return {"to_gpu_gib_s": to_gpu, "to_host_gib_s": rate(lambda: host.copy_(device, non_blocking=True), 1) / 32}


def main():
    torch.manual_seed(1)
    network, found = vgg16(), {"torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "copies": copies()}
    with torch.inference_mode():
        for batch in sorted(set(map(int, sys.argv[1:]))):
            found[f"eager {batch}"] = measure(network, batch)
            print(json.dumps(found), flush=True)
        for batch in sorted(set(map(int, sys.argv[1:]))):
            try:
                torch._dynamo.reset()
                found[f"compiled {batch}"] = measure(torch.compile(network), batch)
            except Exception as error:  # whatever keeps a compiler from working there
                found[f"compiled {batch}"] = f"not available: {str(error).splitlines()[0][:120]}"
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
