"""What helmholtz has to know of a half: its flags, codecs, networks and data.

cifar/domain.py and audio/domain.py each describe one. Importing them imports nothing heavy, so that
a command can parse its flags at once; the functions in the tables import heavy modules themselves.
"""

import importlib
import math
from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from helmholtz.errors import DataError, MachineError, UsageError
from helmholtz.io import datadir
from helmholtz.schema import BEST

NAMES = ("cifar", "audio")


class Extra(NamedTuple):
    """What a codec needs that a machine may lack: "imagecodecs", and the command that brings it."""

    name: str
    command: str
    present: Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Codec:
    """A codec: what its rates are called, which there are, and the function that applies it.

    compress(item, rate), of sound compress(item, rate, sampling rate in Hz), is pure: it gives
    (item, file_bytes, payload_bytes), the decoded item of the same shape and dtype, the size of the
    encoded file, and the size of its payload, without headers and tables. Rate 0, uncompressed, is asked of the published codec alone. version()
    names the codec's build: data made by another version are other data. limits(facts), where not
    all data can have all rates, gives the lowest, the highest, and a name for data of which a
    source knows these facts.
    """

    name: str  # as --codec takes it
    title: str  # as people write it
    axis: str  # label of an axis of its rates
    unit: str  # how a rate reads in a sentence that may name other codecs: "WebP quality {}"
    prefix: str  # of the folders of a rate: "webp" for webp_5
    rates: Sequence[int]  # the legal ones; 0 stands for uncompressed
    grid: Sequence[int]  # rates of a sweep that names none
    compress: Callable
    version: Callable[[], str]
    extra: Extra | None = None
    limits: Callable[[dict], tuple[int, int, str]] | None = None

    def folder(self, rate: int) -> str:
        """The name of the folder of a rate, in prepared data and in logs."""
        return f"{self.prefix}_{rate}"

    def rate_name(self, rate: int) -> str:
        """A rate in a sentence."""
        return self.unit.format(rate) if rate else "uncompressed"

    def check(self, rate: int) -> None:
        """Raise UsageError unless the codec has this rate."""
        if rate and rate not in self.rates:
            legal = f"a whole number from {self.rates[0]} to {self.rates[-1]}, or 0"
            if not isinstance(self.rates, range):
                legal = f"one of {', '.join(map(str, [0, *self.rates]))}"
            raise UsageError(f"There is no {self.rate_name(rate)}: {self.title} takes {legal}.")

    def available(self) -> None:
        """Raise MachineError unless this machine has what the codec needs."""
        if self.extra and not self.extra.present():
            name, command, _ = self.extra
            raise MachineError(f"{self.title} needs {name}, which is not installed: `{command}`.")

    def fitting(self, rates: Sequence[int], facts: dict) -> list[int]:
        """Those of the rates that data of these facts can have."""
        low, high, _ = self.limits(facts) if self.limits and facts else (0, math.inf, "")
        return [rate for rate in rates if rate == 0 or low <= rate <= high]

    def check_data(self, rates: Sequence[int], facts: dict) -> None:
        """Raise UsageError unless data of these facts can have all rates."""
        if wrong := set(rates) - set(self.fitting(rates, facts)):
            legal = self.fitting(self.rates, facts)
            few = ", ".join(map(str, legal)) if len(legal) < 30 else f"{legal[0]} to {legal[-1]}"
            raise UsageError(
                f"There is no {self.rate_name(min(wrong))} of {self.limits(facts)[2]}: "
                f"{self.title} takes {few} there."
            )


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    flags: the defaults of the training flags that it has, such as batch_size and num_epoch, and
    of val and precision where they are not the domain's. optimizer(args, steps) makes the
    optimizer from parsed flags and the number of steps of the whole run. layers() makes the layers
    between the stored items and the network, augmentation among them; one with a variable `epoch`
    gets the number of the epoch. loss() gives the loss, as Keras takes it. initialise(network,
    items) sets first weights that depend on the training items, as they are stored. counted: the
    epoch whose weights are kept, "best" in validation, or "last", of a schedule that ends at 0:
    then nothing is chosen, and the test split is judged once.
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
    flag: ClassVar[str]  # of the rate: "quality"
    highest: ClassVar[int]  # the rate of a train.py that names none
    val: ClassVar[float]  # default of --val
    codecs: ClassVar[dict[str, Codec]]  # the first is the published one
    networks: ClassVar[dict[str, Network]]  # in the order of --setting
    sources: ClassVar[tuple[str, ...]]  # that have a name; the first is the published one
    source_flags: ClassVar[tuple[str, ...]] = ()  # further names of --source
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
        if name not in self.codecs:
            raise DataError(f"The run's codec {name!r} is not one of {', '.join(self.codecs)}.")
        return self.codecs[name]

    def add_source_flags(self, parser: ArgumentParser) -> None:
        """The flags that say which data, shared by train.py and prepare.py."""
        said = f"{', '.join(self.sources)}, an archive, or a folder (%(default)s)"
        names = ("--source", *self.source_flags)
        parser.add_argument(*names, default=self.sources[0], help=said)
        said = "leave out files that cannot be used"
        parser.add_argument("--skip_bad", action="store_true", help=said)
        datadir.add_flag(parser)

    def add_training_flags(self, parser: ArgumentParser) -> None:  # noqa: B027  may be none
        """Further flags of train.py."""

    @abstractmethod
    def extent(self, data: dict) -> float:
        """How much an item is, in measures; data: attributes of prepared data."""

    @abstractmethod
    def data_root(self, args: Namespace) -> Path:
        """The folder that prepared data lie in."""

    @abstractmethod
    def open_source(self, args: Namespace):
        """The data.preparation.Source that the flags ask for; cheap. DataError: there is none."""

    def facts(self, args: Namespace) -> dict:
        """What a codec's limits depend on, of the data that the flags ask for, read quickly."""
        return {}

    @abstractmethod
    def data_settings(self, args: Namespace) -> dict:
        """Attributes of prepared data, besides source and codec, that tell them from others."""

    @abstractmethod
    def compressor(self, args: Namespace, codec: Codec) -> Callable:
        """A function of (items, rates), for other processes too, that gives lists of Prepared."""

    def check_data(self, data, args: Namespace):
        """Loaded data in the form that the networks take; DataError where they do not fit."""
        return data

    @abstractmethod
    def prepare_file(self, path: Path, setting: dict):
        """One file as the data of the run with this setting were prepared, for its network.

        Raises DataError when it cannot be used, or when the run does not say how.
        """

    def listen(self, flags: dict, codec: Codec, rates: list[int]) -> tuple[dict, str]:
        """One test item as sound, for the report; flags: of a run.

        By rate (media type, file to play, bytes of the compressed file), and why there is none.
        """
        return {}, ""


def get(name: str) -> Domain:
    """The domain of this name."""
    return importlib.import_module(f"{name}.domain").DOMAIN
