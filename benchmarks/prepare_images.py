"""How fast images are prepared, beside the plain way and the codec's own limit.

python benchmarks/prepare_images.py [--quick] [--runs 3]

60,000 images of the sample (10,000 with --quick) at each quality. The plain way: a JPEG file an
image with Pillow, read back with imageio, float32, gzip HDF5, one after the other. The limit: the
codec alone, encode plus decode in a bare loop on one core, divided by the cores. Prints a row a
quality: medians of the runs, and the peak memory of this process and of its largest worker.
"""

import argparse
from functools import partial
from pathlib import Path

import h5py
import imageio.v3 as imageio
import numpy as np
from measure import header, headline, peak_mb, prepare, row, seconds
from PIL import Image

from cifar import sample
from cifar.constants import QUALITIES
from cifar.domain import DOMAIN, compress_images
from cifar.jpeg import compress
from helmholtz.machine import cores

TEST_SHARE = 6  # a sixth of CIFAR-10 is its test split


def plain_way(images: np.ndarray, quality: int, folder: Path) -> None:
    back = np.empty(images.shape, np.float32)
    for i, image in enumerate(images):
        file = folder / f"{i}.jpg"
        Image.fromarray(image).save(file, quality=quality)
        back[i] = imageio.imread(file) / 255
    with h5py.File(folder / "data.h5", "w") as file:
        file.create_dataset("data", data=back, compression="gzip")


def our_way(images: np.ndarray, quality: int, folder: Path) -> None:
    codec = DOMAIN.published
    work = partial(compress_images, codec=codec.compress, size=images.shape[1])
    prepare(images, TEST_SHARE, work, DOMAIN, codec, quality, folder)


def codec_alone(images: np.ndarray, quality: int, folder: Path) -> None:
    for image in images:
        compress(image, quality)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="10,000 images, three qualities")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    images = sample.make("train", 10_000 if args.quick else 60_000)[0]
    few = images[: len(images) // 10]  # enough for the two slow measures, which grow linearly
    headline(f"{len(images):,} images", "opencv-python-headless", "pillow", "imageio", "h5py")
    header("quality", "ours, s", "plain, s", "times", "limit, s", "of the limit", "peak MB")
    for quality in (5, 25, 100) if args.quick else QUALITIES:
        ours = seconds(our_way, images, quality, runs=args.runs)
        plain = 10 * seconds(plain_way, few, quality, runs=args.runs)
        limit = 10 * seconds(codec_alone, few, quality, runs=args.runs) / cores()
        row(quality, ours, plain, plain / ours, limit, ours / limit, peak_mb())


if __name__ == "__main__":
    main()
