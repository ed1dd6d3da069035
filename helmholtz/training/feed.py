"""Where a model takes its items from: the device's memory, or the disk."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from helmholtz.data.items import Items
from helmholtz.errors import DataError

AHEAD = 8  # batches whose pages are asked for before they are read


class Gather(keras.layers.Layer):
    """The whole data set, on the device as it is stored: takes indices, gives float32 items."""

    def __init__(self, items: np.ndarray):
        super().__init__(dtype="float32")
        self.items = self.add_weight(
            shape=items.shape,
            dtype=items.dtype.name,
            initializer=lambda *args, **kwargs: ops.convert_to_tensor(items),
            trainable=False,
            autocast=False,
        )

    def call(self, indices):
        return ops.cast(ops.take(self.items, indices, axis=0), "float32")


class ToFloat(keras.layers.Layer):
    """Items as they are stored, as float32: what Gather gives of those on the device."""

    def __init__(self):
        super().__init__(dtype="float32")

    def call(self, items):
        return ops.cast(items, "float32")


class Batches(keras.utils.PyDataset):
    """Items that stay on disk, in batches of a size in the order of indices, with their labels.

    A thread reads one batch ahead. Keras' own threads lose a batch when they are started twice, as
    they are with JAX (keras#23283).
    """

    def __init__(self, items: Items, indices: np.ndarray, labels: np.ndarray, size: int):
        super().__init__()
        self.items, self.indices, self.size = items, indices, size
        self.labels = labels.astype(np.int32)  # JAX has no int64
        self.thread, self.ahead = ThreadPoolExecutor(1), {}
        self.items.ask_for(indices[: AHEAD * size])

    def __len__(self) -> int:
        return -(-len(self.indices) // self.size)

    def __getitem__(self, place: int) -> tuple:
        this, following = (self.ahead.get(i) or self._begin(i) for i in (place, place + 1))
        self.ahead = {place + 1: following}
        return this.result()

    def _begin(self, place: int) -> Future:
        return self.thread.submit(self._read, place)

    def _read(self, place: int) -> tuple:
        here, ahead = (slice(i * self.size, (i + 1) * self.size) for i in (place, place + AHEAD))
        try:
            self.items.ask_for(self.indices[ahead])
            return self.items[self.indices[here]], self.labels[here]
        except DataError as error:
            self.items.problem = error
            raise


@contextmanager
def reading(items: Items | None) -> Iterator[None]:
    """Raise what kept Batches from reading items in place of what TensorFlow makes of it."""
    try:
        yield
    except Exception as error:
        if problem := getattr(items, "problem", None):
            raise problem from error
        raise


def entrance(items) -> list:
    """The first layers of a model, which give float32 items.

    items: an array, which goes to the device and of which the model takes indices; or Items, which
    stay on disk, and of which the model takes what from_disk gives.
    """
    if isinstance(items, Items):
        return [keras.Input(items.shape[1:], dtype=items.dtype.name), ToFloat()]
    return [keras.Input((), dtype="int32"), Gather(items)]


def batches(x, y, size: int) -> dict:
    """Arguments for fit and evaluate: arrays in batches of a size, in their order."""
    if on_jax():
        return {"x": x, "y": y, "batch_size": size}
    import tensorflow as tf

    return {"x": _untuned(tf.data.Dataset.from_tensor_slices((x, y)).batch(size))}


def from_disk(items: Items, indices: np.ndarray, labels: np.ndarray, size: int):
    """Items that stay on disk, as fit, evaluate and predict take them; see Batches."""
    found = Batches(items, indices, labels, size)
    if on_jax():
        return found
    import tensorflow as tf

    kinds = (items.dtype, items.shape[1:]), (labels.dtype, ())
    data = tf.data.Dataset.from_generator(
        lambda: map(found.__getitem__, range(len(found))),
        output_signature=tuple(tf.TensorSpec((None, *shape), dtype) for dtype, shape in kinds),
    )
    return _untuned(data.apply(tf.data.experimental.assert_cardinality(len(found))).prefetch(1))


def _untuned(data):
    """A pipeline of TensorFlow without its tuning, whose thread has nothing to tune here and often
    keeps fit waiting for a second when it is done."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)


def on_jax() -> bool:
    return keras.backend.backend() == "jax"
