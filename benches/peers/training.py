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
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import measuring
from class_folders import bring, divided, empty_but_weights, fresh, gradwatch, sides_of

BATCH, SIDE = 32, 224


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
    start = measuring.now()
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
    print(json.dumps({"took": measuring.since(start), "epochs": len(history["loss"])}))


def keras(data, sides, work, epochs):
    folder = work / "keras"
    fresh(folder)
    for path, side in sides.items():
        to = folder / side / path.parent.name / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / path, to)
    command = [sys.executable, __file__, "--notebook", str(folder), "--epochs", str(epochs)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(ran.stdout.splitlines()[-1])


# ---- the whole ----


def one_round(args, source, first, new, work):
    """{what: {took: [seconds, processor seconds], epochs}}"""
    data, made, state = work / "films", work / "made", work / "state"
    fresh(data, made)
    bring(first, source, data)
    found = {"gradwatch, cold, making the built-in weights too": gradwatch(args.gradwatch, data, made, args.copies)}
    empty_but_weights(state, made)
    found["gradwatch, cold"] = gradwatch(args.gradwatch, data, state, args.copies)
    found["Keras"] = keras(data, sides_of(data, state), work, args.epochs)
    bring(new, source, data)
    found["gradwatch, a tenth more images"] = gradwatch(args.gradwatch, data, state, args.copies)
    found["Keras, a tenth more images, from scratch"] = keras(data, sides_of(data, state), work, args.epochs)
    return found


def told(rounds, args, n_first, n_new):
    took = {name: measuring.medians([found[name]["took"] for found in rounds]) for name in rounds[0]}
    print(f"### Training: {n_first} images, then {n_new} more; {args.epochs} epochs in Keras, {args.copies} copies here\n")
    print(measuring.machine())
    print(measuring.versions("keras", "tensorflow-cpu"))
    rows = [
        [name, f"{seconds:.1f}", f"{spent:.1f}", ", ".join(str(found[name]["epochs"]) for found in rounds)]
        for name, (seconds, spent) in took.items()
    ]
    measuring.table(["", "seconds", "processor seconds", "epochs"], rows)
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
    measuring.table(["Keras / gradwatch", "wanted", "found, by the clock", "by processor seconds"], ratios)


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
    measuring.two_cores()
    with tempfile.TemporaryDirectory(prefix="gradwatch-training-") as work:
        work = Path(work)
        source, first, new = divided(args.images, work)
        rounds = [one_round(args, source, first, new, work) for _ in range(args.repeats)]
        told(rounds, args, len(first), len(new))


if __name__ == "__main__":
    main()
