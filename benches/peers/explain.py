"""Called by benches/peers/explain: how long heat maps of unseen scans take in pytorch-grad-cam, and in gradwatch.

    benches/peers/explain [GRADWATCH] [--images FOLDER] [--scans 40] [--repeats 3]

pytorch-grad-cam: VGG16 with a head of two classes on its features, Grad-CAM at the last convolution, of the class with the
greatest score; it decodes each scan with OpenCV and writes one overlay of 224x224 as PNG. Settings: as it comes (one scan
at a time), in batches, in channels_last, with gradients from the last convolution on alone, and, where the processor has
instructions for bf16, with the layers below it in bf16. Imports and building the network are not counted.

gradwatch: `gradwatch explain` as it comes, from the start of its process to its end. For each scan it writes a report with
four kinds of maps, an overlay and a heat map of the scan's own size, and the nearest training images, and a gallery of all;
that is more than the peer does. Its model was trained before, on images that are not among the scans.

All scans, and one scan alone. Everyone has the same two cores; the runs of a round take turns, the median counts.
Prints Markdown.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import measuring
from class_folders import bring, check, films, fresh, gradwatch, pictures

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SETTINGS = {
    "eager f32, batch 1": {"batch": 1, "low": False},
    "f32, batch 8": {"batch": 8},
    "f32, channels_last, batch 1": {"batch": 1, "last": True},
    "f32, channels_last, batch 8": {"batch": 8, "last": True},
    "bf16 below the last convolution, channels_last, batch 8": {"batch": 8, "last": True, "bf16": True},
}

# ---- pytorch-grad-cam, in a process of its own ----


def network(last, low, bf16):
    """VGG16 and a head of two classes; `low`: no gradients below the last convolution, which Grad-CAM does not need."""
    import torch
    import torchvision

    torch.manual_seed(0)
    layers = torchvision.models.vgg16(weights=None).features.eval()
    below, upper = layers[:28].requires_grad_(not low), layers[28:]
    if bf16:
        below = below.to(torch.bfloat16)
    to_f32 = torch.nn.Identity()
    to_f32.forward = lambda x: x.float()
    to_low = torch.nn.Identity()
    to_low.forward = lambda x: x.to(torch.bfloat16 if bf16 else torch.float32)
    head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(25088, 2))
    model = torch.nn.Sequential(to_low, below, to_f32, *upper, head)
    return model.to(memory_format=torch.channels_last) if last else model, upper[0]


def maps(scans, out, batch, last=False, low=True, bf16=False):
    """Decodes, explains and writes; what that took."""
    import cv2
    import numpy as np
    import torch
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.image import show_cam_on_image

    torch.set_num_threads(measuring.cores())
    model, target = network(last, low, bf16)
    with GradCAM(model=model, target_layers=[target]) as grad_cam:
        start = measuring.now()
        for at in range(0, len(scans), batch):
            part = scans[at : at + batch]
            found = [cv2.resize(cv2.imread(str(path)), (224, 224), interpolation=cv2.INTER_AREA) for path in part]
            pictures = np.stack(found).astype(np.float32) / 255
            x = torch.from_numpy((pictures[..., ::-1] - np.float32(MEAN)) / np.float32(DEVIATION)).permute(0, 3, 1, 2)
            layout = torch.channels_last if last else torch.contiguous_format
            for path, picture, cam in zip(part, pictures, grad_cam(x.contiguous(memory_format=layout), None)):
                cv2.imwrite(str(out / f"{path.parent.name}-{path.stem}.png"), show_cam_on_image(picture, cam))
        return measuring.since(start)


def peer(setting, scans, out):
    fresh(out)
    out.mkdir()
    command = [sys.executable, __file__, "--setting", setting, "--out", out, "--list", *scans]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    if len(list(out.iterdir())) != len(scans):
        sys.exit("explain: pytorch-grad-cam did not write an overlay for each scan")
    return json.loads(ran.stdout.splitlines()[-1])


# ---- gradwatch ----


def ours(program, state, scans, out):
    fresh(out)
    command = [program, "explain", "-q", "--json", "--out", out, "--set", f"storage.state_dir={json.dumps(str(state))}"]
    start = measuring.now()
    ran = subprocess.run([*command, "--set", "compute.device=cpu", *scans], check=True, stdout=subprocess.PIPE)
    took = measuring.since(start)
    if len(list(out.glob("*/report.html"))) != len(scans):
        sys.exit(f"explain: not every scan has a report: {ran.stdout[:500]}")
    return took


# ---- the rounds ----


def parted(source, n):
    """Scans, every class its share, and up to 60 other images to train on."""
    classes = {}
    for path in pictures(source):
        classes.setdefault(path.parts[0], []).append(path)
    share = -(-n // len(classes))
    scans = [path for paths in classes.values() for path in paths[:share]][:n]
    return scans, [path for paths in classes.values() for path in paths[share : share + 60 // len(classes)]]


def measured(args, work):
    if args.images is None:
        films(work / "source", args.scans + 60)
    source, state = args.images or work / "source", work / "state"
    scans, training = parted(source, args.scans)
    check(training)
    bring(training, source, work / "films")
    gradwatch(args.gradwatch, work / "films", state, 0)
    scans = [source.resolve() / path for path in scans]
    settings = [name for name in SETTINGS if "bf16" not in name or measuring.bf16_instructions()]
    runs = {}
    for n in (len(scans), 1):
        runs["gradwatch", n] = lambda n=n: ours(args.gradwatch, state, scans[:n], work / "out")
        for name in settings:
            if n > 1 or SETTINGS[name]["batch"] == 1:
                runs[name, n] = lambda n=n, name=name: peer(name, scans[:n], work / "out")
    return {key: measuring.medians(rows) for key, rows in measuring.in_turn(runs, args.repeats).items()}


def told(took):
    print("### Heat maps of unseen scans, from files to files\n")
    print(measuring.machine())
    print(measuring.versions("torch", "torchvision", "grad-cam", "opencv-python-headless"))
    rows = []
    for (name, n), (seconds, spent) in took.items():
        name = name if name == "gradwatch" else f"pytorch-grad-cam, {name}"
        rows.append([n, name, f"{seconds:.2f}", f"{1000 * seconds / n:.0f}", f"{spent:.1f}", f"{seconds / took['gradwatch', n][0]:.2f}"])
    measuring.table(["scans", "", "seconds", "ms a scan", "processor seconds", "this / gradwatch"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradwatch", nargs="?")
    parser.add_argument("--images", type=Path, help="class folders; else synthetic films")
    parser.add_argument("--scans", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--setting", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--list", type=Path, nargs="*", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.setting:
        return print(json.dumps(maps(args.list, args.out, **SETTINGS[args.setting])))
    measuring.two_cores()
    with tempfile.TemporaryDirectory(prefix="gradwatch-explain-") as work:
        told(measured(args, Path(work)))


if __name__ == "__main__":
    main()
