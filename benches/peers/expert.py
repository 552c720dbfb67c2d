"""Called by benches/peers/expert: how long the training takes as an expert would write it, and in gradwatch.

    benches/peers/expert [GRADWATCH] [--images FOLDER] [--copies 2] [--repeats 3] [--engines TEXT,TEXT]

The expert decodes every file once with OpenCV, makes copies of the training images by one warp and one table of grey
levels (the ranges of gradwatch's preset `conservative`: rotation 5 degrees, shift 3 %, zoom 5 %, brightness and contrast
10 %), computes the features of the frozen VGG16 once, keeps them in memory, and trains scikit-learn's LogisticRegression on
them. The copies stay in memory; gradwatch writes them to disk. The network runs in each of --engines (settings: backends.py):
PyTorch channels_last in f32 and, where the processor has instructions for bf16, in bf16, and OpenVINO likewise. The split
is gradwatch's, so both compute as many features. Then a tenth more images come: the expert begins from scratch, or has kept
the features in a file and computes the new ones alone; gradwatch trains again in the same state folder.

Of the expert, imports and building the network are not counted. gradwatch counts from the start of its process to its
end, with VGG16's built-in weights at hand. Forwards are the images that went through the network. Everyone has the same
two cores; the runs of a round take turns, the median counts. Prints Markdown.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import measuring
from class_folders import bring, divided, empty_but_weights, fresh, gradwatch, make_weights, sides_of

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
F32 = ["PyTorch f32, channels_last, batch 8", "OpenVINO f32, THROUGHPUT, batch 16"]
BF16 = ["PyTorch bf16, channels_last, batch 8", "OpenVINO bf16, THROUGHPUT, batch 16"]
WHEN = ["cold", "a tenth more", "a tenth more, features kept", "a tenth more, from scratch"]

# ---- the expert, in a process of its own ----


def copy_of(image, rng):
    """A copy of a grey image, as gradwatch's preset `conservative` makes it: one warp, one table."""
    import cv2
    import numpy as np

    side = image.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-5, 5), rng.uniform(0.95, 1.05))
    matrix[:, 2] += rng.uniform(-0.03, 0.03, 2) * side
    warped = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    levels = np.arange(256) * rng.uniform(0.9, 1.1)
    levels = (levels - 127.5) * rng.uniform(0.9, 1.1) + 127.5
    return cv2.LUT(warped, np.clip(levels, 0, 255).astype(np.uint8))


def decoded(path, copies, seed):
    """The picture and its copies, 224x224, as the network takes them."""
    import cv2
    import numpy as np

    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        sys.exit(f"expert: OpenCV cannot read {path}")
    image = cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(seed)
    greys = np.stack([image, *(copy_of(image, rng) for _ in range(copies))]).astype(np.float32)[:, None] / 255
    return (greys - np.float32(MEAN).reshape(3, 1, 1)) / np.float32(DEVIATION).reshape(3, 1, 1)


def computed(data, wanted, copies, features):
    """{picture: features of it and of its copies}, decoded by as many threads as there are cores, a part at a time."""
    import numpy as np

    found, names = {}, list(wanted)
    with ThreadPoolExecutor(measuring.cores()) as threads:
        take = lambda at: decoded(data / names[at], copies if wanted[names[at]] == "train" else 0, at)
        parts = list(threads.map(take, range(len(names))))
    rows = features(np.concatenate(parts)) if parts else ()
    at = 0
    for name, part in zip(names, parts):
        found[name] = rows[at : at + len(part)].reshape(len(part), -1)
        at += len(part)
    return found


def learned(found, sides, out):
    """The head on flattened features, as gradwatch's; its share of right answers on the validation images."""
    import joblib
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rows = {side: [name for name in sides if sides[name] == side] for side in ("train", "validation")}
    x = {side: np.concatenate([found[name] for name in names]) for side, names in rows.items()}
    y = {side: [Path(name).parts[0] for name in names for _ in found[name]] for side, names in rows.items()}
    scale = x["train"].std()
    model = LogisticRegression(max_iter=100, tol=1e-2, C=1e-3).fit(x["train"] / scale, y["train"])
    joblib.dump((scale, model), out)
    return model.score(x["validation"] / scale, y["validation"])


def train(args):
    """Prints what it took. With --kept, features of pictures in that file are not computed again."""
    import joblib
    import cv2
    import backends
    import sklearn.linear_model

    features = backends.built(args.engine, args.onnx)
    features(backends.images(1))
    cv2.setNumThreads(1)
    sides = json.loads(args.sides.read_text())
    start = measuring.now()
    known = joblib.load(args.kept) if args.again else {}
    new = computed(args.data, {name: side for name, side in sides.items() if name not in known}, args.copies, features)
    network = measuring.since(start)[0]
    accuracy = learned(known | new, sides, args.kept.with_suffix(".model"))
    took = measuring.since(start)
    if not args.again:
        joblib.dump(new, args.kept)
    forwards = sum(len(rows) for rows in new.values())
    print(json.dumps({"took": took, "forwards": forwards, "network": network, "accuracy": accuracy}))


# ---- the rounds ----


def expert(engine, data, sides, work, copies, again=False):
    path = work / "sides.json"
    path.write_text(json.dumps({str(name): side for name, side in sides.items()}))
    command = [sys.executable, __file__, "--engine", engine, "--data", data, "--sides", path, "--copies", str(copies)]
    command += ["--kept", work / "kept.features", "--onnx", work / "vgg16.onnx", *(["--again"] if again else [])]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(ran.stdout.splitlines()[-1])


def one_round(args, source, first, new, work):
    """{(what, when): what it took}"""
    data, state = work / "films", work / "state"
    fresh(data)
    bring(first, source, data)
    empty_but_weights(state, work / "made")
    print("gradwatch", file=sys.stderr)
    found = {("gradwatch", "cold"): gradwatch(args.gradwatch, data, state, args.copies)}
    sides = sides_of(data, state)
    bring(new, source, data)
    found["gradwatch", "a tenth more"] = gradwatch(args.gradwatch, data, state, args.copies)
    more = sides_of(data, state)
    for engine in args.engines:
        run = lambda sides, again=False: expert(engine, data, sides, work, args.copies, again)
        print(f"the expert, {engine}", file=sys.stderr)
        found[engine, "cold"] = run(sides)
        found[engine, "a tenth more, features kept"] = run(sides | {name: more[name] for name in new}, again=True)
        found[engine, "a tenth more, from scratch"] = run(more)
    return found


def told(rounds, n_first, n_new, copies):
    print(f"### Training as an expert writes it: {n_first} images, {copies} copies each; then {n_new} more\n")
    print(measuring.machine())
    print(measuring.versions("torch", "torchvision", "openvino", "scikit-learn", "opencv-python-headless"))
    ours = {when: middle(rounds, (name, when)) for name, when in rounds[0] if name == "gradwatch"}
    rows = []
    for key in sorted(rounds[0], key=lambda key: WHEN.index(key[1])):
        (seconds, spent, forwards, network), mine = middle(rounds, key), ours[key[1].partition(",")[0]]
        row = [seconds, spent, forwards, 1000 * network / forwards, 1000 * seconds / forwards, seconds / mine[0]]
        cells = [f"{value:.{places}f}" for value, places in zip(row, (1, 1, 0, 0, 0, 2))]
        each = row[3] / (1000 * mine[3] / mine[2])
        rows.append([key[1], key[0], *cells, f"{each:.2f}"])
    head = ["", "", "seconds", "processor seconds", "forwards", "ms a forward, network", "ms a forward, all", "this / gradwatch"]
    measuring.table([*head, "the same, a forward in the network"], rows)
    print("ms a forward, network: of the expert with decoding and copies; of gradwatch the network alone.")


def middle(rounds, key):
    return measuring.medians([[*found[key]["took"], found[key]["forwards"], found[key]["network"]] for found in rounds])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gradwatch", nargs="?")
    parser.add_argument("--images", type=Path, help="class folders; else 220 synthetic films")
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--engines", type=lambda text: text.split(";"), help="names of backends.py, ';' between them")
    for hidden in ("--data", "--sides", "--kept", "--onnx"):
        parser.add_argument(hidden, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.engine:
        return train(args)
    measuring.two_cores()
    args.engines = args.engines or F32 + (BF16 if measuring.bf16_instructions() else [])
    compare(args)


def compare(args):
    import backends

    with tempfile.TemporaryDirectory(prefix="gradwatch-expert-") as work:
        work = Path(work)
        backends.export(work / "vgg16.onnx")
        make_weights(args.gradwatch, work / "made")
        source, first, new = divided(args.images, work)
        rounds = [one_round(args, source, first, new, work) for _ in range(args.repeats)]
        told(rounds, len(first), len(new), args.copies)


if __name__ == "__main__":
    main()
