"""Keras and what it computes with, imported when the flags are known to be right."""

import os

from helmholtz.errors import MachineError, UsageError

BACKENDS = ("tensorflow", "jax")


def import_keras() -> None:
    """Import Keras and its backend without the notes that TensorFlow's C++ code prints.

    Some look like errors and are harmless. What it found is told by progress.announce.
    """
    if os.environ.get("KERAS_BACKEND", BACKENDS[0]) not in BACKENDS:
        raise UsageError(f"KERAS_BACKEND has to be one of {', '.join(BACKENDS)}.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, silent = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    try:
        import keras
    except ImportError as error:
        raise MachineError(f"{error}: install it, or choose another KERAS_BACKEND.") from None
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silent)
    if keras.backend.backend() not in BACKENDS:  # as ~/.keras/keras.json may have it
        raise UsageError(f"Keras computes with {keras.backend.backend()}: set KERAS_BACKEND.")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
