"""A run's folder: where it is, what it holds, and the published statistics of its history."""

import json
import math
from pathlib import Path

from helmholtz.errors import DataError
from helmholtz.io.files import write_csv
from helmholtz.schema import HISTORY

LOGS = Path(__file__).parents[2] / "logs"
OUTPUTS = ["result.json", "checkpoint_*.h5", "history.csv", "best.weights.h5", "model.keras"]
OUTPUTS += ["confusion.csv", "predictions.csv", "evaluation.csv", "evaluation/*.csv"]
WINDOW = 10  # epochs that the published statistics look at together
CONVERGED = 0.99  # of the best epoch, as published
CHECKPOINTS_KEPT = 2  # so that one is whole even when the disk has damaged the newest


def folder_of(domain, args, source: str, rate: int, root: Path | None = None) -> Path:
    """The folder of a run: <root, or logs/>/<domain>/<source>/<model>/quality_5/seed_0."""
    folder = domain.codecs[args.codec].folder(rate)
    return (root or LOGS) / domain.name / source / args.model / folder / f"seed_{args.seed}"


def checkpoints(folder: Path) -> dict[int, Path]:
    """The checkpoints in a run's folder by epoch, the newest last."""
    paths = {path.stem.removeprefix("checkpoint_"): path for path in folder.glob("checkpoint_*.h5")}
    return dict(sorted((int(epoch), path) for epoch, path in paths.items() if epoch.isdecimal()))


def prune_checkpoints(folder: Path) -> None:
    """Remove all checkpoints but the newest CHECKPOINTS_KEPT."""
    for path in list(checkpoints(folder).values())[:-CHECKPOINTS_KEPT]:
        path.unlink()


def clear(folder: Path) -> None:
    """Remove what a run wrote, and nothing else; result.json first."""
    for path in outputs(folder):
        path.unlink()


def outputs(folder: Path) -> list[Path]:
    """The files in a folder that are named as those that a run writes and the next one replaces."""
    return [path for pattern in OUTPUTS for path in folder.glob(pattern)]


def read_json(path: Path) -> dict:
    """Read a JSON object; DataError when it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is missing or damaged ({error}).") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} does not hold a JSON object.")
    return value


def damaged_setting(why: str) -> DataError:
    """The error for a setting.json that is not what the run wrote."""
    return DataError(f"The run's setting.json is damaged: {why.rstrip('.')}. Train the run anew.")


def read_setting(folder: Path, domain) -> dict:
    """setting.json of a finished run of a domain; DataError when it is another's, or damaged."""
    setting = read_json(folder / "setting.json")
    if not (folder / "result.json").exists() or setting.get("domain") != domain.name:
        raise DataError(f"{folder} is not a finished run of {domain.name}/train.py.")
    kinds = {"rate": int, "shape": list, "data": dict, "flags": dict}
    own, model = setting.get("network"), setting.get("model")
    known = isinstance(own, dict) or (own is None and model in list(domain.networks))
    whole = known and all(isinstance(setting.get(key), kind) for key, kind in kinds.items())
    classes = setting["data"].get("classes") if whole else None
    named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    if not named or len(setting["shape"]) != 3:
        raise damaged_setting(f"{folder / 'setting.json'} lacks what the run wrote")
    return setting


def write_history(folder: Path, history: list[dict]) -> None:
    """Write history.csv, a row for each epoch."""
    write_csv(folder / "history.csv", [HISTORY, *([row[c] for c in HISTORY] for row in history)])


def write_confusion(folder: Path, classes: list[str], counts) -> None:
    """Write confusion.csv: a row for each true class, a column for each predicted one."""
    rows = ([name, *row] for name, row in zip(classes, counts.tolist(), strict=True))
    write_csv(folder / "confusion.csv", [["true class", *classes], *rows])


def accuracies(result: dict) -> str:
    """What result.json says of accuracy, in words."""
    best, test = result["best_val_acc"], result.get("test_acc")
    said = []
    if best is not None:
        said.append(f"best validation accuracy {best:.4f} in epoch {result['best_epoch']}")
    if test is not None:
        said.append(f"test accuracy {test:.4f}")
    return ", ".join(said)


def statistics(accuracies: list[float]) -> dict:
    """The paper's statistics of a run, from the validation accuracy of each epoch.

    best_val_acc and best_epoch; mean_of_ten_best; convergence_epoch, the first epoch i for which
    the mean over epochs i to i+9 exceeds 0.99 of the best. Epochs count from 1. The last two are
    None for a run shorter than ten epochs, convergence_epoch also when there is no such epoch.
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
