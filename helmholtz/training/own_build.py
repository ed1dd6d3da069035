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

from helmholtz.domain import Domain, Recipe
from helmholtz.errors import DataError, UsageError
from helmholtz.own_network import Own
from helmholtz.schema import BEST
from helmholtz.text import shown
from helmholtz.training import keras_file, own_source, prediction, recipes, train_command
from helmholtz.training.model import set_precision, set_up

HELD_OUT = 0.2  # share of the training split that chooses the best epoch, where the domain has none
TRIED = 3  # items that a network is tried on
RESCALED = "EfficientNetB"  # whose published weights hold deviations in place of variances
SUM_ERROR = 1e-3  # of a row of probabilities


def for_training(own: Own, domain: Domain, args: Namespace, data) -> tuple:
    """(untrained network, Recipe, what setting.json says of it); completes args by the recipe.

    Code is run with unlike seeds, and the network is tried on the first items of the data.
    Raises UsageError for one that cannot be trained or would not be the same another time.
    """
    classes, items = len(data.classes), data.splits["train"][0][:TRIED]
    if own.label != args.model:
        raise UsageError(f"{shown(own.asked)} changed after the command had started: start again.")
    if args.weights and own.kind == "application" and own.identity["name"].startswith(RESCALED):
        raise UsageError(
            f"Keras gives {own.identity['name']} a layer that its published weights need only when "
            "it downloads them itself: take another network, such as EfficientNetV2B0."
        )
    recipe, seeds = recipes.default(domain), [args.seed]
    if own.kind in ("file", "module"):
        seeds = [(args.seed + 1) % 2**32, args.seed]
        set_up(seeds[0], "float32")
        recipe = _recipe(own, domain, build(own, domain, items.shape[1:], classes)[1])
    train_command.fill_in(args, domain, recipe)
    network, digest = _built_alike(own, domain, items.shape[1:], classes, seeds, args.precision)
    if args.precision == "bfloat16" and not _computes(network, "bfloat16"):
        raise UsageError(f"{shown(own.asked)} computes in float32: leave --precision out.")
    if wrong := _wrong_output(own, network, recipe, items, classes):
        raise UsageError(f"{shown(own.asked)} gives {wrong}.")
    if args.weights and own.kind == "application":
        _load_backbone(network.get_layer("backbone"), args.weights)
    network.name = own.label
    return network, recipe, own.identity | {"architecture": digest}


def _built_alike(own: Own, domain: Domain, shape, classes: int, seeds, precision: str) -> tuple:
    """(network of the last seed, digest); UsageError where other seeds give other networks."""
    digests = set()
    for seed in seeds:
        set_up(seed, precision)
        network, _ = build(own, domain, shape, classes)
        digests.add(digest := architecture(own, network))
    if len(digests) > 1:
        raise UsageError(
            f"{shown(own.asked)} builds a different network each time: make it deterministic."
        )
    return network, digest


def _computes(network: keras.Model, dtype: str) -> bool:
    """Whether any layer with weights computes in it."""
    layers = [layer for layer in network._flatten_layers(include_self=False) if layer.weights]
    return any(layer.compute_dtype == dtype for layer in layers)


def rebuild(domain: Domain, setting: dict, own: Own | None) -> tuple[keras.Model, Recipe]:
    """The network of a finished run, untrained. Raises UsageError when an own one is another."""
    shape, classes = setting["shape"], len(setting["data"]["classes"])
    if own is None:
        chosen = domain.networks[setting["model"]]
        return chosen.build(shape, classes), chosen.recipe
    policy = keras.config.dtype_policy()
    set_precision(setting["flags"]["precision"])  # of which the digest is
    network, given = build(own, domain, shape, classes)
    if architecture(own, network) != setting["network"].get("architecture"):
        raise UsageError(f"{shown(own.asked)} builds a different network from the run's.")
    if keras.config.dtype_policy() != policy:
        keras.config.set_dtype_policy(policy)
        network, given = build(own, domain, shape, classes)
    return network, _recipe(own, domain, given)


def build(own: Own, domain: Domain, shape, classes: int) -> tuple[keras.Model, object]:
    """An untrained network, and what a function returned as its recipe. Raises UsageError."""
    policy = keras.config.dtype_policy()
    keras.utils.clear_session()  # so that layers are numbered from the start; forgets the precision
    keras.config.set_dtype_policy(policy)
    with own_source.reporting_errors(own):
        if own.kind == "application":
            made = _application(own, domain.input_range, tuple(shape), classes)
        elif own.kind == "keras":
            made = keras_file.build(own)
        else:
            made = own_source.function(own)(tuple(shape), classes, **own.identity["args"])
        network, given = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
        if not isinstance(network, keras.Model):
            kind = type(network).__name__
            raise UsageError(f"{shown(own.asked)} returns a {kind}: it must return a Keras model.")
        if not network.built:
            network.build((None, *shape))
    return network, given


def _application(own: Own, values: tuple, shape: tuple, classes: int) -> keras.Model:
    """A network of keras.applications without its top, and a softmax on its mean features.

    values: the least and greatest that it is given; it was trained on 0 to 255.
    """
    name, args = own.identity["name"], own.identity["args"]
    make = getattr(keras.applications, name, None)
    if not callable(make) or not name[:1].isupper():
        raise UsageError(f"keras.applications has no {shown(name)}.")
    backbone = make(include_top=False, weights=None, input_shape=shape, pooling="avg", **args)
    frozen, inputs = own.identity["freeze"], keras.Input(shape)
    backbone.name, backbone.trainable = "backbone", not frozen
    scale = 255 / (values[1] - values[0])
    scaled = keras.layers.Rescaling(scale, -scale * values[0])(inputs)
    scaled = importlib.import_module(make.__module__).preprocess_input(scaled)
    # In inference mode, or the dropout of a frozen backbone would stay on.
    features = backbone(scaled, training=False) if frozen else backbone(scaled)
    outputs = keras.layers.Dense(classes)(features)
    outputs = keras.layers.Activation("softmax", dtype="float32")(outputs)
    return keras.Model(inputs, outputs)


def _load_backbone(backbone: keras.Model, path: Path) -> None:
    """Load a file of weights, as keras.applications publishes them; DataError for another's.

    Keras skips what a file lacks with a warning alone, so every kernel has to change.
    """
    kernels = [variable for variable in backbone.variables if len(variable.shape) > 1]
    before = [kernel.numpy() for kernel in kernels]
    with warnings.catch_warnings(action="ignore"):
        prediction.load_weights(backbone, path, ".h5")
    if any(np.array_equal(old, new.numpy()) for old, new in zip(before, kernels, strict=True)):
        raise DataError(f"{shown(path)} lacks weights of the network without its top.")


def _recipe(own: Own, domain: Domain, given) -> Recipe:
    """The Recipe that a function returned, its flags checked and completed; or the default.

    Where the best epoch counts, held-out items choose it, and not those of the test split.
    """
    default = recipes.default(domain)
    if given is None:
        return default
    if not isinstance(given, Recipe):
        raise UsageError(
            f"{shown(own.asked)} returns a recipe that is not a helmholtz.domain.Recipe."
        )
    if unused := given.flags.keys() - train_command.SET_BY_RECIPE:
        raise UsageError(
            f"{shown(own.asked)} returns a recipe with {', '.join(sorted(unused))}, which no "
            "recipe sets: give the flag to the command."
        )
    try:
        words = [f"--{name}={value}" for name, value in given.flags.items()]
        checked = vars(train_command.parse_args(domain, "", words))
    except UsageError as error:
        raise UsageError(f"{shown(own.asked)} returns a recipe that is wrong: {error}") from None
    val = {"val": domain.val or HELD_OUT} if given.counted == BEST else {}
    own_flags = {name: checked[name] for name in checked.keys() & given.flags}
    return replace(given, flags=default.flags | val | own_flags)


def _wrong_output(own: Own, network, recipe: Recipe, items: np.ndarray, classes: int) -> str:
    """What is wrong with what a network gives for items; "" when they are probabilities."""
    with own_source.reporting_errors(own):
        for layer in recipe.layers():
            items = layer(items)
        found = network(items, training=False)
    shape = tuple(getattr(found, "shape", ()))
    if shape != (len(items), classes):
        sides = " x ".join(map(str, shape[1:])) or "one number"
        return f"{sides} for an item, not {classes} probabilities"
    rows = keras.ops.convert_to_numpy(found)
    if rows.dtype != "float32":
        return f'{rows.dtype}: end it with Activation("softmax", dtype="float32")'
    if not np.isfinite(rows).all():
        return "NaN or infinity before it is trained: look at its layers"
    if rows.min() < 0 or abs(rows.sum(axis=1) - 1).max() > SUM_ERROR:
        return "logits or other numbers, not probabilities that sum to 1: end it with a softmax"
    return ""


def architecture(own: Own, network) -> str:
    """A digest of the layers with their settings, precision among them, and all weights' shapes."""
    with own_source.reporting_errors(own):  # a layer of the user's own may not say its settings
        config = keras.saving.serialize_keras_object(network)
    config.pop("compile_config", None)
    text = json.dumps([config, [list(variable.shape) for variable in network.variables]])
    return hashlib.sha256(text.encode()).hexdigest()
