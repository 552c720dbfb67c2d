"""Each peer at its best setting: a generator over files that yields once when it is ready. Their imports are inside, so
that no process pays for another peer's, and torch and Keras use one thread in each of the two processes."""

import os
import shutil
import tempfile

from .recipe import BRIGHTNESS, QUALITY, ROTATION, SHEAR, SHIFT, SIDE, ZOOM

SUFFIXES = {"png": "png", "jpeg": "jpg"}


def target(out, path, copy, format):
    return f"{out}/{os.path.splitext(os.path.basename(path))[0]}-{copy}.{SUFFIXES[format]}"


def albumentations_loop(files, out, format, copies, decode_once=False, alone=False):
    import albumentations
    import cv2

    cv2.setNumThreads(0)
    affine = {"rotate": (-ROTATION, ROTATION), "translate_percent": (-SHIFT, SHIFT), "shear": (-SHEAR, SHEAR)}
    augment = albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=0.5),
            albumentations.Affine(**affine, scale=(1 - ZOOM, 1 + ZOOM), border_mode=1, p=1),
            albumentations.RandomBrightnessContrast(brightness_limit=BRIGHTNESS, contrast_limit=0, p=1),
        ]
    )
    # PNG's own default is its quickest.
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if format == "jpeg" else []

    def read(path):
        picture = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        picture = picture[..., :3] if picture.ndim == 3 else picture
        return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)

    yield
    for path in files:
        picture = read(path) if decode_once else None
        for copy in range(copies):
            picture = picture if decode_once else read(path)
            made = picture if alone else augment(image=picture)["image"]
            cv2.imwrite(target(out, path, copy, format), made, settings)


def albumentations_decode_once(*args):
    return albumentations_loop(*args, decode_once=True)


def opencv_codecs_alone(*args):
    return albumentations_loop(*args, decode_once=True, alone=True)


def torch_read(path):
    """Grey or RGB as it is stored, at the working size."""
    from torchvision import io
    from torchvision.transforms import v2

    picture = io.decode_image(io.read_file(path), mode=io.ImageReadMode.UNCHANGED)
    picture = picture[: {2: 1, 4: 3}.get(len(picture), len(picture))]
    return v2.functional.resize(picture, [SIDE, SIDE], antialias=True)


def torch_write(picture, name, format):
    from torchvision import io

    if format == "jpeg":
        io.write_jpeg(picture, name, quality=QUALITY)
    else:
        io.write_png(picture, name, compression_level=1)


def torchvision_v2(files, out, format, copies):
    import torch
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    # Without fill it has black corners: cheaper than the edges that the others repeat.
    affine = {"degrees": ROTATION, "translate": (SHIFT, SHIFT), "scale": (1 - ZOOM, 1 + ZOOM), "shear": SHEAR}
    augment = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(**affine, interpolation=v2.InterpolationMode.BILINEAR),
            v2.ColorJitter(brightness=BRIGHTNESS),
        ]
    )
    yield
    with torch.inference_mode():
        for path in files:
            picture = torch_read(path)
            for copy in range(copies):
                torch_write(augment(picture), target(out, path, copy, format), format)


def kornia_batches(files, out, format, copies):
    import kornia.augmentation
    import torch

    torch.set_num_threads(1)
    affine = {"degrees": ROTATION, "translate": (SHIFT, SHIFT), "scale": (1 - ZOOM, 1 + ZOOM), "shear": SHEAR}
    augment = kornia.augmentation.AugmentationSequential(
        kornia.augmentation.RandomHorizontalFlip(p=0.5),
        kornia.augmentation.RandomAffine(**affine, padding_mode="border", p=1.0),
        kornia.augmentation.RandomBrightness((1 - BRIGHTNESS, 1 + BRIGHTNESS), p=1.0),
    )
    yield
    with torch.inference_mode():
        for path in files:
            # All copies of a file at once, each with its own parameters.
            batch = (torch_read(path).float() / 255).expand(copies, -1, -1, -1)
            made = (augment(batch) * 255).round().clamp(0, 255).to(torch.uint8)
            for copy, picture in enumerate(made):
                torch_write(picture, target(out, path, copy, format), format)


def links(files, out):
    """A folder of one class with links to this process's files, for those who take folders."""
    folder = tempfile.mkdtemp(dir=out, prefix=".half-")
    os.mkdir(f"{folder}/all")
    for path in files:
        os.symlink(path, f"{folder}/all/{os.path.basename(path)}")
    return folder


def keras_flow(files, out, format, copies):
    import cv2

    os.environ["KERAS_BACKEND"] = "jax"
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(
        rotation_range=ROTATION,
        width_shift_range=SHIFT,
        height_shift_range=SHIFT,
        shear_range=SHEAR,
        zoom_range=ZOOM,
        horizontal_flip=True,
        brightness_range=(1 - BRIGHTNESS, 1 + BRIGHTNESS),
    )
    # It takes one number of channels for all; whether three are needed is not counted.
    grey = all(cv2.imread(path, cv2.IMREAD_UNCHANGED).ndim == 2 for path in files)
    folder = links(files, out)
    flow = generator.flow_from_directory(
        folder, target_size=(SIDE, SIDE), color_mode="grayscale" if grey else "rgb", class_mode=None, batch_size=len(files),
        save_to_dir=out, save_format=format, save_prefix=str(os.getpid()), interpolation="bilinear",
    )
    yield
    for _ in range(copies):
        next(flow)
    shutil.rmtree(folder)


def augmentor_pipeline(files, out, format, copies):
    import Augmentor
    from PIL import Image

    folder = links(files, out)
    for path in files:
        # It cannot write transparency as JPEG; that it is taken away is not counted.
        with Image.open(path) as picture:
            if picture.mode == "RGBA":
                opaque = f"{folder}/all/{os.path.basename(path)}"
                os.remove(opaque)
                picture.convert("RGB").save(opaque)
    pipeline = Augmentor.Pipeline(f"{folder}/all", output_directory=f"{out}/{os.getpid()}")
    pipeline.set_save_format(format)
    pipeline.resize(probability=1, width=SIDE, height=SIDE)
    pipeline.rotate(probability=1, max_left_rotation=ROTATION, max_right_rotation=ROTATION)
    pipeline.shear(probability=1, max_shear_left=SHEAR, max_shear_right=SHEAR)
    pipeline.zoom(probability=1, min_factor=1.0, max_factor=1 + ZOOM)
    pipeline.flip_left_right(probability=0.5)
    pipeline.random_brightness(probability=1, min_factor=1 - BRIGHTNESS, max_factor=1 + BRIGHTNESS)
    yield
    for image in pipeline.augmentor_images * copies:
        pipeline._execute(image, save_to_disk=True, multi_threaded=False)
    shutil.rmtree(folder)


LOOPS = {
    "Albumentations + OpenCV": albumentations_loop,
    "Albumentations + OpenCV, decoding once": albumentations_decode_once,
    "torchvision v2, decoding once": torchvision_v2,
    "Kornia, decoding once, in batches": kornia_batches,
    "Keras 3": keras_flow,
    "Augmentor": augmentor_pipeline,
    "OpenCV, decoding once and encoding alone": opencv_codecs_alone,
}
