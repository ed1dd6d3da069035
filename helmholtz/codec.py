"""What helmholtz has to know of a codec; cifar/codecs.py and audio/codecs.py have a table each."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from helmholtz.errors import MachineError, UsageError


class Extra(NamedTuple):
    """What a codec needs that a machine may lack: "imagecodecs", and the command that brings it."""

    name: str
    command: str
    present: Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Codec:
    """A codec: what its rates are called, which there are, and the function that applies it.

    compress(item, rate), of sound compress(samples, rate, hertz), is pure: it gives (item,
    file_bytes, payload_bytes), the decoded item of the same shape and dtype, the size of the
    encoded file, and the size of its payload, without headers and tables. Rate 0, uncompressed, is
    asked of the published codec alone. version() names the codec's build: data made by another
    version are other data. limits(facts), where not all data can have all rates, gives the lowest,
    the highest, and a name for data of which a source knows these facts.
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
    encode: Callable | None = None  # with the arguments of compress, the bytes of the file
    decode: Callable | None = None  # from such bytes, the item that compress gives
    payload: Callable | None = None  # from such bytes, payload_bytes
    ending: str = ""  # of such files
    extra: Extra | None = None
    limits: Callable[[dict], tuple[int, int, str]] | None = None

    @property
    def keeps(self) -> bool:
        """Whether its files can be stored in place of items."""
        return None not in (self.encode, self.decode, self.payload)

    @property
    def keep(self) -> Callable:
        """compress, for other processes too, with the bytes of the file in place of the item."""
        return partial(_kept, compress=self.compress, encode=self.encode, payload=self.payload)

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

    def check_data(self, rates: Sequence[int], facts: dict, flag: str) -> None:
        """Raise UsageError unless data of these facts can have all rates; flag: of the rate."""
        if wrong := set(rates) - set(self.fitting(rates, facts)):
            legal = self.fitting(self.rates, facts)
            few = ", ".join(map(str, legal)) if len(legal) < 30 else f"{legal[0]} to {legal[-1]}"
            nearest = min(legal, key=lambda rate: abs(rate - min(wrong)))
            raise UsageError(
                f"There is no {self.rate_name(min(wrong))} of {self.limits(facts)[2]}, which "
                f"{self.title} compresses to {few}: give --{flag} {nearest}."
            )


def through_file(item, rate: int, encode, decode, payload) -> tuple:
    """Codec.compress of a codec whose other functions say all that it does."""
    file = encode(item, rate)
    return decode(file), len(file), payload(file)


def _kept(item, rate: int, compress, encode, payload) -> tuple:
    if rate == 0:  # has no file
        return compress(item, 0)
    file = encode(item, rate)
    return file, len(file), payload(file)
