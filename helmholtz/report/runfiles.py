"""The files of a run, read with care: numbers that are none, and files that are cut, are told."""

import csv
import math
import os
from pathlib import Path

from helmholtz.data.folders import printable
from helmholtz.errors import DataError
from helmholtz.io import runs

CURVES = ["acc", "loss", "val_acc", "val_loss"]
OLD_HEADER = ["", *CURVES]  # as pandas wrote it for the 2018 code
MAX_BYTES = 64 << 20  # what claims to be a larger history is not read
NUMBERS = {  # of result.json: the least and the greatest that each can be
    "parameters": (1, 1 << 40),
    "epochs": (1, 1 << 20),
    "train_items": (1, 1 << 40),
    "val_items": (1, 1 << 40),
    "best_val_acc": (0, 1),
    "best_epoch": (1, 1 << 20),
    "mean_of_ten_best": (0, 1),
    "convergence_epoch": (1, 1 << 20),
    "test_acc": (0, 1),
    "seconds": (0, 1 << 40),
    "items_per_second": (0, 1 << 40),
}
OPTIONAL = {"mean_of_ten_best", "convergence_epoch", "test_acc"}
TEXTS = ["validated_on", "device", "precision"]
SIZES = ["raw_bytes", "file_bytes", "scan_bytes"]  # of an item
AMOUNTS = [*SIZES, "lossless_bytes", "true_noise_bits", "chance", "classes"]
FURTHER = ["lossless_bytes", "classes", "chance", "true_noise_bits"]
FURTHER += ["data", "codec", "backend", "commit"]


class Damage(Exception):
    """A file of a run is not what it should be; the message says which and why."""


def read_object(path: Path) -> dict:
    """A JSON object; empty where there is no file, Damage where there is something else."""
    if not path.exists():
        return {}
    try:
        return runs.read_json(path)
    except DataError as error:
        what = "is empty" if path.stat().st_size == 0 else "is not whole"
        raise Damage(f"{path.name} {what}") from error


def from_setting(setting: dict) -> dict:
    """The names and facts of setting.json that a row holds."""
    data, flags, versions = (_part(setting, key) for key in ("data", "flags", "versions"))
    row = {
        "domain": _text(setting.get("domain")),
        "source": _text(data.get("source")),
        "model": _text(setting.get("model")),
        "rate": whole(setting.get("rate")),
        "seed": whole(flags.get("seed")),
        "data": (_text(data.get("fingerprint")) or "")[:8] or None,
        "codec": _text(data.get("codec")),
        "backend": _text(versions.get("backend")),
        "commit": _text(setting.get("commit")),
        "true_noise_bits": _real(data.get("true_noise_bits")),
    }
    if isinstance(data.get("classes"), list) and data["classes"]:
        row |= {"classes": len(data["classes"]), "chance": 1 / len(data["classes"])}
    flags |= {"log_dir": _shorter(flags.get("log_dir"))} if "log_dir" in flags else {}
    return {key: value for key, value in row.items() if value is not None} | {"flags": flags}


def _shorter(path):
    """A path below the current directory, relative to it, so that a report can be given away."""
    here = os.getcwd() + os.sep
    return path.removeprefix(here) if isinstance(path, str) else path


def _part(value: dict, key: str) -> dict:
    return value[key] if isinstance(value.get(key), dict) else {}


def _text(value) -> str | None:
    return printable(value[:200]) if isinstance(value, str) and value else None


def whole(value) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 1 << 53 else None


def _real(value) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1 << 1000 else None  # a float can hold it


def read_history(path: Path) -> tuple[dict, bool]:
    """The columns of a history.csv as lists, and whether the 2018 code wrote it.

    Empty where there is no file. Raises Damage when it is empty, cut or no history at all.
    """
    if not path.exists():
        return {}, False
    if path.stat().st_size > MAX_BYTES:
        raise Damage("history.csv is too large to be one")
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Damage("history.csv is no text of numbers") from error
    if not rows:
        raise Damage("history.csv is empty")
    header, *body = rows
    old = header == OLD_HEADER
    if not old and header[:5] != runs.COLUMNS[:5]:
        raise Damage("history.csv is not of this project")
    try:
        columns = [[float(value) for value in column] for column in zip(*body, strict=True)]
    except ValueError as error:
        raise Damage("history.csv is cut or holds what is no number") from error
    if body and len(columns) != len(header):
        raise Damage("history.csv is cut")
    return dict(zip(header, columns or [[] for _ in header], strict=True)), old


def from_result(folder: Path, result: dict, accuracies: list[float]) -> dict:
    """What result.json says, checked, and held against the history."""
    found = {}
    for key, (low, high) in NUMBERS.items():
        value = _real(result.get(key))
        if value is None and not (key in OPTIONAL and result.get(key) is None):
            raise Damage(f"result.json does not say {key}")
        if value is not None and not low <= value <= high:
            raise Damage(f"result.json: {key} is {value:g}")
        found[key] = value if value is None or isinstance(result[key], float) else int(value)
    found |= {key: _text(result.get(key)) for key in ("domain", "source", "model", *TEXTS)}
    found |= {key: whole(result.get(key)) for key in ("rate", "seed")}
    if None in (found["domain"], found["model"], found["rate"], found["seed"]):
        raise Damage("result.json does not name its run")
    if accuracies:
        _compare(found, accuracies)
    note = "" if accuracies else "no history.csv"
    return found | _sizes(_part(result, "data")) | _chance(folder) | {"note": note}


def check_row(row: dict) -> None:
    """Damage unless a row that was read from a table could have come from a run's files."""
    ranges = NUMBERS | dict.fromkeys(AMOUNTS, (0, 1 << 60))
    for key, (low, high) in ranges.items():
        if row[key] is not None and not low <= row[key] <= high:  # NaN is not
            raise Damage(f"{key} is {row[key]}")
    if not all(row[key] is None or whole(row[key]) == row[key] for key in ("rate", "seed")):
        raise Damage("rate or seed is no whole number")
    if not isinstance(row["flags"], dict) or row["domain"] not in (None, "cifar", "audio"):
        raise Damage("its flags or its domain are not of this project")
    if row["best_val_acc"] is not None and None in (row["epochs"], row["domain"]):
        raise Damage("an accuracy without its epochs")


def _compare(result: dict, accuracies: list[float]) -> None:
    """Damage unless the result is that of the history: the published statistics, made again."""
    if result["epochs"] != len(accuracies):
        raise Damage(f"result.json has {result['epochs']} epochs, history.csv {len(accuracies)}")
    for key, value in runs.statistics(accuracies).items():
        near = None in (value, result[key]) or math.isclose(value, result[key], abs_tol=1e-6)
        if not near or (value is None) != (result[key] is None):
            raise Damage(f"result.json and history.csv differ in {key}")


def _sizes(data: dict) -> dict:
    """Bytes an item, from those of the whole data set."""
    items = _real(data.get("items"))
    sizes = {key: _real(data.get(key)) for key in SIZES}
    return {k: v / items if items and v is not None else None for k, v in sizes.items()}


def _chance(folder: Path) -> dict:
    """The accuracy of always naming the largest class, where the confusion matrix tells it."""
    _, counts = read_confusion(folder / "confusion.csv")
    totals = [sum(row) for row in counts]
    return {"classes": len(totals), "chance": max(totals) / sum(totals)} if sum(totals) else {}


def read_confusion(path: Path) -> tuple[list[str], list[list[int]]]:
    """Class names and counts of a confusion.csv; nothing where there is none that is whole."""
    try:
        header, *body = csv.reader(path.read_text(encoding="utf-8").splitlines())
        counts = [[int(value) for value in row[1:]] for row in body]
    except (OSError, ValueError, csv.Error):
        return [], []
    whole = len(counts) == len(header) - 1 and all(len(row) == len(counts) for row in counts)
    return (header[1:], counts) if whole and counts and min(map(min, counts)) >= 0 else ([], [])
