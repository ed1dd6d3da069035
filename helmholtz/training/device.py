"""What a run computes on, and whether its memory will do."""


import keras

from helmholtz import runs


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
