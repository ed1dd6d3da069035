"""What is imported when it is used, so that a command can parse its flags at once."""

from functools import partial
from importlib import import_module


def load(place: str):
    """What "package.module.name" names."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(module), name)


def function(place: str) -> partial:
    """The function at a place, imported when it is called; other processes can be sent it."""
    return partial(_call, place)


def _call(place: str, *arguments, **options):
    return load(place)(*arguments, **options)
