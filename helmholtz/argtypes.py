"""Types for argparse: numbers within a range, refused in a sentence that names the range."""

import argparse
from collections.abc import Callable
from math import inf, nan


def whole_number(low: int, high: int | None = None, unit: str = "") -> Callable[[str], int]:
    """A whole number from low to high, both included; unit as in "pixels"."""
    limits = f"of {low} or more" if high is None else f"from {low} to {high}"
    wanted = f"whole number{_of(unit)} {limits}"

    def parse(text: str) -> int:
        plain = text.isascii() and text.isdecimal()
        if not plain or int(text) < low or (high is not None and int(text) > high):
            raise _not_a(wanted, text)
        return int(text)

    return parse


def number(low: float, below: float = inf, unit: str = "") -> Callable[[str], float]:
    """A number from low up to, but without, below; unit as in "seconds"."""
    limits = f"from {low:g} up to, but not including, {below:g}"
    limits = f"of {low:g} or more" if below == inf else limits
    wanted = f"number{_of(unit)} {limits}"

    def parse(text: str) -> float:
        value = _float(text)
        if not low <= value < below:
            raise _not_a(wanted, text)
        return value

    return parse


def positive_number(text: str) -> float:
    """A number above 0."""
    value = _float(text)
    if not 0 < value < inf:
        raise _not_a("finite number above 0", text)
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan  # which is in no range


def _of(unit: str) -> str:
    return f" of {unit}" if unit else ""


def _not_a(wanted: str, text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"{text!r} is not a {wanted}")
