"""What training.py and expert.py share: pictures in class folders, a tenth more of them, and gradwatch's training on them."""

import json
import shutil
import subprocess
import sys

import measuring

SUFFIXES = (".png", ".jpg", ".jpeg")

# ---- pictures ----


def pictures(folder):
    return [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]


def films(folder, n):
    """Synthetic films of 1024x1024 in two classes: the second has a patch in one lung. Each has large shades of its own, so
    that no two are nearly the same image, which would keep them on one side of the split."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[-1:1:1024j, -1:1:1024j].astype(np.float32)
    for number in range(n):
        rng = np.random.default_rng(number)
        lungs = sum(np.exp(-(((x - c) / 0.27) ** 4) - ((y / 0.62) ** 4)) for c in (-0.42, 0.42))
        across, down = rng.uniform(0.3, 0.5) * rng.choice([-1, 1]), rng.uniform(-0.3, 0.3)
        patch = (number % 2) * 0.3 * np.exp(-(((x - across) / 0.15) ** 2) - ((y - down) / 0.15) ** 2)
        shades = Image.fromarray(rng.normal(0, 0.12, (8, 8)).astype(np.float32)).resize(x.shape, Image.Resampling.BICUBIC)
        light = 0.72 - 0.5 * lungs + patch + np.asarray(shades) + rng.normal(0, 0.02, x.shape)
        to = folder / ("plain", "patchy")[number % 2] / f"film-{number:04}.png"
        to.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.clip(light, 0, 1) * 255).astype(np.uint8)).save(to)


def parted(folder):
    """The pictures that are there at first, and the new ones: a tenth as many, of every class its share."""
    classes = {}
    for path in pictures(folder):
        classes.setdefault(path.parts[0], []).append(path)
    # Every eleventh is new: a tenth of those before.
    new = [path for paths in classes.values() for path in paths[10::11]]
    return [path for paths in classes.values() for path in paths if path not in new], new


def check(first):
    n_classes = len({path.parts[0] for path in first if len(path.parts) == 2})
    if n_classes < 2 or any(len(path.parts) != 2 for path in first):
        sys.exit("--images must name a folder that holds two or more folders of pictures, one for each class")


def divided(images, work):
    """The folder of classes, synthetic films where none is named; its pictures that are there at first, and the new ones."""
    source = images or work / "source"
    if images is None:
        films(source, 220)
    first, new = parted(source)
    check(first)
    return source, first, new


def bring(paths, source, data):
    for path in paths:
        to = data / path.parts[0] / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, to)


def fresh(*folders):
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


# ---- gradwatch ----


def gradwatch(program, data, state, copies):
    """From the start of the process to its end: {took, epochs, forwards: images through the network, network: their seconds}"""
    command = [program, "train", data, "--json", "--set", f"storage.state_dir={json.dumps(str(state))}"]
    command += ["--set", "log.format=json", "--set", f"augment.copies={copies}", "--set", "compute.device=cpu"]
    start = measuring.now()
    ran = subprocess.run(command, capture_output=True, text=True)
    took = measuring.since(start)
    if ran.returncode != 0:
        sys.exit(f"gradwatch train ended with {ran.returncode}: {ran.stderr[-500:]}")
    said = [json.loads(line)["fields"] for line in ran.stderr.splitlines() if line.startswith("{")]
    features = [fields for fields in said if fields.get("message") == "Features computed"]
    forwards, network = (sum(fields[key] for fields in features) for key in ("images", "network_s"))
    return {"took": took, "epochs": json.loads(ran.stdout)["epochs_run"], "forwards": forwards, "network": network}


def make_weights(program, state):
    """VGG16's built-in weights, in a state folder that holds nothing else of worth."""
    command = [program, "bench", "-q", "--seconds", "1", "--set", "compute.device=cpu"]
    subprocess.run([*command, "--set", f"storage.state_dir={json.dumps(str(state))}"], check=True, stdout=subprocess.DEVNULL)


def empty_but_weights(state, made):
    """An empty state folder, except for the built-in weights that are in the state folder `made`."""
    fresh(state)
    shutil.copytree(made / "weights", state / "weights")


def sides_of(data, state):
    """{picture, relative: side}: what gradwatch made copies of is learned from, the rest is measured on."""
    (manifest,) = state.glob("outside/*/manifest.jsonl")
    learned = {json.loads(line)["source"] for line in manifest.read_text().splitlines()}
    return {path: "train" if str(path) in learned else "validation" for path in pictures(data)}
