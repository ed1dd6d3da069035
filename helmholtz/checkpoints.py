"""Checkpoints of a training run: all that the next epoch needs, in one file an epoch."""

import json
import sys
from pathlib import Path

from helmholtz import store
from helmholtz.cli import DataError

KEPT = 2  # so that one is whole even if the newest was damaged on disk


def save(folder: Path, history: list[dict], variables: list) -> None:
    """Write checkpoint_<epoch>.h5 with the values of Keras variables, and drop older ones."""
    with store.create(folder / f"checkpoint_{len(history):04d}.h5") as file:
        for i, variable in enumerate(variables):
            file[f"{i:04d}"] = variable.numpy()
        store.set_attributes(file, {"history": json.dumps(history)})
    for path in sorted(folder.glob("checkpoint_*.h5"))[:-KEPT]:
        path.unlink()


def restore(folder: Path, variables: list) -> list[dict]:
    """Set the variables to the newest whole checkpoint; returns its history.

    Without any the history is empty. A damaged checkpoint is passed over with a word.
    """
    for path in sorted(folder.glob("checkpoint_*.h5"), reverse=True):
        try:
            arrays, attributes = store.read(path)
            if [a.shape for a in arrays.values()] != [tuple(v.shape) for v in variables]:
                raise DataError(f"{path} is of another network.")
        except DataError as error:
            print(f"{error} Going on from the one before.", file=sys.stderr)
            continue
        for variable, (_, array) in zip(variables, sorted(arrays.items()), strict=True):
            variable.assign(array)
        return json.loads(attributes["history"])
    return []
