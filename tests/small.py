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
