"""VGG16's features in PyTorch, ONNX Runtime and OpenVINO: the peers of forward.py and expert.py.

`PEERS` names each setting. `built(name, onnx)` gives a function from images (float32, n x 3 x 224 x 224) to features
(float32, n x 512 x 7 x 7), whose `step` is how many images it likes to get at a time. The network is torchvision's, with
the same random weights everywhere; `export(onnx)` writes it to a file once. All use as many threads as there are cores.
"""

import numpy as np
import torch
import torchvision

from measuring import cores

SIDE = 224
TORCH = "PyTorch eager f32, batch 1"
PEERS = {
    TORCH: ("torch", {"batch": 1}),
    "PyTorch eager f32, batch 8": ("torch", {"batch": 8}),
    "PyTorch f32, channels_last, batch 8": ("torch", {"batch": 8, "channels_last": True}),
    "PyTorch bf16, channels_last, batch 8": ("torch", {"batch": 8, "channels_last": True, "dtype": torch.bfloat16}),
    "PyTorch f32, torch.compile, batch 8": ("torch", {"batch": 8, "compiled": True}),
    "ONNX Runtime f32, batch 1": ("onnx_runtime", {"batch": 1}),
    "ONNX Runtime f32, batch 8": ("onnx_runtime", {"batch": 8}),
    "OpenVINO f32, LATENCY, batch 1": ("openvino", {"batch": 1, "hint": "LATENCY", "precision": "f32"}),
    "OpenVINO f32, THROUGHPUT, batch 16": ("openvino", {"batch": 16, "hint": "THROUGHPUT", "precision": "f32"}),
    "OpenVINO bf16, LATENCY, batch 1": ("openvino", {"batch": 1, "hint": "LATENCY", "precision": "bf16"}),
    "OpenVINO bf16, THROUGHPUT, batch 16": ("openvino", {"batch": 16, "hint": "THROUGHPUT", "precision": "bf16"}),
}


def network():
    torch.manual_seed(0)
    return torchvision.models.vgg16(weights=None).features.eval().requires_grad_(False)


def images(n):
    return np.random.default_rng(0).standard_normal((n, 3, SIDE, SIDE), dtype=np.float32)


def export(onnx):
    axes = {"images": {0: "n"}, "features": {0: "n"}}
    names = {"input_names": ["images"], "output_names": ["features"]}
    torch.onnx.export(network(), torch.from_numpy(images(1)), onnx, dynamic_axes=axes, dynamo=False, **names)


def built(name, onnx):
    kind, settings = PEERS[name]
    torch.set_num_threads(cores())
    return {"torch": in_torch, "onnx_runtime": in_onnx_runtime, "openvino": in_openvino}[kind](onnx, **settings)


def by_batches(infer, batch):
    """`infer`, which takes `batch` images, for any number of them: the last batch is filled up with zeros."""

    def features(x):
        missing = -len(x) % batch
        filled = np.concatenate([x, np.zeros((missing, *x.shape[1:]), x.dtype)]) if missing else x
        parts = [infer(filled[at : at + batch]) for at in range(0, len(filled), batch)]
        return np.concatenate(parts)[: len(x)] if len(parts) > 1 else parts[0][: len(x)]

    features.step = batch
    return features


def in_torch(_onnx, batch, dtype=torch.float32, channels_last=False, compiled=False):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    run = network().to(dtype=dtype, memory_format=layout)
    if compiled:
        import torch._inductor.config as inductor

        inductor.freezing = True
        run = torch.compile(run)

    def infer(x):
        with torch.inference_mode() if not compiled else torch.no_grad():
            return run(torch.from_numpy(x).to(dtype=dtype, memory_format=layout)).float().numpy()

    return by_batches(infer, batch)


def in_onnx_runtime(onnx, batch):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    return by_batches(lambda x: session.run(None, {"images": x})[0], batch)


def in_openvino(onnx, batch, hint, precision):
    import openvino

    core = openvino.Core()
    model = core.read_model(onnx)
    model.reshape([batch, 3, SIDE, SIDE])
    settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": cores()}
    compiled = core.compile_model(model, "CPU", settings)
    if hint == "LATENCY":
        features = by_batches(lambda x: compiled(x)[0].copy(), batch)
    else:
        features = queued(openvino.AsyncInferQueue(compiled), batch)
    # What the processor made of the wish: bf16 is refused where there are no instructions for it.
    features.precision = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    return features


def queued(queue, batch):
    """As many requests at a time as OpenVINO thinks best."""

    def features(x):
        found = np.empty((len(x), 512, 7, 7), np.float32)

        def store(request, at):
            found[at : at + batch] = request.get_output_tensor().data[: len(x) - at]

        queue.set_callback(store)
        for at in range(0, len(x), batch):
            part = x[at : at + batch]
            missing = np.zeros((batch - len(part), *x.shape[1:]), x.dtype)
            queue.start_async({0: np.concatenate([part, missing]) if len(missing) else part}, at)
        queue.wait_all()
        return found

    features.step = batch * len(queue)
    return features
