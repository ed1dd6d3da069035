"""Features of a frozen backbone, computed once a rate: heads and seeds then train in seconds."""

import hashlib
import json
import math
from pathlib import Path

import keras
import numpy as np

from helmholtz.data.items import Items
from helmholtz.errors import DataError
from helmholtz.io import datadir, store
from helmholtz.io.files import locked, remove_leftovers, require_space
from helmholtz.training.model import compile_model

BLOCK = 64  # batches whose features are written at a time
FLAGS = ("limit", "precision", "tile")  # that change features, besides network and data


def split(network, items, layers: list, root: Path, setting: dict) -> tuple:
    """The head of a network whose backbone is frozen, and its input for all items.

    items: as compile_model takes them. layers: those before the network, which do not augment
    here. The features, Items of float32, are in the folder of prepared data, or computed and
    written there. The head shares its layers with the network. Raises MachineError when the folder
    cannot be written.
    """
    print("The backbone is frozen: nothing is augmented, and its features are computed once.")
    *_, dense, softmax = network.layers
    backbone, inputs = keras.Model(network.input, dense.input), keras.Input(dense.input.shape[1:])
    cache = root / "features" / f"{_key(setting)}.h5"
    try:
        with locked(cache.parent):
            if (found := _read(cache)) is None:
                _compute(backbone, items, layers, cache)
                found = _read(cache)
    except OSError as error:
        datadir.explain(error)
        raise
    stored = Items([found], np.arange(len(found)))
    return keras.Model(inputs, softmax(dense(inputs)), name=network.name), stored


def _key(setting: dict) -> str:
    flags = [setting["flags"].get(name) for name in FLAGS]
    parts = [setting["network"], setting["data"]["digest"], setting["versions"], flags]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _read(cache: Path) -> np.ndarray | None:
    """Features that were computed before; None where they are missing or damaged."""
    try:
        return store.read(cache, mapped=True)[0]["features"]
    except DataError:
        return None


def _compute(backbone, items, layers: list, cache: Path) -> None:
    print(f"Computing the features of {len(items):,} items: {cache}", flush=True)
    model = compile_model(items, layers, backbone, "sgd")
    model.prepare_launches(1, on_gpu=False)
    shape = (len(items), backbone.output_shape[-1])
    remove_leftovers(cache.parent)
    require_space(cache.parent, 4 * math.prod(shape))
    indices, block = np.arange(len(items), dtype=np.int32), BLOCK * model.evaluation_batch
    with store.create(cache) as file:
        found = file.create_dataset("features", shape, np.float32)
        for start in range(0, len(items), block):
            found[start : start + block] = model.probabilities(indices[start : start + block])
        store.set_attributes(file, {"items": len(items)})
