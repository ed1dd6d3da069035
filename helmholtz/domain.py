"""What helmholtz has to know of a half: its flags, codecs, networks and data.

cifar/domain.py and audio/domain.py each describe one. Importing them imports nothing heavy, so that
a command can parse its flags at once; what is heavy is imported by the functions in the tables.
"""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from helmholtz.errors import DataError, UsageError

NAMES = ("cifar", "audio")


@dataclass(frozen=True)
class Codec:
    """A codec: what its rates are called, which there are, and the function that applies it.

    compress(item, rate) is pure: it gives (item, file_bytes, payload_bytes), the decoded item of
    the same shape and dtype, the size of the encoded file, and the size of its payload, without
    headers and tables. At rate 0 nothing is compressed. version() names the codec's build: data
    made by another version are other data.
    """

    name: str  # as --codec takes it
    title: str  # as people write it
    axis: str  # label of an axis of its rates
    unit: str  # how a rate reads in a sentence: "quality {}"
    prefix: str  # of the folders of a rate: "quality" for quality_5
    rates: Sequence[int]  # the legal ones; 0 stands for uncompressed
    grid: Sequence[int]  # rates of a sweep that names none
    compress: Callable
    version: Callable[[], str]

    def folder(self, rate: int) -> str:
        """The name of the folder of a rate, in prepared data and in logs."""
        return f"{self.prefix}_{rate}"

    def rate_name(self, rate: int) -> str:
        """A rate in a sentence."""
        return self.unit.format(rate) if rate else "uncompressed"

    def check(self, rate: int) -> None:
        """Raise UsageError unless the codec has this rate."""
        if rate and rate not in self.rates:
            legal = f"from 0 to {self.rates[-1]}"
            if not isinstance(self.rates, range):
                legal = f"one of {', '.join(map(str, [0, *self.rates]))}"
            raise UsageError(f"{self.title} has no rate {rate}: give a whole number {legal}.")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    flags: the defaults of the training flags that it has, such as batch_size and num_epoch.
    optimizer(args) makes the optimizer from parsed flags. layers() makes the layers between the
    stored items and the network, augmentation among them.
    """

    flags: dict
    optimizer: Callable[[Namespace], object]
    layers: Callable[[], list]


@dataclass(frozen=True)
class Network:
    """build(shape, classes) makes an untrained Keras model that gives probabilities."""

    build: Callable
    recipe: Recipe


class Domain:
    """A half: cifar or audio. A subclass states the facts and loads the data."""

    name: ClassVar[str]  # of its package, and of its folder in logs/
    item: ClassVar[str]  # what one item is called: "image"
    flag: ClassVar[str]  # of the rate: "quality"
    highest: ClassVar[int]  # rate of a train.py that names none
    val: ClassVar[float]  # default of --val
    codecs: ClassVar[dict[str, Codec]]  # the first is the published one
    networks: ClassVar[dict[str, Network]]  # in the order of --setting

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
        raise NotImplementedError

    def add_training_flags(self, parser: ArgumentParser) -> None:
        """Further flags of train.py."""

    def source_name(self, args: Namespace) -> str:
        """The name of the data in data/ and in logs/. Raises DataError where there is no source."""
        raise NotImplementedError

    def prepare(self, args: Namespace, codec: Codec, rates: list[int]) -> dict[int, Path]:
        """Make what is missing of the prepared data; the folder of every rate."""
        raise NotImplementedError

    def check_data(self, data, args: Namespace):
        """Loaded data in the form that the networks take; DataError where they do not fit."""
        return data

    def prepare_file(self, path: Path, setting: dict):
        """One file as the data of the run with this setting were prepared."""
        raise NotImplementedError

    def listen(self, flags: dict, codec: Codec, rates: list[int]) -> tuple[dict, str]:
        """One test item as sound, for the report; flags: of a run.

        By rate (media type, file to play, bytes of the compressed file), and why there is none.
        """
        return {}, ""


def get(name: str) -> Domain:
    """The domain of this name."""
    return importlib.import_module(f"{name}.domain").DOMAIN
