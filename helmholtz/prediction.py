"""Classes and probabilities of single items, from the best weights of a finished run."""

import argparse
import json

import numpy as np

from helmholtz.cli import DataError
from helmholtz.folders import shown


def predict(network, items: list[np.ndarray], args: argparse.Namespace, classes: list) -> list:
    """Load the run's weights; for each item give its (class, probability) pairs, best first.

    Raises DataError when the weights are missing, damaged, or another network's.
    """
    path = args.log_dir / "best.weights.h5"
    try:
        network.load_weights(path)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise DataError(f"{path} is missing, damaged, or of another network.") from error
    probabilities = network.predict(np.stack(items), verbose=0)
    return [
        sorted(zip(classes, map(float, row), strict=True), key=lambda pair: -pair[1])
        for row in probabilities
    ]


def show(answers: list, args: argparse.Namespace) -> None:
    """Print the answers: a JSON object a line, or the likeliest classes of every file."""
    for path, answer in zip(args.files, answers, strict=True):
        if args.json:
            print(json.dumps({"file": shown(path), "probabilities": dict(answer)}))
        else:
            likeliest = ", ".join(f"{name} {p:.3f}" for name, p in answer[: args.top])
            print(f"{shown(path)}: {likeliest}")
