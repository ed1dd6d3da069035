"""A small network that has all that makes training depend on its order: for programs of tests."""

import keras
import numpy as np
from keras import layers

from cifar.augment import ShiftAndFlip
from helmholtz.training import model as models

PARTS = {"train": np.arange(53), "val": np.arange(53, 76)}  # six batches of 8, and five items
LABELS = np.arange(76) % 3


def compiled(items):
    """The network, ready to train; items: uint8, 76 x 8 x 8 x 3."""
    models.set_up(3, "float32")
    network = keras.Sequential(
        [
            *(keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()),
            *(layers.Dropout(0.5), layers.Flatten(), layers.Dense(3, "softmax")),
        ]
    )
    schedule = keras.optimizers.schedules.InverseTimeDecay(0.05, 1, 1e-2)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
    scale = layers.Rescaling(1 / 255)
    return models.compile_model(items, [scale, ShiftAndFlip()], network, optimizer)


def tiny_model(learning_rate=0.01, decay=1e-6):
    """Two classes told apart by one pixel; through the project's own fit."""
    items = np.zeros((64, 2, 2, 1), np.uint8)
    items[::2] = 255
    labels = np.arange(64) % 2
    network = keras.Sequential(
        [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2, "softmax")]
    )
    schedule = keras.optimizers.schedules.InverseTimeDecay(learning_rate, 1, decay)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
    scale = layers.Rescaling(1 / 255)
    return models.compile_model(items, [scale], network, optimizer), labels
