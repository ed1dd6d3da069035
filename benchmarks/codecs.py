"""What every image codec makes of images at every rate of its grid, and how fast.

python benchmarks/codecs.py FOLDER [--size 32] [--limit 500] [--runs 3]
python benchmarks/codecs.py FOLDER --preparation [--limit 60000]

FOLDER holds images without loss, in subfolders or not. The first prints a row a codec and rate:
mean bytes of a file and of its payload, payload bits a pixel, PSNR of the mean square error, and
processor time of encoding and decoding as a ratio to JPEG of quality 50, the median of the runs.
The second, on cores that do nothing else, prints a row a codec: how long preparation takes at the
middle of its grid, beside the codec alone in a bare loop on one core, divided by the cores.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from measure import header, headline, prepare, row, seconds

from cifar.domain import DOMAIN, compress_images
from cifar.sources import IMAGES, read_image
from helmholtz.errors import MachineError
from helmholtz.machine import cores

ALONE = 10  # the bare loop takes every tenth image
PACKAGES = ["opencv-python-headless", "pillow"]


def read(folder: Path, size: int, limit: int) -> np.ndarray:
    """Up to limit images of a folder, evenly spaced: uint8, N x size x size x 3."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGES.endings)
    chosen = paths[:: -(-len(paths) // limit)]
    return np.stack([read_image(path, size) for path in chosen])


def once(codec, rate: int, images: np.ndarray) -> tuple[float, list]:
    """Processor time of a codec at a rate, in seconds, and what it made of the images."""
    started = time.process_time()
    made = [codec.compress(image, rate) for image in images]
    return time.process_time() - started, made


def measured(codec, rate: int, images: np.ndarray, runs: int) -> tuple:
    """File and payload bytes an image, payload bits a pixel, PSNR in dB, and the time ratio."""
    ratios = []
    for _ in range(runs):
        jpeg, _ = once(DOMAIN.published, 50, images)
        own, made = once(codec, rate, images)
        ratios.append(own / jpeg)
    decoded, files, payloads = zip(*made, strict=True)
    error = np.mean([np.square(a - b.astype(float)) for a, b in zip(images, decoded, strict=True)])
    bits = 8 * np.mean(payloads) / images[0, ..., 0].size
    psnr = 10 * np.log10(255**2 / error)
    return round(np.mean(files)), round(np.mean(payloads)), bits, psnr, median(ratios)


def prepared(images: np.ndarray, codec, rate: int, folder: Path) -> None:
    """Prepare images as prepare.py does, with as many workers as there are cores."""
    work = partial(compress_images, codec=codec.compress, size=images.shape[1])
    prepare(images, 6, work, DOMAIN, codec, rate, folder)


def alone(images: np.ndarray, codec, rate: int, folder: Path) -> None:
    for image in images[::ALONE]:
        codec.compress(image, rate)


def present():
    """The codecs that this machine has."""
    for codec in DOMAIN.codecs.values():
        try:
            codec.available()
            yield codec
        except MachineError as error:
            print(f"{error}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of images without loss")
    parser.add_argument("--size", type=int, default=32, help="pixels a side (%(default)s)")
    parser.add_argument("--limit", type=int, default=500, help="images (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="%(default)s by default")
    parser.add_argument("--preparation", action="store_true", help="how fast data are prepared")
    args = parser.parse_args()

    images = read(args.folder, args.size, args.limit)
    what = f"{len(images):,} images of {args.size} x {args.size} pixels"
    codecs = list(present())
    headline(what, *PACKAGES, *["imagecodecs"] * ("jxl" in [codec.name for codec in codecs]))
    if args.preparation:
        header("codec", "rate", "ours, s", "limit, s", "of the limit")
        for codec in codecs:
            rate = codec.grid[len(codec.grid) // 2]
            ours = seconds(prepared, images, codec, rate, runs=args.runs)
            share = len(images[::ALONE]) / len(images)
            limit = seconds(alone, images, codec, rate, runs=args.runs) / share / cores()
            row(codec.title, rate, ours, limit, ours / limit)
        return
    header("codec", "rate", "file, bytes", "payload", "bits a pixel", "PSNR, dB", "time")
    for codec in codecs:
        for rate in codec.grid:
            row(codec.title, rate, *measured(codec, rate, images, args.runs))


if __name__ == "__main__":
    main()
