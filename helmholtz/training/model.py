"""The compiled model: from the index of an item to the probabilities of its classes."""

import keras
import numpy as np

from helmholtz.training.launches import Model


def set_up(seed: int, precision: str) -> None:
    """Set what a run's weights start from, and the precision that its layers compute in."""
    keras.utils.set_random_seed(seed)
    set_precision(precision)


def set_precision(precision: str) -> None:
    """Set what the layers that are made from now on compute in."""
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")


def compile_model(
    items, layers: list, network, optimizer, loss="sparse_categorical_crossentropy"
) -> keras.Model:
    """From an index to probabilities: the items, the layers before the network, the network.

    items: an array for the device, or data.items.Items that stay on disk.
    """
    model = Model.of(items, layers, network)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="acc")
    model.compile(optimizer, loss, metrics=[accuracy])
    return model


def seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the state of augmentation and dropout from (seed, epoch)."""
    generators = _generators(model)
    states = np.random.SeedSequence([seed, epoch]).generate_state(len(generators))
    for generator, state in zip(generators, states, strict=True):
        generator.state.assign(np.array([state, 0], generator.state.dtype))
    for layer in model.layers:
        if hasattr(layer, "epoch"):
            layer.epoch.assign(epoch)


def _generators(model: keras.Model) -> list:
    """All generators of random states, each once: first those of the model's and the network's
    own layers, whose order is that of the published experiment, then those nested deeper."""
    network = model.layers[-1]
    layers = [*model.layers, *network.layers, *network._flatten_layers()]
    found = [generator for layer in layers for generator in layer._seed_generators]
    return list({id(generator): generator for generator in found}.values())
