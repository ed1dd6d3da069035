"""Checkpoints of a training run: all that the next epoch needs, in one file an epoch."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from helmholtz.errors import DataError
from helmholtz.io import runs, store


class Writer:
    """Saves checkpoints; if asked, in the background while the next epoch is trained.

    A GPU's epoch may be shorter than the writing. A kill then loses what was not written yet, and
    what goes wrong is raised at the next save, or at the end of the with block.
    """

    def __init__(self, folder: Path, background: bool):
        self.folder, self.background = folder, background
        self.pool, self.pending = ThreadPoolExecutor(1), None

    def __enter__(self):
        return self

    def save(self, history: list[dict], variables: list) -> None:
        """Save the values of Keras variables as they are now."""
        values = [variable.numpy() for variable in variables]
        self.finish()
        self.pending = self.pool.submit(save, self.folder, list(history), values)
        if not self.background:
            self.finish()

    def finish(self) -> None:
        """Wait for the last one to be written."""
        pending, self.pending = self.pending, None
        if pending:
            pending.result()

    def __exit__(self, *_):
        with self.pool:
            self.finish()


def save(folder: Path, history: list[dict], values: list[np.ndarray]) -> None:
    """Write checkpoint_<epoch>.h5, and drop older ones."""
    with store.create(folder / f"checkpoint_{len(history):04d}.h5") as file:
        for i, value in enumerate(values):
            file[f"{i:04d}"] = value
        store.set_attributes(file, {"history": json.dumps(history)})
    runs.prune_checkpoints(folder)


def restore(folder: Path, variables: list) -> list[dict]:
    """Set the variables to the newest whole checkpoint; returns its history.

    Without any the history is empty. A damaged checkpoint is skipped with a warning.
    """
    for path in reversed(runs.checkpoints(folder).values()):
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
