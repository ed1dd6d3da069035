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

FLAGS = ("limit", "precision", "tile")  # that change features, besides network and data


def split(network, items: np.ndarray, layers: list, root: Path, setting: dict) -> tuple:
    """The head of a network whose backbone is frozen, and its input for all items.

    layers: those before the network, which do not augment here. The features, float32, items x
    features, are read from the folder of prepared data, or computed and written there. The head
    shares its layers with the network. Raises MachineError when the folder cannot be written.
    """
    print("The backbone is frozen: nothing is augmented, and its features are computed once.")
    *_, dense, softmax = network.layers
    backbone, inputs = keras.Model(network.input, dense.input), keras.Input(dense.input.shape[1:])
    cache = root / "features" / f"{_key(setting)}.h5"
    try:
        with locked(cache.parent):
            found = _read(cache)
            found = _compute(backbone, items, layers, cache) if found is None else found
    except OSError as error:
        datadir.explain(error)
        raise
    return keras.Model(inputs, softmax(dense(inputs)), name=network.name), found


def _key(setting: dict) -> str:
    flags = [setting["flags"].get(name) for name in FLAGS]
    parts = [setting["network"], setting["data"]["digest"], setting["versions"], flags]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _read(cache: Path) -> np.ndarray | None:
    """Features that were computed before; None where they are missing or damaged."""
    try:
        return store.read(cache)[0]["features"]
    except DataError:
        return None


def _compute(backbone, items: np.ndarray, layers: list, cache: Path) -> np.ndarray:
    print(f"Computing the features of {len(items):,} items: {cache}", flush=True)
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
