"""Compress a source of images at one quality or several, once, for training.

python cifar/prepare.py --quality 5 25 100 --source sample

Writes data/<source>/quality_<q>/train.h5 and test.h5 beside this file: `data`, uint8 RGB
N x height x width x 3, `label`, int64, and attributes with the codec, the sizes in bytes, and
what was skipped or ignored.
"""

import argparse
from functools import partial
from pathlib import Path

from cifar.settings import QUALITIES, SIZE
from helmholtz import cli, datadir

CHUNK = 256  # images that a process works on at a time


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--quality",
        type=cli.whole_number(0, 100),
        nargs="+",
        default=QUALITIES,
        help="JPEG qualities, 1 to 100; 0 is uncompressed (the published nine)",
    )
    add_source_flags(parser)
    return parser.parse_args(argv)


def add_source_flags(parser: argparse.ArgumentParser) -> None:
    """--source, --size and where the data lies, which train.py has too."""
    add = parser.add_argument
    add("--source", default="cifar10", help="cifar10, sample, its archive, or a folder (cifar10)")
    add("--skip_bad", action="store_true", help="leave out files that cannot be used")
    datadir.add_flag(parser)
    size = cli.whole_number(8, 1024)
    add("--size", type=size, default=SIZE, help="pixels a side for a folder's images (32)")


def source_name(args: argparse.Namespace) -> str:
    """What the data that these flags ask for is known by, in data/ and in logs/."""
    from cifar.sources import open_source

    return open_source(args.source, args.size).name


def prepare(
    source: str,
    qualities: list[int],
    size: int = SIZE,
    skip_bad: bool = False,
    data_dir: Path | None = None,
) -> dict[int, Path]:
    """Make what is missing of the prepared data; returns the folder of every quality."""
    from cifar.jpeg import CODEC
    from cifar.sources import data_root, open_source
    from helmholtz import preparation

    opened = open_source(source, size, data_dir)
    folders = {q: data_root(data_dir) / opened.name / f"quality_{q}" for q in qualities}
    settings = {"codec": CODEC, "size": size}
    compress = partial(compress_images, size=size)
    preparation.prepare(opened, folders, settings, compress, CHUNK, skip_bad)
    return folders


def compress_images(images, qualities: list[int], size: int) -> dict:
    """Prepare images, an array or a list of paths, at every quality."""
    from cifar.sources import read_image

    arrays = [read_image(i, size) if isinstance(i, Path) else i for i in images]
    return {quality: [_prepare_one(i, quality) for i in arrays] for quality in qualities}


def _prepare_one(image, quality: int):
    from cifar.jpeg import compress
    from helmholtz.preparation import Prepared

    decoded, file_bytes, scan_bytes = compress(image, quality)
    return Prepared(decoded, image.nbytes, file_bytes, scan_bytes)


def prepare_file(path: Path, setting: dict):
    """An image file as the data of the run with this setting was prepared.

    Returns what its network takes, float32 in 0..1. Raises DataError when the file cannot be used,
    or when it is not known how the data was prepared.
    """
    from cifar.jpeg import compress
    from cifar.sources import read_image

    if "codec" not in setting["data"]:
        raise cli.DataError("The run's data does not say how it was prepared from image files.")
    flags = {"quality": setting["rate"], "size": setting["shape"][0]}
    checked = cli.recall(parse_args, flags)
    image = compress(read_image(path, checked.size), checked.quality[0])[0]
    return image.astype("float32") / 255


def load(args: argparse.Namespace):
    """The prepared data that train.py's flags ask for, made first when it is missing."""
    from helmholtz import preparation

    quality = args.quality
    if args.train_dir is None:
        quality = 100 if quality is None else quality
        made = prepare(args.source, [quality], args.size, args.skip_bad, args.data_dir)
        folder = made[quality]
    data = preparation.load(args.train_dir or folder, quality)
    if data.splits["train"][0].shape[3:] != (3,):
        raise cli.DataError(f"The data of {args.train_dir} are not N x height x width x 3.")
    return data._replace(splits={k: (_to_uint8(x), y) for k, (x, y) in data.splits.items()})


def _to_uint8(images):
    """The 2018 code stored float32 in 0..1."""
    if images.dtype == "uint8":
        return images
    if images.dtype.kind != "f" or not 0 <= images.min() <= images.max() <= 1:
        raise cli.DataError("--train_dir must hold images as uint8, or as floats from 0 to 1.")
    return (images * 255).round().astype("uint8")


def main(argv=None) -> None:
    args = parse_args(argv)
    folders = prepare(args.source, args.quality, args.size, args.skip_bad, args.data_dir)
    for quality, folder in folders.items():
        print(f"quality {quality}: {folder}")


if __name__ == "__main__":
    cli.run(main)
