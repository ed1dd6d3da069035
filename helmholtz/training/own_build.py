"""The user's own network, built and checked: what must hold before anything is trained."""

import hashlib
import importlib
import json
import warnings
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from helmholtz import own_network
from helmholtz.domain import Domain, Recipe
from helmholtz.errors import UsageError
from helmholtz.own_network import Own
from helmholtz.text import printable, shown
from helmholtz.training import keras_file, own_source, recipes, train_command
from helmholtz.training.model import set_up

SUM_ERROR = 1e-3  # of a row of probabilities
SETTLED = {"include_top", "weights", "input_tensor", "input_shape", "pooling", "classes"}
SETTLED |= {"classifier_activation", "name"}  # what keras.applications takes and is decided here


def for_training(domain: Domain, args: Namespace, items: np.ndarray, classes: int) -> tuple:
    """(network, Recipe, what setting.json says of the network); completes args by the recipe.

    items: a few, as they are stored, to try the network on. Code is run twice, with unlike seeds.
    Raises UsageError for a network that cannot be trained or would not be the same another time.
    """
    own, shape = own_network.of_flags(args), items.shape[1:]
    if own.label != args.model:
        raise UsageError(f"{shown(own.asked)} was changed meanwhile: start again.")
    recipe, first = recipes.default(domain), None
    if own.kind in ("file", "module"):
        set_up((args.seed + 1) % 2**32, args.precision or "float32")
        network, given = build(own, shape, classes)
        recipe, first = _recipe(own, domain, given), architecture(own, network)
    train_command.fill_in(args, domain, recipe)
    set_up(args.seed, args.precision)
    network, _ = build(own, shape, classes)
    digest = architecture(own, network)
    if first not in (None, digest):
        raise UsageError(
            f"{shown(own.asked)} builds another network each time: it must depend on its "
            "arguments alone."
        )
    _check_output(own, network, recipe, items, classes)
    if args.weights and own.kind == "application":
        _load_backbone(own, network, args.weights)
    return network, recipe, own.identity | {"architecture": digest}


def rebuild(own: Own, setting: dict, classes: int) -> keras.Model:
    """The network of a finished run, untrained. Raises UsageError when it is another now."""
    network, _ = build(own, setting["shape"], classes)
    if architecture(own, network) != setting["network"].get("architecture"):
        raise UsageError(
            f"{shown(own.asked)} builds another network than the run had: what it imports has "
            "changed."
        )
    return network


def build(own: Own, shape, classes: int) -> tuple[keras.Model, object]:
    """An untrained network and what came with it as its recipe, or None. Raises UsageError."""
    keras.utils.clear_session()  # so that layers are numbered from the start
    with own_source.told(own):
        if own.kind == "application":
            made = _application(own, tuple(shape), classes)
        elif own.kind == "keras":
            made = _of_file(own, shape)
        else:
            made = own_source.function(own)(tuple(shape), classes, **own.identity["args"])
        network, given = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
        if isinstance(network, keras.Model) and not network.built:
            network.build((None, *shape))
    if not isinstance(network, keras.Model):
        raise UsageError(
            f"{shown(own.asked)} returns a {type(network).__name__}: it must return a Keras "
            "model, or a model and a recipe."
        )
    return network, given


def _of_file(own: Own, shape) -> keras.Model:
    if own.identity["args"]:
        raise UsageError("--model_args is for functions and keras:NAME: a .keras file has none.")
    network = keras_file.build(own)
    taken = tuple(getattr(network, "input_shape", None) or ())[1:]
    if len(taken) != len(shape) or any(a not in (None, b) for a, b in zip(taken, shape)):  # noqa: B905
        raise UsageError(f"{shown(own.path)} takes items of {_sides(taken)}, not {_sides(shape)}.")
    return network


def _application(own: Own, shape: tuple, classes: int) -> keras.Model:
    """A network of keras.applications without its top, and a softmax on its mean features."""
    name, args = own.identity["name"], own.identity["args"]
    make = getattr(keras.applications, name, None)
    if not callable(make) or not name[:1].isupper():
        raise UsageError(f"keras.applications has no {shown(name)}.")
    if settled := sorted(SETTLED & args.keys()):
        raise UsageError(f"--model_args cannot set {settled[0]} of keras:{name}.")
    if shape[-1] != 3:
        raise UsageError(f"keras:{name} takes items of 3 channels, not {shape[-1]}.")
    backbone = make(include_top=False, weights=None, input_shape=shape, pooling="avg", **args)
    frozen, inputs = own.identity["freeze"], keras.Input(shape)
    backbone.trainable = not frozen
    module = importlib.import_module(make.__module__)  # which knows what it was trained on
    scaled = module.preprocess_input(keras.layers.Rescaling(255)(inputs))
    # In inference mode, or the dropout of a frozen backbone would stay on.
    features = backbone(scaled, training=False) if frozen else backbone(scaled)
    outputs = keras.layers.Dense(classes)(features)
    outputs = keras.layers.Activation("softmax", dtype="float32")(outputs)
    return keras.Model(inputs, outputs, name=own.label)


def _load_backbone(own: Own, network: keras.Model, path: Path) -> None:
    """Load a file of weights, as keras.applications publishes them, into the backbone."""
    from helmholtz.io import store

    store.probe_in_subprocess(path)
    backbone = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    kernels = [variable for variable in backbone.variables if len(variable.shape) > 1]
    before, foreign = [kernel.numpy() for kernel in kernels], None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are skipped: they are found below
            backbone.load_weights(path)
    except Exception as error:  # h5py and Keras have no type of their own for a foreign file
        foreign = error
    pairs = zip(before, kernels, strict=True)
    if foreign or any(np.array_equal(old, kernel.numpy()) for old, kernel in pairs):
        raise UsageError(
            f"{shown(path)} holds no weights of {own.identity['name']} without its top "
            "(include_top=False)."
        ) from foreign


def _recipe(own: Own, domain: Domain, given) -> Recipe:
    """The default recipe with the flags that a function returned, or the Recipe that it did."""
    default = recipes.default(domain)
    if not isinstance(given, Recipe | dict | None):
        raise UsageError(f"{shown(own.asked)} returns a recipe that is no dict and no Recipe.")
    changed = given.flags if isinstance(given, Recipe) else given or {}
    if unknown := sorted(map(str, changed.keys() - train_command.SET_BY_RECIPE)):
        known = ", ".join(sorted(train_command.SET_BY_RECIPE))
        raise UsageError(
            f"{shown(own.asked)} returns {unknown[0]!r} in its recipe: it has {known}."
        )
    words = [f"--{name}={value}" for name, value in changed.items()]
    try:
        checked = train_command.parse_args(domain, "", words)
    except UsageError as error:
        raise UsageError(f"{shown(own.asked)} returns a recipe that is wrong: {error}") from None
    flags = default.flags | {name: getattr(checked, name) for name in changed}
    return replace(given if isinstance(given, Recipe) else default, flags=flags)


def _check_output(own: Own, network, recipe: Recipe, items: np.ndarray, classes: int) -> None:
    with own_source.told(own):
        for layer in recipe.layers():
            items = layer(items)
        found = network(items, training=False)
    shape = tuple(getattr(found, "shape", ()))
    if shape != (len(items), classes):
        raise UsageError(
            f"{shown(own.asked)} gives {_sides(shape[1:])} for an item, not {classes} "
            "probabilities."
        )
    rows = keras.ops.convert_to_numpy(found)
    said = "not probabilities that sum to 1: end it with a softmax"
    if rows.dtype != "float32":
        what, said = str(rows.dtype), 'end it with Activation("softmax", dtype="float32")'
    elif not np.isfinite(rows).all():
        what, said = "NaN or infinity", "before it is trained: look at its layers"
    elif rows.min() < 0 or abs(rows.sum(axis=1) - 1).max() > SUM_ERROR:
        what = "logits or other numbers"
    else:
        return
    raise UsageError(f"{shown(own.asked)} gives {what}, {said}.")


def _sides(shape) -> str:
    return " x ".join(map(str, shape)) or "one number"


def architecture(own: Own, network) -> str:
    """A digest of the layers with their settings, but for precision, and of all weights' shapes."""
    try:
        config = keras.saving.serialize_keras_object(network)
        config.pop("compile_config", None)
        text = json.dumps(config, sort_keys=True)
    except Exception as error:  # whatever a layer of the user's own raises
        said = printable(" ".join(str(error).split()))[:200].rstrip(".")
        raise UsageError(
            f"{shown(own.asked)} has a part that does not say its settings: give it a get_config "
            f"({said})."
        ) from error
    text += json.dumps([list(variable.shape) for variable in network.variables])
    return hashlib.sha256(text.replace('"mixed_bfloat16"', '"float32"').encode()).hexdigest()
