"""Several batches in one launch, so that a GPU that is done with one in no time need not wait."""

import keras

from helmholtz.training.device import output_sizes

EVALUATION_BATCH = 500
EVALUATION_BYTES = 1 << 32
STEPS = 64  # batches of a launch; between two of them Ctrl-C is heard and the bar is drawn


class Model(keras.Sequential):
    """A Sequential that works off launch batches of batch_size items at a time.

    Every batch is a step of its own, in order, as if it had been launched alone. On a processor
    there is nothing to gain, and launch is 1.
    """

    def prepare_launches(self, batch_size: int, on_gpu: bool) -> None:
        """To be called between compile and fit."""
        self.batch_size, self.launch = batch_size, STEPS if on_gpu else 1
        self.evaluation_batch = _evaluation_batch(self.layers[-1])
        self.steps_per_execution = 1 if _jax() else self.launch

    @property
    def dispatch_size(self) -> int:
        """Items that fit is to hand over at a time."""
        return self.batch_size * (self.launch if _jax() else 1)

    def train_step(self, *arguments):
        """With JAX, where Keras' own steps_per_execution is a loop on the host: a scan."""
        if not _jax():
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


def batches(x, y, size: int) -> dict:
    """Arguments for fit and evaluate: arrays in batches of a size, in their order.

    For TensorFlow without the tuning of its input pipeline, whose thread has nothing to tune here
    and often keeps fit waiting for a second when it is done.
    """
    if _jax():
        return {"x": x, "y": y, "batch_size": size}
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(size)
    options = tf.data.Options()
    options.autotune.enabled = False
    return {"x": data.with_options(options)}


def _jax() -> bool:
    return keras.backend.backend() == "jax"
