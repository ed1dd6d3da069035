"""The six networks, from one table and one builder.

python -m cifar.models        writes cifar_paras/<parameters>_<model>.txt
"""

from itertools import chain
from pathlib import Path

import keras
from keras import layers

from cifar.constants import ARCHITECTURES, LABELS, SIZE
from helmholtz import cli
from helmholtz.training import model_text


def build_model(name: str, shape=(SIZE, SIZE, 3), classes: int = len(LABELS)) -> keras.Sequential:
    """An untrained network of ARCHITECTURES.

    Takes float images in 0..1, batch x height x width x channels, and gives float32
    probabilities, batch x classes.
    """
    architecture = ARCHITECTURES[name]
    stack = [keras.Input(shape), _conv(32), _conv(64), _downsample(), layers.Dropout(0.5)]
    for _ in range(architecture["blocks"]):
        stack += [_conv(128), _conv(128), _downsample(), layers.Dropout(0.5)]
    dense = architecture["dense"]
    stack += _dense_tail(dense, classes) if dense else _conv_tail(classes)
    return keras.Sequential([*stack, layers.Activation("softmax", dtype="float32")], name=name)


def _conv(filters: int, size: int = 3) -> layers.Layer:
    return layers.Conv2D(filters, size, padding="same", activation="relu")


def _downsample() -> layers.Layer:
    return layers.Conv2D(128, 3, strides=2, padding="same")  # no ReLU, as published


def _conv_tail(classes: int) -> list:
    return [_conv(128), _conv(128, 1), layers.Conv2D(classes, 1), layers.GlobalAveragePooling2D()]


def _dense_tail(sizes: list[int], classes: int) -> list:
    hidden = [[layers.Dense(size, activation="relu"), layers.Dropout(0.5)] for size in sizes]
    # The ReLU before the softmax is the published network's, kept on purpose.
    return [layers.Flatten(), *chain(*hidden), layers.Dense(classes, activation="relu")]


def main(argv=None) -> None:
    cli.Parser(description=__doc__.split("\n\n")[0]).parse_args(argv)
    model_text.write(Path(__file__).parents[1] / "cifar_paras", build_model, ARCHITECTURES)


if __name__ == "__main__":
    cli.run(main)
