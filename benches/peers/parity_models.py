"""Full-size models as notebooks have them, saved by the real Keras: scores of original image files in Keras and in gradwatch.

Each way to resize, and heads and sizes that differ from Flatten and one Dense layer at 224x224. No weights are downloaded:
the numbers are torchvision's initialisation. Called by scripts/parity.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch
import torchvision
from PIL import Image

N_OWN = 30
ALLOWED = 1e-4
SHAPES = [(300, 217), (640, 480), (129, 97), (224, 224), (1024, 1000), (90, 400), (333, 333), (517, 261)]
layers = keras.layers


def main(gradwatch, images):
    torch.manual_seed(1)
    reference = torchvision.models.vgg16(weights=None).features.eval()
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pictures = generated(folder / "pictures") + own(images)
        print(f"{len(pictures)} original files; greatest difference of scores from Keras")
        for name, side, head, load, more in cases():
            model = with_weights(reference, side, head, pictures, load)
            file = folder / f"{name.replace(' ', '-')}.{'keras' if side == 150 else 'h5'}"
            model.save(file)
            expected = np.concatenate([predict(model, load(path, side)) for path in pictures])
            found = ours(gradwatch, file, folder, pictures, more)
            # One unit speaks for the second class.
            found = found[:, 1:] if expected.shape[1] == 1 else found
            worst, changed = np.abs(found - expected).max(), 0
            if expected.shape[1] > 1:
                changed = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
            verdict = "ok" if worst <= ALLOWED else "TOO MUCH"
            print(f"  {name:<44}{worst:.2e}   (at most {ALLOWED:.0e}: {verdict}; {changed} classes changed)", flush=True)
            passed &= worst <= ALLOWED
    sys.exit(not passed)


def cases():
    """Name, side, head, how Keras loads a file, and what gradwatch is told."""
    flat = lambda: [layers.Flatten(), layers.Dense(2, activation="sigmoid")]
    hidden = lambda: [layers.GlobalAveragePooling2D(), layers.Dense(64, activation="relu"), layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")]
    normed = lambda: [layers.Flatten(), layers.Dense(32, activation="elu"), layers.BatchNormalization(), layers.Dense(2), layers.Activation("softmax")]
    pooled = lambda: [layers.GlobalMaxPooling2D(), layers.Dense(2, activation="sigmoid", use_bias=False)]
    return [
        ("flatten, nearest (load_img's default)", 224, flat, pillow("nearest"), []),
        ("flatten, load_img bilinear", 224, flat, pillow("bilinear"), ["--resize", "antialias"]),
        ("flatten, Resizing bilinear", 224, flat, resizing, ["--resize", "bilinear"]),
        ("average, Dense relu, one sigmoid", 224, hidden, pillow("nearest"), []),
        ("Dense elu, BatchNormalization, softmax", 224, normed, pillow("nearest"), []),
        ("average, Dense relu at 150x150", 150, hidden, pillow("nearest"), []),
        ("flatten at 150x150, Resizing bilinear", 150, flat, resizing, ["--resize", "bilinear"]),
        ("maximum without bias at 299x299", 299, pooled, pillow("nearest"), []),
    ]


def pillow(interpolation):
    def load(path, side):
        return caffe(keras.utils.img_to_array(keras.utils.load_img(path, target_size=(side, side), interpolation=interpolation)))

    return load


def resizing(path, side):
    rgb = keras.utils.img_to_array(keras.utils.load_img(path))
    return caffe(keras.ops.convert_to_numpy(layers.Resizing(side, side)(rgb[None]))[0])


def caffe(rgb):
    return (rgb[None, ..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)).astype(np.float32)


def generated(folder):
    folder.mkdir()
    paths = []
    for number, (width, height) in enumerate(SHAPES):
        generator = torch.Generator().manual_seed(number)
        rough = torch.rand(1, 3, 6 + 3 * number, 6 + 3 * number, generator=generator)
        smooth = torch.nn.functional.interpolate(rough, size=(height, width), mode="bicubic").clamp(0, 1)[0].permute(1, 2, 0)
        noise = 0.1 * torch.rand(height, width, 1, generator=generator)
        picture = Image.fromarray(((0.9 * smooth + noise).numpy() * 255).astype(np.uint8))
        paths.append(folder / f"generated-{number}.{'jpg' if number % 2 else 'png'}")
        picture.save(paths[-1])
    return paths


def own(images):
    return sorted(path for path in Path(images).rglob("*") if path.suffix.lower() in {".png", ".jpg", ".jpeg"})[:N_OWN] if images else []


def with_weights(reference, side, head, pictures, load):
    """The network with the reference's convolutions, and a head whose logits spread over a few units on the pictures."""
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(side, side, 3))
    base.trainable = False
    model = keras.Sequential([base, *head()])
    model.build((None, side, side, 3))
    convolutions = [layer for layer in base.layers if "conv" in layer.name]
    for layer, torch_layer in zip(convolutions, (m for m in reference if isinstance(m, torch.nn.Conv2d))):
        layer.set_weights([torch_layer.weight.detach().numpy().transpose(2, 3, 1, 0), torch_layer.bias.detach().numpy()])
    last = [layer for layer in model.layers if hasattr(layer, "units")][-1]
    below = keras.Model(model.inputs, last.input)
    features = np.concatenate([predict(below, load(path, side)) for path in pictures[:12]])
    kernel, *bias = last.get_weights()
    logits = features @ kernel
    kernel *= 2 / (logits.std(axis=0) + 1e-6)
    shift = [] if not bias else [-(features @ kernel).mean(axis=0)]
    last.set_weights([kernel, *shift])
    return model


def predict(model, image):
    return keras.ops.convert_to_numpy(model(image, training=False))


def ours(gradwatch, file, folder, pictures, more):
    """[pictures, classes], in the order of the model's outputs."""
    state = f"storage.state_dir={json.dumps(str(folder / ('state-' + file.stem)))}"
    run = lambda *args: subprocess.run([gradwatch, *args, "-q", "--set", state, "--set", "compute.precision=f32"], check=True, capture_output=True, text=True).stdout
    run("models", "import", str(file), "--dataset", "parity", "--classes", "a, b", *more)
    found = json.loads(run("explain", *map(str, pictures), "--dataset", "parity", "--out", str(folder / f"out-{file.stem}"), "--json"))
    by_name = {scan["scan"]: scan["scores"] for scan in found["scans"]}
    return np.array([[by_name[str(path)][name] for name in ("a", "b")] for path in pictures])


if __name__ == "__main__":
    main(*sys.argv[1:])
