"""Fills a GPU's memory but for LEAVE GiB, says "ready", and holds it until its standard input ends: ballast.py LEAVE."""

import sys

import torch

free, _ = torch.cuda.mem_get_info(0)
held = torch.empty(max(0, free - int(float(sys.argv[1]) * (1 << 30))), dtype=torch.uint8, device="cuda:0")
torch.cuda.synchronize()
print("ready", flush=True)
sys.stdin.read()
