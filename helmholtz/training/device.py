"""What a run computes on, and whether its memory will do."""

import math

import keras

from helmholtz import machine
from helmholtz.errors import MachineError
from helmholtz.text import counted

STEP = 1.1  # times the outputs of all layers; measured steps took 1.1 to 1.6


def device() -> str:
    """The GPU's name, or the processor's where the backend sees none."""
    return gpu() or machine.processor()


def gpu() -> str | None:
    """The name of the GPU that the backend computes on, if it does."""
    if keras.backend.backend() == "jax":
        import jax

        first = jax.devices()[0]
        return first.device_kind if first.platform != "cpu" else None
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return None
    return tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")


def require_memory(network: keras.Model, batch: int, held: int) -> None:
    """Raise MachineError when a training step cannot fit into the memory of this machine.

    Counted are the outputs of all layers for one batch, which the backward pass needs, and held,
    the bytes of the data. On a GPU the backend itself answers for its memory.
    """
    free = machine.available_memory()
    if free is None or gpu() is not None:
        return
    size = 2 if "bfloat16" in keras.config.dtype_policy().compute_dtype else 4
    needed = STEP * size * batch * sum(output_sizes(network)) + held
    if needed > free:
        raise MachineError(
            f"A training step of {counted(batch, 'item')} needs at least {needed / 1e9:.1f} GB of "
            f"memory, and {free / 1e9:.1f} GB are free: lower --batch_size, or use smaller items."
        )


def output_sizes(network: keras.Model) -> list[int]:
    """Numbers that each layer gives for an item, those of nested networks among them.

    A layer that is only called within a layer of the user's own is not counted.
    """
    layers = network._flatten_layers(include_self=False)
    called = [x for x in layers if x._inbound_nodes and not isinstance(x, keras.layers.InputLayer)]
    tensors = [tensor for layer in called for tensor in layer._inbound_nodes[0].output_tensors]
    return [math.prod(side or 1 for side in tensor.shape[1:]) for tensor in tensors]
