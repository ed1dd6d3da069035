"""The augmentation of training images: shifts and flips, as published and of the quick networks."""

import keras
from keras import ops

from cifar.constants import PIXELS, SHIFT


class ShiftAndFlip(keras.layers.Layer):
    """Shift images by a real-valued distance and mirror half of them, in training only.

    Takes and gives float32 images, batch x height x width x channels. The shift is uniform within
    +-SHIFT of the height and of the width, bilinear, with edge pixels repeated; the probability of
    a horizontal flip is 0.5.
    """

    def __init__(self, seed: int = 0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        if not training:
            return images
        count, height, width, _ = ops.shape(images)
        draws = keras.random.uniform((3, count), -1, 1, seed=self.seed_generator)
        return transform(images, SHIFT * height * draws[0], SHIFT * width * draws[1], draws[2] < 0)


class AlternatingFlip(keras.layers.Layer):
    """Mirror every image in every other epoch, and shift it by whole pixels, in training only.

    Takes and gives float32 images of whole numbers, batch x height x width x channels. Whether an
    image is mirrored in odd epochs or in even ones is decided by its own pixels, by the parity of
    their sum, so that neither its place in the batch nor the seed matters. The shift is up to
    PIXELS in each direction, with edge pixels repeated.
    """

    def __init__(self, seed: int = 0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.epoch = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False)

    def call(self, images, training=False):
        if not training:
            return images
        count = ops.shape(images)[0]
        side = 2 * PIXELS + 1
        draws = keras.random.randint((2, count), 0, side, seed=self.seed_generator)
        down, right = (ops.cast(draw - PIXELS, "float32") for draw in (draws[0], draws[1]))
        pixels = ops.sum(ops.cast(images, "int32"), axis=(1, 2, 3))
        return transform(images, down, right, (pixels + self.epoch) % 2 == 1)


def transform(images, down, right, flip):
    """Shift every image by its own distance, then mirror those with flip.

    images: float32, batch x height x width x channels. down, right: float32, batch, in pixels.
    flip: bool, batch. A bilinear shift is one small matrix for the rows and one for the columns.
    """
    _, height, width, _ = images.shape
    rows = _shift_matrix(down, height)
    columns = _shift_matrix(right, width)
    columns = ops.where(flip[:, None, None], ops.flip(columns, axis=1), columns)
    return ops.einsum("bij,bjkc,blk->bilc", rows, images, columns)


def _shift_matrix(distance, size: int):
    """batch x size x size: row i holds the weights of the old pixels that make new pixel i."""
    grid = ops.arange(size, dtype="float32")
    source = ops.clip(grid[None, :] - distance[:, None], 0, size - 1)
    return ops.relu(1 - ops.abs(source[:, :, None] - grid))
