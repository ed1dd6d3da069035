"""Types for argparse: numbers within a range, refused in a sentence that names the range."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from math import inf, nan


def whole_number(low: int, high: float = inf, unit: str = "") -> Callable[[str], int]:
    """A whole number from low to high, both included; unit as in "pixels"."""
    limits = f"of {low} or more" if high == inf else f"from {low} to {high}"
    return _type(_digits, lambda value: low <= value <= high, f"whole number{_of(unit)} {limits}")


def number(low: float, below: float = inf, unit: str = "") -> Callable[[str], float]:
    """A number from low up to, but without, below; unit as in "seconds"."""
    limits = f"from {low:g} up to, but not including, {below:g}"
    limits = f"of {low:g} or more" if below == inf else limits
    return _type(float, lambda value: low <= value < below, f"number{_of(unit)} {limits}")


def positive_number(text: str) -> float:
    """A finite number above 0."""
    return _type(float, lambda value: 0 < value < inf, "finite number above 0")(text)


def byte_size(text: str) -> int:
    """A number of bytes, as 100000, 512M or 2G."""
    unit = {"k": 10, "M": 20, "G": 30}.get(text[-1:], 0)
    return whole_number(1, unit="bytes, with k, M or G")(text[:-1] if unit else text) << unit


def _type(read: Callable, allowed: Callable, wanted: str) -> Callable[[str], float]:
    def parse(text: str):
        try:
            value = read(text)
        except ValueError:
            value = nan  # which is in no range
        if not allowed(value):
            raise ArgumentTypeError(f"{text!r} is not a {wanted}")
        return value

    return parse


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):  # int() also takes " +1_000 "
        raise ValueError
    return int(text)


def _of(unit: str) -> str:
    return f" of {unit}" if unit else ""
