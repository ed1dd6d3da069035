"""A run's directory: where it is, what it holds, and what its history says."""

import csv
import importlib
import io
import json
import math
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from helmholtz.cli import LOGS, damaged_setting
from helmholtz.errors import DataError
from helmholtz.io.files import write_text

COLUMNS = ["epoch", "acc", "loss", "val_acc", "val_loss", "lr", "seconds"]
OUTPUTS = [
    *("result.json", "checkpoint_*.h5", "history.csv"),
    *("best.weights.h5", "model.keras", "confusion.csv"),
]
WINDOW = 10  # epochs that the published statistics look at together
CONVERGED = 0.99  # of the best epoch, as published

CHECKPOINTS_KEPT = 2  # so that one is whole even if the newest was damaged on disk


def folder_of(domain, args, source: str, rate: int, root: Path | None = None) -> Path:
    """The folder of a run: <root, or logs/>/<domain>/<source>/<model>/quality_5/seed_0."""
    folder = domain.codecs[args.codec].folder(rate)
    return (root or LOGS) / domain.name / source / args.model / folder / f"seed_{args.seed}"


def checkpoints(folder: Path) -> dict[int, Path]:
    """The checkpoints in a run's folder by their epoch, the newest last."""
    paths = {path.stem.removeprefix("checkpoint_"): path for path in folder.glob("checkpoint_*.h5")}
    return dict(sorted((int(epoch), path) for epoch, path in paths.items() if epoch.isdecimal()))


def prune_checkpoints(folder: Path) -> None:
    """Remove all checkpoints but the newest."""
    for path in list(checkpoints(folder).values())[:-CHECKPOINTS_KEPT]:
        path.unlink()


def clear(folder: Path) -> None:
    """Remove what a run wrote, and nothing else; result.json goes first."""
    for pattern in OUTPUTS:
        for path in folder.glob(pattern):
            path.unlink()


def describe(args, domain: str, data: dict, shape: tuple) -> dict:
    """The setting of a run: every flag, the data, versions and the machine.

    data: the attributes of the prepared data.
    """
    import keras

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
            "backend": f"{backend} {_backend_version(backend)}",
            "numpy": version("numpy"),
        },
        "commit": _commit(),
        "machine": {"system": platform.platform(), "processor": processor()},
    }


def _backend_version(backend: str) -> str:
    return importlib.import_module(backend).__version__


def _commit() -> str | None:
    """The commit of the code, with a + when it was changed since; None outside git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def processor() -> str:
    """The processor's name as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def read_json(path: Path) -> dict:
    """Read a JSON object; DataError when it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is missing or damaged ({error}).") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} does not hold a JSON object.")
    return value


def read_setting(folder: Path, domain: str, models: list[str]) -> dict:
    """setting.json of a finished run of domain; DataError when it is not that, or damaged."""
    setting = read_json(folder / "setting.json")
    if not (folder / "result.json").exists() or setting.get("domain") != domain:
        raise DataError(f"{folder} is not a finished run of {domain}/train.py.")
    kinds = {"rate": int, "shape": list, "data": dict, "flags": dict}
    whole = setting.get("model") in models and all(
        isinstance(setting.get(key), kind) for key, kind in kinds.items()
    )
    classes = setting["data"].get("classes") if whole else None
    named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    if not named or len(setting["shape"]) != 3:
        raise damaged_setting(f"{folder} has no whole one")
    return setting


def write_history(folder: Path, history: list[dict]) -> None:
    """Write history.csv, a row an epoch."""
    _write_csv(folder / "history.csv", [COLUMNS, *([row[c] for c in COLUMNS] for row in history)])


def write_confusion(folder: Path, classes: list[str], counts) -> None:
    """Write confusion.csv: a row a true class, a column a predicted one."""
    rows = ([name, *row] for name, row in zip(classes, counts.tolist(), strict=True))
    _write_csv(folder / "confusion.csv", [["true class", *classes], *rows])


def _write_csv(path: Path, rows: list[list]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def statistics(accuracies: list[float]) -> dict:
    """How the paper reads a run, from the validation accuracy of each epoch, epochs from 1 on.

    best_val_acc and best_epoch; mean_of_ten_best; convergence_epoch, the first epoch i for which
    the mean over epochs i to i+9 exceeds 0.99 of the best epoch. The last two are None for a run
    shorter than ten epochs, and convergence_epoch also where no such epoch exists.
    """
    best = max(accuracies)
    windows = [accuracies[i : i + WINDOW] for i in range(len(accuracies) - WINDOW + 1)]
    means = [math.fsum(window) / WINDOW for window in windows]
    converged = [i for i, mean in enumerate(means, start=1) if mean > CONVERGED * best]
    ten_best = sorted(accuracies)[-WINDOW:]
    return {
        "best_val_acc": best,
        "best_epoch": accuracies.index(best) + 1,
        "mean_of_ten_best": math.fsum(ten_best) / WINDOW if windows else None,
        "convergence_epoch": converged[0] if converged else None,
    }
