"""What helmholtz has to know of a half: its flags, codecs, networks and data.

cifar/domain.py and audio/domain.py each describe one. Importing them imports nothing heavy, so that
a command can parse its flags at once; the functions in the tables import heavy modules themselves.
"""

import importlib
from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from helmholtz.argtypes import whole_number
from helmholtz.codec import Codec
from helmholtz.errors import DataError
from helmholtz.io import datadir
from helmholtz.schema import BEST

NAMES = ("cifar", "audio")
RECIPES = "helmholtz.training.recipes"  # for helmholtz.lazy: it imports Keras


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    flags: the defaults of the training flags that it has, such as batch_size and num_epoch, and
    of val and precision where they are not the domain's; its bfloat16 becomes float32 where that
    is faster. optimizer(args, steps) makes the optimizer from parsed flags and the number of steps
    of the whole run. layers() makes the layers between the stored items and the network,
    augmentation among them; one with a variable `epoch` gets the number of the epoch. loss() gives
    the loss, as Keras takes it. initialise(network, items) sets first weights that depend on the
    training items, as they are stored. counted: the epoch whose weights are kept, "best" in
    validation, or "last", of a schedule that ends at 0: then nothing is chosen, and the test split
    is judged once.
    """

    flags: dict
    optimizer: Callable[[Namespace, int], object]
    layers: Callable[[], list]
    loss: Callable[[], object] = lambda: "sparse_categorical_crossentropy"
    initialise: Callable | None = None
    counted: str = BEST


@dataclass(frozen=True)
class Network:
    """build(shape, classes) makes an untrained Keras model that gives probabilities."""

    build: Callable
    recipe: Recipe


class Domain(ABC):
    """A half: cifar or audio. A subclass states the facts and loads the data."""

    name: ClassVar[str]  # of its package, and of its folder in logs/
    item: ClassVar[str]  # what one item is called: "image"
    measure: ClassVar[str]  # what bits are counted by: "pixel"
    ending: ClassVar[str]  # of a file that holds a decoded item: ".png"
    flag: ClassVar[str]  # of the rate: "quality"
    default_rate: ClassVar[int]  # of train.py
    val: ClassVar[float]  # default of --val
    input_range: ClassVar[tuple[float, float]]  # the usual least and greatest input of a network
    codecs: ClassVar[dict[str, Codec]]  # the first is the published one
    networks: ClassVar[dict[str, Network]]  # in the order of --setting
    sources: ClassVar[tuple[str, ...]]  # that have a name; the first is the published one
    source_flags: ClassVar[tuple[str, ...]] = ()  # further names of --source
    data_flags: ClassVar[tuple[str, ...]]  # that say how data are prepared, and stand in them
    chunk: ClassVar[int]  # items that a process prepares at a time

    @property
    def published(self) -> Codec:
        """The codec of the published experiment."""
        return next(iter(self.codecs.values()))

    def codec_of(self, setting: dict) -> Codec:
        """The codec of a run; the published one of a run that was made before there were others.

        Raises DataError when it is not one of this half.
        """
        name = setting.get("codec", self.published.name)
        if name not in list(self.codecs):
            raise DataError(f"The run's codec {name!r} is not one of {', '.join(self.codecs)}.")
        return self.codecs[name]

    def add_source_flags(self, parser: ArgumentParser) -> None:
        """The flags that say which data, shared by train.py and prepare.py."""
        said = f"{', '.join(self.sources)}, an archive, or a folder (%(default)s)"
        names = ("--source", *self.source_flags)
        parser.add_argument(*names, default=self.sources[0], help=said)
        said = "test this fifth of each class, 1 to 5, in place of the usual test split"
        parser.add_argument("--fold", type=whole_number(1, 5), metavar="N", help=said)
        said = "leave out files that cannot be used"
        parser.add_argument("--skip_bad", action="store_true", help=said)
        datadir.add_flag(parser)

    def add_training_flags(self, parser: ArgumentParser) -> None:  # noqa: B027  may be none
        """Further flags of train.py."""

    @abstractmethod
    def extent(self, data: dict) -> float:
        """How much an item is, in measures; data: attributes of prepared data."""

    def data_root(self, args: Namespace) -> Path:
        """The folder that prepared data lie in."""
        return datadir.data_root(self.name, args.data_dir)

    @abstractmethod
    def open_source(self, args: Namespace):
        """The data.preparation.Source that the flags ask for; cheap. DataError: there is none."""

    def as_they_are(self, source: str) -> list[str]:
        """Flags of train.py with which files are compressed as they are, and not made smaller."""
        return []

    def facts(self, args: Namespace) -> dict:
        """What a codec's limits depend on, of the data that the flags ask for, read quickly."""
        return {}

    @abstractmethod
    def data_settings(self, args: Namespace) -> dict:
        """Attributes of prepared data, besides source and codec, that tell them from others."""

    @abstractmethod
    def compressor(self, args: Namespace, codec: Codec) -> Callable:
        """A function of (items, rates), for other processes too, that gives lists of Prepared."""

    @abstractmethod
    def decoder(self, args: Namespace, codec: Codec) -> Callable:
        """A function of (item, rate), for other processes too, that gives a file of the decoded
        item, as bytes, and the sizes that schema.SIZES names."""

    def check_data(self, data, args: Namespace):
        """Loaded data in the form that the networks take; DataError where they do not fit."""
        return data

    @abstractmethod
    def prepare_file(self, path: Path, setting: dict):
        """One file as the data of the run with this setting were prepared and are stored.

        Raises DataError when it cannot be used, or when the run does not say how.
        """

    @abstractmethod
    def file_kind(self):
        """The data.listing.Kind of the files of this half."""

    @abstractmethod
    def encode_file(self, path: Path, codec: Codec, rate: int, mono: bool = False) -> bytes:
        """A file in its own size or sampling rate, compressed; DataError or UsageError if not.

        mono: mix two channels of a sound down to one.
        """

    def listen(self, flags: dict, codec: Codec, rates: list[int]) -> tuple[dict, str]:
        """One test item as sound, for the report; flags: of a run.

        By rate (media type, file to play, bytes of the compressed file), and why there is none.
        """
        return {}, ""


def get(name: str) -> Domain:
    """The domain of this name."""
    return importlib.import_module(f"{name}.domain").DOMAIN
