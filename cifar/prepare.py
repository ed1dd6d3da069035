"""Compress a source of images at one quality or several, once, for training.

python cifar/prepare.py --quality 5 25 100 --source sample

Writes data/<source>/quality_<q>/train.h5 and test.h5 beside this file: `data`, uint8 RGB
N x height x width x 3, `label`, int64, and attributes with the codec, the sizes in bytes, and
what was skipped or ignored.
"""

import argparse
from functools import partial
from pathlib import Path

from cifar.constants import QUALITIES, SIZE
from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.data import datadir
from helmholtz.domain import Codec
from helmholtz.errors import DataError

CHUNK = 256  # images that a process works on at a time


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(description=__doc__.split("\n\n")[0])
    cli.add_rate_flag(parser, DOMAIN, nargs="+", default=QUALITIES)
    add_source_flags(parser)
    args = parser.parse_args(argv)
    cli.check_rates(args, DOMAIN)
    return args


def add_source_flags(parser: argparse.ArgumentParser) -> None:
    """--source, --size and where the data lies, which train.py has too."""
    add = parser.add_argument
    add(
        "--source",
        default="cifar10",
        help="cifar10, sample, its archive, or a folder (%(default)s)",
    )
    add("--skip_bad", action="store_true", help="leave out files that cannot be used")
    datadir.add_flag(parser)
    size = cli.whole_number(8, 1024, "pixels")
    add("--size", type=size, default=SIZE, help="pixels a side for a folder's images (%(default)s)")


def source_name(args: argparse.Namespace) -> str:
    """What the data that these flags ask for is known by, in data/ and in logs/."""
    from cifar.sources import open_source

    return open_source(args.source, args.size).name


def prepare(
    source: str,
    qualities: list[int],
    size: int = SIZE,
    skip_bad: bool = False,
    codec: Codec = DOMAIN.published,
    data_dir: Path | None = None,
) -> dict[int, Path]:
    """Make what is missing of the prepared data; returns the folder of every quality."""
    from cifar.sources import data_root, open_source
    from helmholtz.data import preparation

    opened = open_source(source, size, data_dir)
    folders = {q: data_root(data_dir) / opened.name / codec.folder(q) for q in qualities}
    settings = {"codec": codec.version(), "size": size}
    compress = partial(compress_images, codec=codec.compress, size=size)
    preparation.prepare(opened, folders, settings, compress, CHUNK, skip_bad)
    return folders


def compress_images(images, qualities: list[int], codec, size: int) -> dict:
    """Prepare images, an array or a list of paths, at every quality."""
    from cifar.sources import read_image

    arrays = [read_image(i, size) if isinstance(i, Path) else i for i in images]
    return {quality: [_prepare_one(i, codec, quality) for i in arrays] for quality in qualities}


def _prepare_one(image, codec, quality: int):
    from helmholtz.data.preparation import Prepared

    decoded, file_bytes, scan_bytes = codec(image, quality)
    return Prepared(decoded, image.nbytes, file_bytes, scan_bytes)


def prepare_file(path: Path, setting: dict):
    """An image file as the data of the run with this setting was prepared.

    Returns what its network takes, float32 in 0..1. Raises DataError when the file cannot be used,
    or when it is not known how the data was prepared.
    """
    from cifar.sources import read_image

    if "codec" not in setting["data"]:
        raise DataError("The run's data does not say how it was prepared from image files.")
    codec = DOMAIN.codec_of(setting)
    flags = {"quality": setting["rate"], "size": setting["shape"][0], "codec": codec.name}
    checked = cli.recall(parse_args, flags)
    image = codec.compress(read_image(path, checked.size), checked.quality[0])[0]
    return image.astype("float32") / 255


def main(argv=None) -> None:
    args = parse_args(argv)
    codec = DOMAIN.codecs[args.codec]
    for quality, folder in DOMAIN.prepare(args, codec, args.quality).items():
        print(f"{codec.rate_name(quality)}: {folder}")


if __name__ == "__main__":
    cli.run(main)
