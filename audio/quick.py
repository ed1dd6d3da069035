"""Two sound networks that learn in a minute, `quick` and `strong`: they halve the picture early."""

import keras
from keras import layers

from audio.constants import QUICK


def build_model(name: str, shape, classes: int) -> keras.Sequential:
    """A network of QUICK, for clips of any length.

    Takes spectrograms in decibels, batch x mels x frames x channels, and gives float32
    probabilities, batch x classes.
    """
    first, *rest = widths = QUICK[name]
    frames = -(-shape[1] // 2 ** len(widths))  # that are left behind the last group
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.BatchNormalization(axis=1, momentum=0.9, center=False, scale=False),
            layers.Conv2D(first, 5, strides=2, padding="same", use_bias=False),
            *_normed(),
            *(layer for width in rest for layer in _group(width)),
            layers.AveragePooling2D((1, frames)),  # over time alone: pitch tells classes apart
            layers.Flatten(),
            layers.Dense(classes),
            layers.Activation("softmax", dtype="float32"),
        ],
        name=name,
    )


def _group(width: int) -> list:
    pool = layers.MaxPooling2D(padding="same")
    return [_conv(width), pool, *_normed(), _conv(width), *_normed()]


def _conv(width: int) -> layers.Layer:
    return layers.Conv2D(width, 3, padding="same", use_bias=False)


def _normed() -> list:
    return [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
