"""What helmholtz has to know of sound; see helmholtz/domain.py."""

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from audio import codecs, constants
from audio.constants import FEATURES
from helmholtz.argtypes import number, whole_number
from helmholtz.data.prepare_command import parse_saved_flags
from helmholtz.domain import RECIPES, Domain, Network, Recipe
from helmholtz.errors import DataError
from helmholtz.lazy import function, load
from helmholtz.schema import LAST
from helmholtz.text import shown


def _optimizer(args: Namespace, steps: int):
    import keras

    return keras.optimizers.Adadelta(args.learning_rate, rho=constants.RHO)


PUBLISHED = Recipe(constants.TRAINING, _optimizer, layers=list)


def _quick_layers() -> list:
    from audio.augment import ShiftAndMask

    return [ShiftAndMask()]


def _quick(name: str) -> Network:
    """A network whose schedule ends at 0, and whose last epoch counts."""
    recipe = Recipe(
        constants.QUICK_TRAINING[name],
        partial(function(f"{RECIPES}.nesterov"), weight_decay=constants.WEIGHT_DECAY),
        _quick_layers,
        loss=lambda: load(f"{RECIPES}.smoothed_crossentropy"),
        counted=LAST,
    )
    return Network(partial(function("audio.quick.build_model"), name), recipe)


BUILD = function("audio.models.build_model")
NETWORKS = {name: Network(partial(BUILD, name), PUBLISHED) for name in constants.ARCHITECTURES}
NETWORKS |= {name: _quick(name) for name in constants.QUICK}


class Sound(Domain):
    """Clips of one length, as mel spectrograms, float16, N x mels x frames x channels."""

    name, item, measure, ending = "audio", "clip", "second", ".wav"
    flag, default_rate, val = "bitrate", 128, constants.VAL
    input_range = (-80, 80)  # decibels of power, as features.decibels has them
    codecs, networks = codecs.TABLE, NETWORKS
    sources, source_flags, chunk = ("idmt", "sample"), ("-c", "--classpath"), 8
    data_flags = tuple(FEATURES)

    def add_source_flags(self, parser: ArgumentParser) -> None:
        super().add_source_flags(parser)
        add = parser.add_argument
        add("-m", "--mono", action="store_true", help="mix two channels down to one")
        seconds = number(0.02, 600, "seconds")
        add("-d", "--dur", type=seconds, metavar="SECONDS", help="length of clips (the longest)")
        bands, rate = whole_number(8, 512, "bands"), whole_number(8000, 96_000, "hertz")
        add("--mels", type=bands, default=FEATURES["mels"], help="mel bands (%(default)s)")
        add("-r", "--resample", type=rate, default=FEATURES["resample"], metavar="HZ",
            help="sampling rate of spectrograms (that of the files)")  # fmt: skip
        add("--phase", action="store_true", help="add the phase as further channels")

    def add_training_flags(self, parser: ArgumentParser) -> None:
        said = "repeat mono spectrograms as three channels"
        parser.add_argument("--tile", action="store_true", help=said)

    def extent(self, data: dict) -> float:
        """The seconds of a clip: the mean before padding, where the data say it."""
        padded = data["frames"] / data.get("sample_rate", constants.SAMPLE_RATE)
        return data.get("seconds", padded)

    def open_source(self, args: Namespace):
        from audio.sources import open_source
        from audio.survey import surveyed
        from helmholtz.data.folds import folded

        opened = folded(open_source(args.source, args.data_dir), args.fold)
        opened = opened._replace(name=opened.name + _suffix(self.data_settings(args)))
        return surveyed(opened, args.mono, args.dur, args.skip_bad)

    def facts(self, args: Namespace) -> dict:
        return load("audio.survey.look")(args.source, args.mono)

    def data_settings(self, args: Namespace) -> dict:
        return {name: getattr(args, name) for name in FEATURES}

    def compressor(self, args: Namespace, codec):
        import audio.features  # noqa: F401  here, so that no worker needs to

        features = self.data_settings(args)
        return partial(compress_sounds, codec=codec.compress, features=features)

    def decoder(self, args: Namespace, codec):
        from audio.decoded import wav

        return partial(wav, codec=codec.compress, mono=args.mono, dur=args.dur)

    def check_data(self, data, args: Namespace):
        if len(data.splits["test"][0].shape) != 4:
            raise DataError(f"The data of {args.train_dir} are not N x mels x frames x channels.")
        if not args.tile:
            return data
        from audio.features import tile

        return data.changed(tile)

    def prepare_file(self, path: Path, setting: dict):
        """Returns float16 spectrograms, mels x frames x channels, tiled if the run's are."""
        from audio.features import tile
        from audio.sources import read_clip

        (args, frames), data = self._saved_flags(setting), setting["data"]
        rate = data.get("sample_rate", constants.SAMPLE_RATE)
        sound = read_clip(path, args.mono, args.dur, rate)
        if (channels := sound.samples.shape[1]) != data["channels"]:
            wanted = "mono" if channels == 2 else "stereo"
            raise DataError(
                f"{shown(path)} is not {wanted}, unlike the sounds of the run: convert it."
            )
        codec, features = self.codec_of(setting).compress, self.data_settings(args)
        spectrograms = _prepare_one(sound, frames, codec, args.bitrate[0], features).data
        return tile(spectrograms[None])[0] if setting["flags"].get("tile") else spectrograms

    def file_kind(self):
        return load("audio.sources.SOUNDS")

    def encode_file(self, path: Path, codec, rate: int, mono: bool = False) -> bytes:
        from audio.sources import mixed, read_sound

        sound = read_sound(path)
        sound = mixed(sound) if mono else sound
        facts = {"sample_rate": sound.sample_rate, "channels": sound.samples.shape[1]}
        codec.check_data([rate], facts, self.flag)
        return codec.encode(sound.samples, rate, sound.sample_rate)

    def listen(self, flags: dict, codec, rates: list[int]) -> tuple[dict, str]:
        return load("audio.listen.listen")(flags, codec, rates)

    def _saved_flags(self, setting: dict) -> tuple[Namespace, int]:
        """The flags that a run's data were prepared with, and the samples of a clip, checked."""
        from audio.sources import MAX_SAMPLES
        from helmholtz.io.runs import damaged_setting

        data = setting["data"]
        if not {"frames", "channels", *FEATURES} <= set(data):
            raise DataError(
                "The run's data does not say how it was prepared from sound files: "
                "give a run whose data prepare.py has made."
            )
        known = {name: data[name] for name in FEATURES}
        known |= {"codec": self.codec_of(setting).name, "bitrate": setting["rate"]}
        args, frames = parse_saved_flags(self, known), data["frames"]
        if not isinstance(frames, int) or not 0 < frames <= MAX_SAMPLES:
            raise damaged_setting(f"its clips have {frames} samples")
        return args, frames


def _suffix(features: dict) -> str:
    """What is added to a source's name, so that unlike spectrograms live side by side."""
    changed = {name: value for name, value in features.items() if value != FEATURES[name]}
    return "".join(
        f"-{name}" if value is True else f"-{name}{value:g}" for name, value in changed.items()
    )


def compress_sounds(clips: list, rates: list[int], codec, features: dict) -> dict:
    """Prepare survey.Clips at every rate."""
    from audio.sources import read_clip

    mono, dur = features["mono"], features["dur"]
    read = [(read_clip(c.sound, mono, dur, c.sample_rate), c.frames) for c in clips]
    return {r: [_prepare_one(*sound, codec, r, features) for sound in read] for r in rates}


def _prepare_one(sound, frames: int, codec, rate: int, features: dict):
    from audio.decoded import compressed
    from audio.features import extract
    from helmholtz.data.preparation import Prepared

    decoded, sizes = compressed(sound, codec, rate)
    wanted = [features[name] for name in ("mels", "resample", "phase")]
    data = extract(decoded, frames, *wanted, sound.sample_rate)
    return Prepared(data, *sizes)


DOMAIN = Sound()
