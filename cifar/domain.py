"""What helmholtz has to know of images; see helmholtz/domain.py."""

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from cifar import codecs, constants
from helmholtz.argtypes import whole_number
from helmholtz.data.kinds import BYTES, PIXELS
from helmholtz.data.prepare_command import parse_saved_flags
from helmholtz.domain import RECIPES, Domain, Network, Recipe
from helmholtz.errors import DataError
from helmholtz.lazy import function, load
from helmholtz.schema import LAST


def _optimizer(args: Namespace, steps: int):
    import keras

    decay = keras.optimizers.schedules.InverseTimeDecay(args.learning_rate, 1, args.decay_rate)
    return keras.optimizers.SGD(decay, momentum=constants.MOMENTUM, nesterov=True)


def _layers() -> list:
    import keras

    from cifar.augment import ShiftAndFlip

    return [keras.layers.Rescaling(1 / 255, dtype="float32"), ShiftAndFlip()]


PUBLISHED = Recipe(constants.TRAINING, _optimizer, _layers)


def _quick_layers() -> list:
    import keras

    from cifar.augment import AlternatingFlip

    return [AlternatingFlip(), keras.layers.Rescaling(1 / 255, dtype="float32")]


def _quick(name: str) -> Network:
    """A network whose schedule ends at 0, and whose last epoch counts."""
    recipe = Recipe(
        constants.QUICK_TRAINING[name],
        partial(function(f"{RECIPES}.nesterov"), weight_decay=constants.WEIGHT_DECAY),
        _quick_layers,
        loss=lambda: load(f"{RECIPES}.smoothed_crossentropy"),
        initialise=function("cifar.quick.initialise"),
        counted=LAST,
    )
    return Network(partial(function("cifar.quick.build_model"), name), recipe)


BUILD = function("cifar.models.build_model")
NETWORKS = {name: Network(partial(BUILD, name), PUBLISHED) for name in constants.ARCHITECTURES}
NETWORKS |= {name: _quick(name) for name in constants.QUICK}


class Images(Domain):
    """Images of one size, as uint8 RGB, N x height x width x 3."""

    name, item, measure, ending = "cifar", "image", "pixel", ".png"
    flag, default_rate, val, input_range = "quality", 100, 0, (0, 1)
    codecs, networks = codecs.TABLE, NETWORKS
    sources, chunk = ("cifar10", "sample"), 256
    data_flags = ("size", "full_size")

    def add_source_flags(self, parser: ArgumentParser) -> None:
        super().add_source_flags(parser)
        said = "pixels a side for a folder's images (%(default)s)"
        size = whole_number(8, 1024, "pixels")
        parser.add_argument("--size", type=size, default=constants.SIZE, help=said)
        said = "compress a folder's images at full size, and resize them to --size afterwards"
        parser.add_argument("--full_size", action="store_true", help=said)

    def extent(self, data: dict) -> float:
        if data.get("full_size"):
            return data["raw_bytes"] / data["items"] / 3  # bands; grey files have fewer
        return data["size"] ** 2

    def open_source(self, args: Namespace):
        from cifar.sources import open_source
        from helmholtz.data.folds import folded

        opened = open_source(args.source, args.size, args.data_dir, args.full_size)
        return folded(opened, args.fold)

    def as_they_are(self, source: str) -> list[str]:
        from cifar.sources import is_folder

        return ["--full_size"] if is_folder(source) else []

    def data_settings(self, args: Namespace) -> dict:
        return {"size": args.size} | ({"full_size": True} if args.full_size else {})

    def compressor(self, args: Namespace, codec):
        full = args.full_size
        return partial(
            compress_images, codec=codec.compress, keep=codec.keep, size=args.size, full_size=full
        )

    def decoder(self, args: Namespace, codec):
        from cifar.decoded import png

        return partial(png, compress=self.compressor(args, codec))

    def check_data(self, data, args: Namespace):
        if data.splits["test"][0].shape[3:] != (3,):
            raise DataError(f"The data of {args.train_dir} are not N x height x width x 3.")
        return data.changed(_to_uint8)

    def prepare_file(self, path: Path, setting: dict):
        """Returns uint8, height x width x 3."""
        if "codec" not in setting["data"]:
            raise DataError(
                "The run's data does not say how it was prepared from image files: "
                "give a run whose data prepare.py has made."
            )
        codec = self.codec_of(setting)
        known = {"quality": setting["rate"], "size": setting["shape"][0], "codec": codec.name}
        known["full_size"] = setting["data"].get("full_size", False)
        args = parse_saved_flags(self, known)
        rate = args.quality[0]
        return self.compressor(args, codec)([path], [rate])[rate][0].data

    def file_kind(self):
        return load("cifar.sources.IMAGES")

    def encode_file(self, path: Path, codec, rate: int, mono: bool = False) -> bytes:
        import numpy as np

        from cifar.sources import open_image

        return codec.encode(np.asarray(open_image(path)[0]), rate)


def compress_images(
    images, rates: list[int], codec, size: int, keep=None, full_size: bool = False, store=PIXELS
) -> dict:
    """Prepare images, an array or a list of paths, at every rate; codec, keep: of a Codec.

    Files are brought to size x size pixels before they are compressed; full_size: afterwards.
    """
    from helmholtz.data.preparation import Prepared

    code, found = keep if store == BYTES else codec, {rate: [] for rate in rates}
    for item in images:
        image, raw_bytes, source_bytes, enlarged = _read(item, size, full_size)
        for rate in rates:
            decoded, *sizes = code(image, rate)
            if full_size:
                decoded = _resized(decoded, size)
            if rate == 0:  # no file has less than its own pixels
                sizes = [min(each, raw_bytes) for each in sizes]
            found[rate].append(Prepared(decoded, raw_bytes, *sizes, source_bytes, enlarged))
    return found


def _read(item, size: int, full_size: bool) -> tuple:
    """An image, the bytes of the pixels in its file and of the file, and if it is enlarged."""
    from cifar.sources import fit, open_image

    if not isinstance(item, Path):
        return item, item.nbytes, item.nbytes, False
    image, raw_bytes = open_image(item)
    pixels = fit(image, None if full_size else size)
    return pixels, raw_bytes, item.stat().st_size, min(image.size) < size


def _resized(pixels, size: int):
    from PIL import Image

    from cifar.sources import fit

    return fit(Image.fromarray(pixels), size)


def _to_uint8(images):
    """The 2018 code stored float32 in 0..1."""
    if images.dtype == "uint8":
        return images
    if images.dtype.kind != "f" or not 0 <= images.min() <= images.max() <= 1:
        raise DataError("--train_dir must hold images as uint8, or as floats from 0 to 1.")
    return (images * 255).round().astype("uint8")


DOMAIN = Images()
