"""What setting.json says of a run: all that it depends on."""

import importlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import keras

from helmholtz import machine


def describe(args, domain: str, data: dict, shape: tuple) -> dict:
    """The setting of a run: every flag, the data, versions and the machine.

    data: the attributes of the prepared data.
    """
    backend = keras.backend.backend()
    return {
        "domain": domain,
        "model": args.model,
        "codec": args.codec,
        "rate": data["rate"],
        "shape": list(shape),
        "flags": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()},
        "data": data,
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": f"{backend} {importlib.import_module(backend).__version__}",
            "numpy": version("numpy"),
        },
        "commit": _commit(),
        "machine": {"system": platform.platform(), "processor": machine.processor()},
    }


def _commit() -> str | None:
    """The commit of the code, with a + when it was changed since; None outside git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
