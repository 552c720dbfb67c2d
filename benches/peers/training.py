"""Called by benches/peers/training: how long a notebook's job takes in Keras, and in gradwatch, in one run.

The notebook's job: frozen VGG16, Flatten, Dense with sigmoid, Adam, binary cross-entropy, batches of 32, ImageDataGenerator
with flow_from_directory (224x224; rotation, shifts, shear, zoom, brightness anew in every epoch), ModelCheckpoint and
EarlyStopping, whose patience is so long that all --epochs are run. Backend: TensorFlow. gradwatch's job: `gradwatch train`
with --copies a sample, its own early stopping, everything else by default, in an empty state folder. Both split the images
alike: Keras gets the sides that gradwatch chose.

Then a tenth more images come: gradwatch trains again in the same state folder, Keras from scratch, as a notebook does.

Keras is spared its imports, the building of its network and its weights, which are random: the arithmetic is the same.
gradwatch counts from the start of its process to the end, with VGG16's weights at hand as Keras has them; making the
built-in ones, which happens once in a state folder, is told on its own. Everyone has the same two cores. The runs of a
round take turns, the median of the rounds counts. Beside the seconds on the clock stand those of the processors, which
a busy machine disturbs less.

Prints Markdown.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BATCH, SIDE = 32, 224
SUFFIXES = (".png", ".jpg", ".jpeg")


def now():
    """On the clock, and of the processors: this process and its children."""
    spent = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in spent)


def since(start):
    return [after - before for after, before in zip(now(), start)]


# ---- Keras, in a process of its own ----


def notebook(folder, epochs):
    """Trains on folder/train and folder/validation; prints what it took and what came out."""
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    base.trainable = False
    n_classes = len(list((folder / "train").iterdir()))
    model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(n_classes, activation="sigmoid")])
    start = now()
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    augmenting = ImageDataGenerator(
        rescale=1 / 255, rotation_range=15, width_shift_range=0.1, height_shift_range=0.1, shear_range=8, zoom_range=0.1,
        brightness_range=(0.8, 1.2), fill_mode="nearest",
    )
    train, validation = (
        generator.flow_from_directory(folder / side, target_size=(SIDE, SIDE), batch_size=BATCH, class_mode="categorical")
        for generator, side in ((augmenting, "train"), (ImageDataGenerator(rescale=1 / 255), "validation"))
    )
    callbacks = [
        keras.callbacks.EarlyStopping(monitor="val_accuracy", min_delta=0.01, patience=epochs),
        keras.callbacks.ModelCheckpoint(folder / "bestmodel.keras", monitor="val_accuracy", save_best_only=True),
    ]
    history = model.fit(train, validation_data=validation, epochs=epochs, callbacks=callbacks, verbose=0).history
    print(json.dumps({"took": since(start), "epochs": len(history["loss"])}))


def keras(data, sides, work, epochs):
    folder = work / "keras"
    shutil.rmtree(folder, ignore_errors=True)
    for path, side in sides.items():
        to = folder / side / path.parent.name / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / path, to)
    command = [sys.executable, __file__, "--notebook", str(folder), "--epochs", str(epochs)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(ran.stdout.splitlines()[-1])


# ---- gradwatch ----


def gradwatch(program, data, state, copies):
    command = [program, "train", data, "--json", "-q", "--set", f"storage.state_dir={json.dumps(str(state))}"]
    command += ["--set", f"augment.copies={copies}", "--set", "compute.device=cpu"]
    start = now()
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"took": since(start), "epochs": json.loads(ran.stdout)["epochs_run"]}


def sides_of(data, state):
    """{picture, relative: side}: what gradwatch made copies of is learned from, the rest is measured on."""
    (manifest,) = state.glob("outside/*/manifest.jsonl")
    learned = {json.loads(line)["source"] for line in manifest.read_text().splitlines()}
    return {path: "train" if str(path) in learned else "validation" for path in pictures(data)}


# ---- pictures ----


def pictures(folder):
    return [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]


def films(folder, n):
    """Synthetic films of 1024x1024 in two classes: the second has a patch in one lung."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[-1:1:1024j, -1:1:1024j].astype(np.float32)
    for number in range(n):
        rng = np.random.default_rng(number)
        lungs = sum(np.exp(-(((x - c) / 0.27) ** 4) - ((y / 0.62) ** 4)) for c in (-0.42, 0.42))
        across, down = rng.uniform(0.3, 0.5) * rng.choice([-1, 1]), rng.uniform(-0.3, 0.3)
        patch = (number % 2) * 0.3 * np.exp(-(((x - across) / 0.15) ** 2) - ((y - down) / 0.15) ** 2)
        light = 0.72 - 0.5 * lungs + patch + rng.normal(0, 0.02, x.shape)
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
        sys.exit("training: --images must name a folder that holds two or more folders of pictures, one for each class")


def bring(paths, source, data):
    for path in paths:
        to = data / path.parts[0] / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, to)


# ---- the whole ----


def one_round(args, source, work):
    """{what: {took: [seconds, processor seconds], epochs}}"""
    first, new = parted(source)
    data, state = work / "films", work / "state"
    for folder in (data, state):
        shutil.rmtree(folder, ignore_errors=True)
    bring(first, source, data)
    found = {"gradwatch, cold, making the built-in weights too": gradwatch(args.gradwatch, data, state, args.copies)}
    weights = work / "weights"
    shutil.rmtree(weights, ignore_errors=True)
    (state / "weights").rename(weights)
    shutil.rmtree(state)
    shutil.copytree(weights, state / "weights")
    found["gradwatch, cold"] = gradwatch(args.gradwatch, data, state, args.copies)
    found["Keras"] = keras(data, sides_of(data, state), work, args.epochs)
    bring(new, source, data)
    found["gradwatch, a tenth more images"] = gradwatch(args.gradwatch, data, state, args.copies)
    found["Keras, a tenth more images, from scratch"] = keras(data, sides_of(data, state), work, args.epochs)
    return found


def table(head, rows):
    for row in (head, ["---"] * len(head), *rows):
        print("|", " | ".join(str(cell) for cell in row), "|")
    print()


def told(rounds, args, n_first, n_new):
    took = {
        name: [statistics.median(found[name]["took"][at] for found in rounds) for at in (0, 1)] for name in rounds[0]
    }
    print(f"### Training: {n_first} images, then {n_new} more; {args.epochs} epochs in Keras, {args.copies} copies here\n")
    rows = [
        [name, f"{seconds:.1f}", f"{spent:.1f}", ", ".join(str(found[name]["epochs"]) for found in rounds)]
        for name, (seconds, spent) in took.items()
    ]
    table(["", "seconds", "processor seconds", "epochs"], rows)
    keras_epoch = [value / args.epochs for value in took["Keras"]]
    print(f"An epoch of Keras: {keras_epoch[0]:.1f} s on the clock, {keras_epoch[1]:.1f} s of the processors.\n")
    pairs = [
        ["cold", "5", "Keras", "gradwatch, cold"],
        ["a tenth more images", "20", "Keras, a tenth more images, from scratch", "gradwatch, a tenth more images"],
    ]
    ratios = [
        [name, wanted, *(f"{theirs / ours:.1f}" for theirs, ours in zip(took[peer], took[here]))]
        for name, wanted, peer, here in pairs
    ]
    table(["Keras / gradwatch", "wanted", "found, by the clock", "by processor seconds"], ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradwatch", nargs="?")
    parser.add_argument("--images", type=Path, help="class folders; else 220 synthetic films")
    parser.add_argument("--epochs", type=int, default=7, help="of Keras; notebooks take 7 to 10")
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--notebook", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.notebook:
        return notebook(args.notebook, args.epochs)
    # Two cores, whatever the machine has.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with tempfile.TemporaryDirectory(prefix="gradwatch-training-") as work:
        work = Path(work)
        if args.images is None:
            films(work / "source", 220)
        source = args.images or work / "source"
        first, new = parted(source)
        check(first)
        rounds = [one_round(args, source, work) for _ in range(args.repeats)]
        told(rounds, args, len(first), len(new))


if __name__ == "__main__":
    main()
