"""What helmholtz has to know of sound; see helmholtz/domain.py."""

from functools import partial
from pathlib import Path

from audio import codecs, constants
from helmholtz.domain import Domain, Network, Recipe
from helmholtz.errors import DataError


def _build(name: str, shape, classes: int):
    from audio.models import build_model

    return build_model(name, shape, classes)


def _optimizer(args):
    import keras

    return keras.optimizers.Adadelta(args.learning_rate, rho=constants.RHO)


PUBLISHED = Recipe(constants.TRAINING, _optimizer, layers=list)
NETWORKS = {name: Network(partial(_build, name), PUBLISHED) for name in constants.ARCHITECTURES}


class Sound(Domain):
    name, item, flag, highest, val = "audio", "clip", "bitrate", 128, constants.VAL
    codecs = codecs.TABLE
    networks = NETWORKS

    def add_source_flags(self, parser) -> None:
        from audio.prepare import add_source_flags

        add_source_flags(parser)

    def add_training_flags(self, parser) -> None:
        add = parser.add_argument
        add("--tile", action="store_true", help="mono spectrograms as three channels")
        add("-w", "--weights", type=Path, help="start from these (.weights.h5)")

    def source_name(self, args) -> str:
        from audio.prepare import source_name

        return source_name(args)

    def prepare(self, args, codec, rates: list[int]) -> dict[int, Path]:
        from audio.prepare import feature_flags, prepare

        features = feature_flags(args)
        return prepare(args.source, rates, features, args.skip_bad, codec, args.data_dir)

    def check_data(self, data, args):
        if data.splits["train"][0].ndim != 4:
            raise DataError(f"The data of {args.train_dir} are not N x mels x frames x channels.")
        if args.tile:
            from audio.features import tile

            return data._replace(splits={k: (tile(x), y) for k, (x, y) in data.splits.items()})
        return data

    def listen(self, flags: dict, codec, rates: list[int]) -> tuple[dict, str]:
        from audio.listen import listen

        return listen(flags, codec, rates)


DOMAIN = Sound()
