"""Compress a source of sounds at one bitrate or several, once, for training.

python audio/prepare.py --bitrate 8 32 128 --source sample

Writes data/<source>/bitrate_<b>/train.h5 and test.h5 beside this file: `data`, float16 mel
spectrograms in decibels N x mels x frames x channels, `label`, int64, and attributes with the
codec, the sizes in bytes, and what was skipped, ignored or clipped.
"""

import argparse
from functools import partial
from pathlib import Path

from audio.constants import BITRATES, FEATURES, RATE
from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.data import datadir
from helmholtz.data.folders import shown
from helmholtz.domain import Codec
from helmholtz.errors import DataError

CHUNK = 8  # clips that a process works on at a time


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(description=__doc__.split("\n\n")[0])
    cli.add_rate_flag(parser, DOMAIN, nargs="+", default=BITRATES)
    add_source_flags(parser)
    args = parser.parse_args(argv)
    cli.check_rates(args, DOMAIN)
    return args


def add_source_flags(parser: argparse.ArgumentParser) -> None:
    """--source and those of FEATURES, which train.py has too."""
    add = parser.add_argument
    names = ("--source", "-c", "--classpath")
    add(*names, default="idmt", help="idmt, sample, its archive, or a folder (%(default)s)")
    add("--skip_bad", action="store_true", help="leave out files that cannot be used")
    datadir.add_flag(parser)
    add("-m", "--mono", action="store_true", help="mix two channels down to one")
    seconds = cli.number(0.02, 600, "seconds")
    add("-d", "--dur", type=seconds, metavar="SECONDS", help="of every clip (the longest's)")
    add(
        "--mels",
        type=cli.whole_number(8, 512, "bands"),
        default=FEATURES["mels"],
        help="bands (%(default)s)",
    )
    rate = cli.whole_number(8000, 96_000, "hertz")
    add(
        "-r",
        "--resample",
        type=rate,
        default=RATE,
        metavar="HZ",
        help="of spectrograms (%(default)s)",
    )
    add("--phase", action="store_true", help="the phase as further channels")


def feature_flags(args: argparse.Namespace) -> dict:
    """The flags of FEATURES."""
    return {name: getattr(args, name) for name in FEATURES}


def source_name(args: argparse.Namespace) -> str:
    """What the data that these flags ask for is known by, in data/ and in logs/."""
    from audio.sources import open_source

    return open_source(args.source).name + suffix(feature_flags(args))


def suffix(features: dict) -> str:
    """What is added to a source's name, so that unlike spectrograms live side by side."""
    changed = {name: value for name, value in features.items() if value != FEATURES[name]}
    return "".join(
        f"-{name}" if value is True else f"-{name}{value:g}" for name, value in changed.items()
    )


def prepare(
    source: str,
    bitrates: list[int],
    features: dict = FEATURES,
    skip_bad: bool = False,
    codec: Codec = DOMAIN.published,
    data_dir: Path | None = None,
) -> dict[int, Path]:
    """Make what is missing of the prepared data; returns the folder of every bitrate."""
    import audio.features  # noqa: F401  here, so that no worker needs to
    from audio.sources import data_root, open_source
    from audio.survey import surveyed
    from helmholtz.data import preparation

    opened = open_source(source, data_dir)
    opened = surveyed(opened, features["mono"], features["dur"], skip_bad)
    opened = opened._replace(name=opened.name + suffix(features))
    folders = {b: data_root(data_dir) / opened.name / codec.folder(b) for b in bitrates}
    settings = {"codec": codec.version(), **features}
    compress = partial(compress_sounds, codec=codec.compress, features=features)
    preparation.prepare(opened, folders, settings, compress, CHUNK, skip_bad)
    return folders


def compress_sounds(clips: list, bitrates: list[int], codec, features: dict) -> dict:
    """Prepare survey.Clips at every bitrate."""
    from audio.sources import read_clip

    mono, dur = features["mono"], features["dur"]
    read = [(read_clip(clip.sound, mono, dur), clip.frames) for clip in clips]
    return {b: [_prepare_one(*sound, codec, b, features) for sound in read] for b in bitrates}


def _prepare_one(sound, frames: int, codec, bitrate: int, features: dict):
    from audio.features import extract
    from helmholtz.data.preparation import Prepared

    decoded, file_bytes, payload_bytes = codec(sound, bitrate)
    data = extract(decoded, frames, features["mels"], features["resample"], features["phase"])
    raw_bytes = 2 * sound.size  # as 16-bit samples
    return Prepared(data, raw_bytes, file_bytes, payload_bytes)


def prepare_file(path: Path, setting: dict):
    """A sound file as the data of the run with this setting was prepared.

    Returns float16 spectrograms, mels x frames x channels. Raises DataError when the file cannot
    be used, or when it is not known how the data was prepared.
    """
    from audio.sources import MAX_SAMPLES
    from audio.survey import Clip

    attributes, codec = setting["data"], DOMAIN.codec_of(setting)
    if not {"frames", "channels", "rate", *FEATURES} <= set(attributes):
        raise DataError("The run's data does not say how it was prepared from sound files.")
    flags = {name: attributes[name] for name in FEATURES} | {"codec": codec.name}
    flags |= {"bitrate": attributes["rate"]}
    checked, frames = cli.recall(parse_args, flags), attributes["frames"]
    features, bitrate = feature_flags(checked), checked.bitrate[0]
    if not isinstance(frames, int) or not 0 < frames <= MAX_SAMPLES:
        raise cli.damaged_setting(f"its clips have {frames} samples")
    clip = Clip(path, frames)
    spectrograms = compress_sounds([clip], [bitrate], codec.compress, features)[bitrate][0].data
    channels = spectrograms.shape[2] // (1 + features["phase"])
    if channels != attributes["channels"]:
        wanted = "mono" if channels == 2 else "stereo"
        raise DataError(f"{shown(path)} is not {wanted}, as the sounds that were learnt from.")
    return spectrograms


def main(argv=None) -> None:
    args = parse_args(argv)
    codec = DOMAIN.codecs[args.codec]
    for bitrate, folder in DOMAIN.prepare(args, codec, args.bitrate).items():
        print(f"{codec.rate_name(bitrate)}: {folder}")


if __name__ == "__main__":
    cli.run(main)
