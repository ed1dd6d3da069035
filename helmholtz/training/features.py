"""Features of a frozen backbone, computed once a rate: heads and seeds then train in seconds."""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np

from helmholtz.errors import DataError
from helmholtz.io import datadir, store
from helmholtz.io.files import locked, remove_leftovers, require_space
from helmholtz.training.model import compile_model


def split(network: keras.Model, items: np.ndarray, layers: list, cache: Path) -> tuple:
    """The head of a network whose backbone is frozen, and its input for all items.

    layers: those before the network; they do not augment here. The features, float32, items x
    features, are read from cache, or computed and written there. The head shares its layers with
    the network. Raises MachineError when the cache cannot be written.
    """
    *_, dense, softmax = network.layers
    backbone, inputs = keras.Model(network.input, dense.input), keras.Input(dense.input.shape[1:])
    head = keras.Model(inputs, softmax(dense(inputs)), name=network.name)
    try:
        with locked(cache.parent):
            found = _read(cache)
            return head, _compute(backbone, items, layers, cache) if found is None else found
    except OSError as error:
        datadir.explain(error)
        raise


def path(root: Path, *determining) -> Path:
    """The file of features that these values determine, in the folder of prepared data."""
    text = json.dumps(determining, sort_keys=True, default=str)
    return root / "features" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.h5"


def _read(cache: Path) -> np.ndarray | None:
    """Features that were computed before; None where they are missing or damaged."""
    try:
        return store.read(cache)[0]["features"]
    except (DataError, KeyError):
        return None


def _compute(backbone, items: np.ndarray, layers: list, cache: Path) -> np.ndarray:
    print(f"Computing the features of {len(items):,} items, once: {cache}", flush=True)
    model = compile_model(items, layers, backbone, "sgd")
    model.prepare_launches(1, on_gpu=False)
    indices = np.arange(len(items), dtype=np.int32)
    found = model.predict(indices, model.evaluation_batch, verbose=0).astype(np.float32)
    remove_leftovers(cache.parent)
    require_space(cache.parent, found.nbytes)
    with store.create(cache) as file:
        file["features"] = found
        store.set_attributes(file, {"items": len(found)})
    return found
