"""One full-size network, random and saved by the real Keras, in three programs: Keras, torchvision, gradwatch.

No weights are downloaded: the numbers are torchvision's initialisation, written into Keras' VGG16. The layer above has
learned the brightness and the contrast of the pictures (ridge regression, scaled so that its logits spread over a few units).
Called by scripts/parity.
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

CLASSES = ["covid", "normal"]
N_GENERATED, N_OWN = 8, 40
MEANS = np.array([103.939, 116.779, 123.68], np.float32)


def main(gradwatch, images):
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pictures = generated(folder / "pictures") + own(folder / "pictures", images)
        reference = torchvision.models.vgg16(weights=None).features.eval()
        model = keras_model(reference, pictures)
        model.save(folder / "bestmodel.h5")
        torch.save(reference.state_dict(), folder / "vgg16.pth")
        state = f"storage.state_dir={json.dumps(str(folder / 'state'))}"
        run = lambda *args: subprocess.run([gradwatch, *args, "-q", "--set", state], check=True, capture_output=True, text=True).stdout
        run("models", "import", str(folder / "bestmodel.h5"), "--dataset", "parity", "--classes", ",".join(CLASSES))
        print(f"{len(pictures)} pictures; greatest difference of")
        passed = True
        keras_scores = np.concatenate([np.asarray(keras.ops.convert_to_numpy(model(caffe(p)))) for p in pictures])
        torch_logits = np.concatenate([logits_of(reference, model, p) for p in pictures])
        ours = scores(run, folder, pictures)
        passed &= report("probabilities from Keras, f32", np.abs(ours - keras_scores).max(), 1e-4)
        logits = np.log(ours) - np.log1p(-ours)
        relative = (np.abs(logits - torch_logits).max(axis=1) / np.abs(torch_logits).max(axis=1)).max()
        passed &= report("logits from torchvision, f32, relative", relative, 1e-4)
        spread = keras_scores.min(axis=0), keras_scores.max(axis=0)
        print(f"Keras' probabilities lie between {spread[0].round(3)} and {spread[1].round(3)}")
    sys.exit(not passed)


def report(what, worst, allowed):
    verdict = "ok" if worst <= allowed else "TOO MUCH"
    print(f"  {what:<44}{worst:.2e}   (at most {allowed:.0e}: {verdict})", flush=True)
    return worst <= allowed


def generated(folder):
    """Smooth random pictures."""
    folder.mkdir()
    paths = []
    for number in range(N_GENERATED):
        rough = torch.rand(1, 3, 6 + 3 * number, 6 + 3 * number, generator=torch.Generator().manual_seed(number))
        smooth = torch.nn.functional.interpolate(rough, size=224, mode="bicubic").clamp(0, 1)[0].permute(1, 2, 0)
        paths.append(folder / f"generated-{number}.png")
        Image.fromarray((smooth.numpy() * 255).astype(np.uint8)).save(paths[-1])
    return paths


def own(folder, images):
    """The user's pictures, brought to 224x224 once, so that all programs see the same pixels."""
    paths = []
    for path in sorted(Path(images).iterdir())[:N_OWN] if images else []:
        paths.append(folder / f"own-{path.stem}.png")
        Image.open(path).convert("RGB").resize((224, 224), Image.BILINEAR).save(paths[-1])
    return paths


def caffe(path):
    return (np.asarray(Image.open(path), np.float32)[None, ..., ::-1] - MEANS).astype(np.float32)


def keras_model(reference, pictures):
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    base.trainable = False
    model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(len(CLASSES), activation="sigmoid")])
    convolutions = [layer for layer in base.layers if "conv" in layer.name]
    for layer, torch_layer in zip(convolutions, (m for m in reference if isinstance(m, torch.nn.Conv2d))):
        layer.set_weights([torch_layer.weight.detach().numpy().transpose(2, 3, 1, 0), torch_layer.bias.detach().numpy()])
    features = np.concatenate([keras.ops.convert_to_numpy(base(caffe(path))).reshape(1, -1) for path in pictures])
    kernel = learned(features, pictures)
    logits = features @ kernel
    # Logits of mean 0 and deviation 2 over the pictures.
    scale = 2 / logits.std(axis=0)
    model.layers[-1].set_weights([kernel * scale, -(logits * scale).mean(axis=0)])
    return model


def learned(features, pictures):
    """[25088, 2]: how bright a picture is, and how rich in contrast, among the others: ridge regression on the features."""
    pixels = [np.asarray(Image.open(path).convert("L"), np.float64) for path in pictures]
    looks = np.array([[p.mean(), p.std()] for p in pixels])
    ranks = looks.argsort(axis=0).argsort(axis=0) / (len(pictures) - 1) - 0.5
    centred = (features - features.mean(axis=0)).astype(np.float64)
    gram = centred @ centred.T
    ridge = 0.1 * np.trace(gram) / len(pictures) * np.eye(len(pictures))
    return (centred.T @ np.linalg.solve(gram + ridge, ranks)).astype(np.float32)


def logits_of(reference, model, path):
    """torchvision's own forward, and the layer by hand, in Keras' order of features."""
    kernel, bias = model.layers[-1].get_weights()
    with torch.no_grad():
        x = torch.from_numpy(caffe(path)).permute(0, 3, 1, 2)
        pool5 = reference(x).permute(0, 2, 3, 1).reshape(1, -1).double().numpy()
    return pool5 @ kernel.astype(np.float64) + bias


def scores(run, folder, pictures):
    """[pictures, classes], by file name."""
    out = folder / "reports"
    run("explain", str(folder / "pictures"), "--dataset", "parity", "--out", str(out), "--set", "compute.precision=f32")
    found = {}
    for path in out.glob("*/report.json"):
        document = json.loads(path.read_text())
        found[Path(document["scan"]).name] = [document["scores"][name] for name in CLASSES]
    return np.array([found[path.name] for path in pictures])


if __name__ == "__main__":
    main(*sys.argv[1:])
