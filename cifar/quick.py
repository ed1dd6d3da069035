"""Two image networks that learn in minutes, `quick` and `strong`, after airbench94.

K. Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, arXiv:2404.00498 (2024).
"""

import keras
import numpy as np
from keras import layers

from cifar.constants import QUICK, SIZE
from helmholtz.errors import UsageError

PATCH = 2  # pixels a side of the patches that are whitened
LEAST = PATCH - 1 + 8  # pixels a side that leave one behind the last group
IMAGES = 5000  # of SIZE whose patches are looked at; of larger ones as many pixels
EPSILON = 5e-4  # added to the variance of a direction


def build_model(name: str, shape, classes: int) -> keras.Sequential:
    """A network of QUICK; initialise sets its first weights.

    Takes float images in 0..1, batch x height x width x channels, and gives float32 probabilities,
    batch x classes. Raises UsageError when the images are too small for the network.
    """
    if min(shape[:2]) < LEAST:
        raise UsageError(
            f"{name} needs images of {LEAST} x {LEAST} pixels and more, not {shape[0]} x "
            f"{shape[1]}: give a larger --size, or another --model."
        )
    widths = QUICK[name]
    filters = 2 * PATCH * PATCH * shape[2]
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Rescaling(4.0, -2.0),  # pixels of a mean near 0 and a variance near 1
            layers.Conv2D(filters, PATCH, use_bias=False, trainable=False, name="whitening"),
            layers.ReLU(),
            *(layer for width in widths for layer in _group(width)),
            layers.GlobalMaxPooling2D(),
            layers.Dense(classes, use_bias=False),
            layers.Rescaling(1 / 9),
            layers.Activation("softmax", dtype="float32"),
        ],
        name=name,
    )


def _group(width: int) -> list:
    return [_conv(width), layers.MaxPooling2D(), *_normed(), _conv(width), *_normed()]


def _conv(width: int) -> layers.Layer:
    return layers.Conv2D(width, 3, padding="same", use_bias=False)


def _normed() -> list:
    return [layers.BatchNormalization(momentum=0.6, epsilon=1e-5, scale=False), layers.ReLU()]


def initialise(network: keras.Sequential, images: np.ndarray) -> None:
    """Set the weights that a network starts from, some of them computed from its training images.

    images: uint8, N x height x width x channels; the first ones are looked at. The first layer
    whitens patches, and every other convolution starts by passing its input through.
    """
    height, width = images.shape[1:3]
    count = max(1, min(IMAGES, IMAGES * SIZE**2 // (height * width)))
    network.get_layer("whitening").set_weights([whitening(4 * (images[:count] / 255) - 2)])
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D) and layer.trainable:
            layer.set_weights([_dirac(layer.get_weights()[0])])


def whitening(images: np.ndarray) -> np.ndarray:
    """The kernel of a convolution whose outputs are uncorrelated and of variance 1, and negated.

    images: floats, N x height x width x channels. Gives float32, PATCH x PATCH x channels x
    filters: the eigenvectors of the patches' covariance, each divided by the root of its
    eigenvalue, and then their negatives, as a ReLU follows.
    """
    size = (PATCH, PATCH)
    patches = np.lib.stride_tricks.sliding_window_view(images, size, axis=(1, 2))[:, ::2, ::2]
    vectors = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, PATCH * PATCH * images.shape[3])
    values, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    scaled = (directions / np.sqrt(values + EPSILON)).reshape(*size, images.shape[3], -1)
    return np.concatenate([scaled, -scaled], axis=-1).astype(np.float32)


def _dirac(kernel: np.ndarray) -> np.ndarray:
    """The kernel with its first filters replaced by those that give one input channel each."""
    passed = min(kernel.shape[2:])
    kernel[..., :passed] = 0
    kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, range(passed), range(passed)] = 1
    return kernel
