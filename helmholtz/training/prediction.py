"""Classes and probabilities of single items, from the best weights of a finished run."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.text import shown


def read(paths: list[Path], prepare_file: Callable) -> tuple[list[Path], np.ndarray, list[str]]:
    """Prepare files for a network: those that can be used, their items, and what is wrong with
    the others, in a sentence each.

    Raises DataError with all sentences when no file can be used.
    """
    good, items, problems = [], [], []
    for path in paths:
        try:
            items.append(prepare_file(path))
            good.append(path)
        except DataError as error:
            problems.append(str(error))
    if not good:
        raise_for(problems)
    return good, np.stack(items), problems


def raise_for(problems: list[str]) -> None:
    """Raise DataError with the sentences about the files that could not be used, if any."""
    if problems:
        raise DataError("\n".join(dict.fromkeys(problems)))  # a damaged setting is told once


def load_weights(network, path: Path, ending: str = ".weights.h5") -> None:
    """Load weights, and nothing but weights, into a network.

    Raises DataError when the file is missing, damaged, or of another network.
    """
    if not path.name.endswith(ending):
        raise DataError(f"{shown(path)} does not end in {ending}, as files of weights do.")
    store.probe_in_subprocess(path)
    try:
        network.load_weights(path)
    except MemoryError:
        raise
    except Exception as error:  # h5py and Keras have no type of their own for a foreign file
        raise DataError(f"{shown(path)} is missing, damaged, or of another network.") from error


def show(files: list[Path], rows: np.ndarray, classes: list, args: argparse.Namespace) -> None:
    """Print probabilities, a row a file: as JSON, an object a line, or the likeliest classes."""
    for path, row in zip(files, rows, strict=True):
        answer = sorted(zip(classes, map(float, row), strict=True), key=lambda pair: -pair[1])
        if args.json:
            print(json.dumps({"file": shown(path), "probabilities": dict(answer)}))
        else:
            likeliest = ", ".join(f"{name} {p:.3f}" for name, p in answer[: args.top])
            print(f"{shown(path)}: {likeliest}")
