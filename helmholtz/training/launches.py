"""Several batches in one launch, so that a GPU that is done with one in no time need not wait."""

import keras
import numpy as np

from helmholtz.data.items import Items
from helmholtz.training.device import output_sizes
from helmholtz.training.feed import batches, entrance, from_disk, on_jax, reading

EVALUATION_BATCH = 500
EVALUATION_BYTES = 1 << 32
STEPS = 64  # batches of a launch; between two of them Ctrl-C is heard and the bar is drawn
LAUNCH_BYTES = 1 << 28  # of the items of a launch that come from disk


class Model(keras.Sequential):
    """A Sequential that works off launch batches of batch_size items at a time.

    Every batch is a step of its own, in order, as if it had been launched alone. On a processor
    there is nothing to gain, and launch is 1.
    """

    stored = None  # the Items, where they stay on disk

    @classmethod
    def of(cls, items, layers: list, network) -> "Model":
        """From items, as feed.entrance takes them, to what the network gives."""
        model = cls([*entrance(items), *layers, network])
        model.stored = items if isinstance(items, Items) else None
        return model

    def exchange(self, items: Items) -> None:
        """Take other items of the same shape, from where the model takes them."""
        if self.stored is None:
            self.layers[0].items.assign(items[:])
        else:
            self.stored = items

    def prepare_launches(self, batch_size: int, on_gpu: bool) -> None:
        """To be called between compile and fit."""
        self.batch_size, self.launch = batch_size, STEPS if on_gpu else 1
        if self.stored is not None:
            batch_bytes = batch_size * self.stored.nbytes // len(self.stored)
            self.launch = max(1, min(self.launch, LAUNCH_BYTES // batch_bytes))
        self.evaluation_batch = _evaluation_batch(self.layers[-1])
        self.steps_per_execution = 1 if on_jax() else self.launch

    @property
    def dispatch_size(self) -> int:
        """Items that fit is to hand over at a time."""
        return self.batch_size * (self.launch if on_jax() else 1)

    def feed(self, indices: np.ndarray, labels: np.ndarray, size: int) -> dict:
        """Arguments for fit and evaluate: the items of these indices in batches of a size."""
        if self.stored is None:
            return batches(indices, labels, size)
        return {"x": from_disk(self.stored, indices, labels, size)}

    def fit(self, **fed):
        """Of Keras; raises DataError when an item cannot be read."""
        with reading(self.stored):
            return super().fit(**fed)

    def evaluate(self, **fed):
        """Of Keras, like fit."""
        with reading(self.stored):
            return super().evaluate(**fed)

    def probabilities(self, indices: np.ndarray) -> np.ndarray:
        """float32, items x classes, of the items of these indices, in their order."""
        if self.stored is None:
            return self.predict(indices, self.evaluation_batch, verbose=0)
        stored = from_disk(self.stored, indices, indices, self.evaluation_batch)
        with reading(self.stored):
            return self.predict(stored, verbose=0)

    def train_step(self, *arguments):
        """With JAX, where Keras' own steps_per_execution is a loop on the host: a scan."""
        if not on_jax():
            return super().train_step(*arguments)
        import jax

        state, (x, y, *_) = arguments
        one, whole = super().train_step, len(x) // self.batch_size
        if len(x) > self.batch_size:
            end = whole * self.batch_size
            batches = [a[:end].reshape(whole, -1, *a.shape[1:]) for a in (x, y)]
            state, logs = jax.lax.scan(lambda s, batch: one(s, batch)[::-1], state, batches)
            logs = jax.tree.map(lambda values: values[-1], logs)
            x, y = x[end:], y[end:]
        if len(x):
            logs, state = one(state, (x, y))
        return logs, state


def _evaluation_batch(network) -> int:
    """Items judged at a time: as many as leave room for two layers of the network."""
    item = 4 * max(output_sizes(network), default=1)
    return max(1, min(EVALUATION_BATCH, EVALUATION_BYTES // (2 * item)))
