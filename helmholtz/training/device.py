"""What a run computes on, and whether its memory will do."""

import math

import keras

from helmholtz import machine
from helmholtz.data.items import Items
from helmholtz.errors import MachineError
from helmholtz.text import counted

STEP = 1.1  # times the outputs of all layers; measured steps took 1.1 to 1.6
COPIES = 3  # of the data while they are put on the device; 2.8 were measured, and one stays


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


def place(items: Items, feed: str, network: keras.Model | None = None, batch: int = 0):
    """Items as compile_model takes them: an array, for the device, or unread, to stay on disk.

    feed: "device", "disk", or "auto", which keeps on disk, and says so, what does not fit into
    memory beside a training step of a batch. Raises MachineError when that step does not fit; on a
    GPU the backend itself answers for its memory.
    """
    step, free = _step_bytes(network, batch) if batch else 0, _free_memory()
    held = COPIES * items.nbytes
    if feed == "auto" and step + held > free:
        feed = "disk"
        said = f"{items.nbytes / 1e9:.2f} GB of data, {free / 1e9:.2f} GB of free memory"
        print(f"{said}: the items are read from disk while they are used.", flush=True)
    needed = step if feed == "disk" else step + held
    if needed > free and not gpu():
        what = f"A training step of {counted(batch, 'item')} needs" if batch else "The data need"
        cure = "give --feed disk" if step <= free else "lower --batch_size, or use smaller items"
        raise MachineError(
            f"{what} at least {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: "
            f"{cure}."
        )
    return items if feed == "disk" else items[:]


def _free_memory() -> float:
    """Bytes that are free here, and on the GPU if the backend computes on one."""
    limits = [machine.available_memory(), _gpu_memory() if gpu() else None]
    return min((limit for limit in limits if limit is not None), default=math.inf)


def _gpu_memory() -> int | None:
    """Bytes of the GPU that the backend may still take."""
    if keras.backend.backend() == "jax":
        import jax

        told = jax.devices()[0].memory_stats() or {}
        return told["bytes_limit"] - told["bytes_in_use"] if "bytes_limit" in told else None
    from tensorflow.python.client import device_lib

    found = device_lib.list_local_devices()
    return max((one.memory_limit for one in found if one.device_type == "GPU"), default=None)


def _step_bytes(network: keras.Model, batch: int) -> float:
    """The least that a training step takes: the outputs of all layers, for the backward pass."""
    size = 2 if "bfloat16" in keras.config.dtype_policy().compute_dtype else 4
    return STEP * size * batch * sum(output_sizes(network))


def output_sizes(network: keras.Model) -> list[int]:
    """Numbers that each layer gives for an item, those of nested networks among them.

    A layer that is only called within a layer of the user's own is not counted.
    """
    layers = network._flatten_layers(include_self=False)
    called = [x for x in layers if x._inbound_nodes and not isinstance(x, keras.layers.InputLayer)]
    tensors = [tensor for layer in called for tensor in layer._inbound_nodes[0].output_tensors]
    return [math.prod(side or 1 for side in tensor.shape[1:]) for tensor in tensors]
