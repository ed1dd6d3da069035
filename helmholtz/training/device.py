"""What a run computes on, and whether its memory will do."""

import contextlib
import math
from pathlib import Path

import keras

from helmholtz.errors import MachineError
from helmholtz.io import runs

STEP = 1.1  # times the outputs of all layers; measured steps took 1.1 to 1.6
CGROUP = Path("/sys/fs/cgroup")


def device() -> str:
    """The GPU's name, or the processor's where the backend sees none."""
    return gpu() or runs.processor()


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
    free = available_memory()
    if free is None or gpu() is not None:
        return
    size = 2 if "bfloat16" in keras.config.dtype_policy().compute_dtype else 4
    outputs = sum(math.prod(layer.output.shape[1:]) for layer in network.layers)
    needed = STEP * size * batch * outputs + held
    if needed > free:
        raise MachineError(
            f"A training step of {batch} items needs at least {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free: use a smaller --batch_size or smaller items."
        )


def available_memory() -> int | None:
    """Bytes that this process may still take: the system's, or its control group's if less."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(1024 * int(line.split()[1]))
    with contextlib.suppress(OSError, ValueError):  # version 2; "max" is no number
        limit, used = (
            int((CGROUP / name).read_text()) for name in ("memory.max", "memory.current")
        )
        found.append(max(0, limit - used))
    return min(found, default=None)
