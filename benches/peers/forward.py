"""Called by benches/peers/forward: images a second of VGG16's features in gradwatch and in the programs that do the same.

    benches/peers/forward [GRADWATCH] [--rounds 3] [--seconds 6] [--only TEXT]

Peers: PyTorch (eager, channels_last, bf16, torch.compile), ONNX Runtime, OpenVINO; backends.py has their settings. All
have the same network, with random weights: the arithmetic is the same. Every measurement is a process of its own. Of a
peer, imports, building or compiling the network and a first step are not counted; `gradwatch bench --json` counts its
forward alone, too. Peers in bf16 are measured where the processor has instructions for it. Rounds are taken in turn; the
median counts. A first image's features are compared with PyTorch's, so that no peer computes something else.

Prints Markdown: machine, versions, and images a second of each, with gradwatch's as a multiple of it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time

import measuring

# A peer whose first step takes longer than this is not run again: that step counts.
PATIENCE = 60
# bf16 keeps 8 bits: after 13 layers a few percent are usual.
SAME = 0.05


def peer(name, onnx, seconds):
    """In a process of its own: prints images a second, the first image's features, what became of the precision."""
    import backends

    features = backends.built(name, onnx)
    x = backends.images(features.step)
    begin = time.perf_counter()
    first = features(x)[0]
    speed = len(x) / (time.perf_counter() - begin)
    if len(x) / speed < PATIENCE:
        speed = steady(features, x, seconds)
    precision = getattr(features, "precision", None)
    print(json.dumps({"speed": speed, "features": first.ravel()[::97].tolist(), "precision": precision}))


def steady(features, x, seconds):
    begin, n = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        features(x)
        n += len(x)
    return n / (time.perf_counter() - begin)


def measured(name, onnx, seconds):
    """What `peer` printed; None if that failed."""
    command = [sys.executable, __file__, "--peer", name, "--onnx", onnx, "--seconds", str(seconds)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        print(f"{name} failed: {ran.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    found = json.loads(ran.stdout.splitlines()[-1])
    print(f"{name}: {found['speed']:.2f} images/s", file=sys.stderr)
    return found


def ours(gradwatch, state, seconds):
    command = [gradwatch, "bench", "--json", "-q", "--seconds", str(seconds), "--set", "compute.device=cpu"]
    command += ["--set", "compute.precision=f32", "--set", f"storage.state_dir={json.dumps(state)}"]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"speed": next(figure["images_per_second"] for figure in figures if figure["what"] == "forward")}


def difference(found, wanted):
    """The greatest difference of the features, in terms of the greatest feature."""
    return max(abs(a - b) for a, b in zip(found, wanted)) / max(wanted)


def check(found, name, wanted):
    if difference(found["features"], wanted) > SAME:
        sys.exit(f"forward: {name} computes other features than PyTorch")


def told(speeds, precisions):
    """The rows, fastest first."""
    mine = speeds["gradwatch f32"]
    rows = []
    for name, speed in sorted(speeds.items(), key=lambda item: -item[1]):
        remark = f"computed in {precisions[name]}" if precisions.get(name) else ""
        rows.append([name, f"{speed:.2f}", f"{1000 / speed:.0f}", f"{mine / speed:.2f}", remark])
    measuring.table(["", "images/s", "ms an image", "gradwatch / this", ""], rows)
    best = max((name for name in speeds if name != "gradwatch f32"), key=speeds.get)
    print(f"Fastest peer: {best}; gradwatch is {mine / speeds[best]:.2f} times as fast.")


def compared(args, work):
    import backends

    onnx = f"{work}/vgg16.onnx"
    backends.export(onnx)
    names = [name for name in backends.PEERS if args.only in name and ("bf16" not in name or measuring.bf16_instructions())]
    runs = {name: lambda name=name: measured(name, onnx, args.seconds) for name in names}
    runs["gradwatch f32"] = lambda: ours(args.gradwatch, work, args.seconds)
    found = measuring.in_turn(runs, args.rounds)
    found = {name: [one for one in rounds if one] for name, rounds in found.items()}
    found = {name: rounds for name, rounds in found.items() if rounds}
    wanted = backends.in_torch(None, batch=1)(backends.images(1)).ravel()[::97].tolist()
    for name in names:
        for one in found.get(name, []):
            check(one, name, wanted)
    speeds = {name: measuring.medians([[one["speed"]] for one in rounds])[0] for name, rounds in found.items()}
    return speeds, {name: rounds[0].get("precision") for name, rounds in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradwatch", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    parser.add_argument("--only", default="", help="peers whose name contains this text")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--onnx", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return peer(args.peer, args.onnx, args.seconds)
    with tempfile.TemporaryDirectory(prefix="gradwatch-forward-") as work:
        speeds, precisions = compared(args, work)
    print("### VGG16's features, 224x224\n")
    print(measuring.machine())
    print(measuring.versions("torch", "torchvision", "onnxruntime", "openvino"))
    told(speeds, precisions)


if __name__ == "__main__":
    main()
