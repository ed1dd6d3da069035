"""What helmholtz has to know of images; see helmholtz/domain.py."""

from functools import partial
from pathlib import Path

from cifar import codecs, constants
from helmholtz.domain import Domain, Network, Recipe
from helmholtz.errors import DataError


def _build(name: str, shape, classes: int):
    from cifar.models import build_model

    return build_model(name, shape, classes)


def _optimizer(args):
    import keras

    decay = keras.optimizers.schedules.InverseTimeDecay(args.learning_rate, 1, args.decay_rate)
    return keras.optimizers.SGD(decay, momentum=constants.MOMENTUM, nesterov=True)


def _layers() -> list:
    import keras

    from cifar.augment import ShiftAndFlip

    return [keras.layers.Rescaling(1 / 255, dtype="float32"), ShiftAndFlip()]


PUBLISHED = Recipe(constants.TRAINING, _optimizer, _layers)
NETWORKS = {name: Network(partial(_build, name), PUBLISHED) for name in constants.ARCHITECTURES}


class Images(Domain):
    name, item, flag, highest, val = "cifar", "image", "quality", 100, 0
    codecs = codecs.TABLE
    networks = NETWORKS

    def add_source_flags(self, parser) -> None:
        from cifar.prepare import add_source_flags

        add_source_flags(parser)

    def source_name(self, args) -> str:
        from cifar.prepare import source_name

        return source_name(args)

    def prepare(self, args, codec, rates: list[int]) -> dict[int, Path]:
        from cifar.prepare import prepare

        return prepare(args.source, rates, args.size, args.skip_bad, codec, args.data_dir)

    def check_data(self, data, args):
        if data.splits["train"][0].shape[3:] != (3,):
            raise DataError(f"The data of {args.train_dir} are not N x height x width x 3.")
        return data._replace(splits={k: (_to_uint8(x), y) for k, (x, y) in data.splits.items()})


def _to_uint8(images):
    """The 2018 code stored float32 in 0..1."""
    if images.dtype == "uint8":
        return images
    if images.dtype.kind != "f" or not 0 <= images.min() <= images.max() <= 1:
        raise DataError("--train_dir must hold images as uint8, or as floats from 0 to 1.")
    return (images * 255).round().astype("uint8")


DOMAIN = Images()
