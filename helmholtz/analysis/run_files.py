"""The files of a run, read with care: what is cut, or cannot be what the run wrote, is damage."""

import csv
import math
import os
from pathlib import Path

from helmholtz.errors import DataError
from helmholtz.io import runs
from helmholtz.schema import CURVES, HISTORY, HISTORY_2018, OPTIONAL, RESULT, RESULT_TEXTS, SIZES
from helmholtz.text import printable

MAX_BYTES = 64 << 20  # a history.csv that claims to be larger is not read


class Damage(Exception):
    """A file of a run is not what it should be; the message says which and why."""


def read_object(path: Path) -> dict:
    """A JSON object; empty where there is no file. Raises Damage when there is something else."""
    if not path.exists():
        return {}
    try:
        return runs.read_json(path)
    except DataError as error:
        what = "is empty" if path.stat().st_size == 0 else "is not whole"
        raise Damage(f"{path.name} {what}") from error


def from_setting(setting: dict) -> dict:
    """What setting.json says of a run, as columns of runs.csv."""
    data, flags, versions = (_part(setting, key) for key in ("data", "flags", "versions"))
    row = {
        "domain": _text(setting.get("domain")),
        "source": _text(data.get("source")),
        "model": _text(setting.get("model")),
        "codec": _text(setting.get("codec")),
        "codec_version": _text(data.get("codec")),
        "rate": whole(setting.get("rate")),
        "seed": whole(flags.get("seed")),
        "data": (_text(data.get("fingerprint")) or "")[:8] or None,
        "backend": _text(versions.get("backend")),
        "commit": _text(setting.get("commit")),
        "precision": _text(flags.get("precision")),
        "true_noise_bits": _real(data.get("true_noise_bits")),
    }
    if isinstance(data.get("classes"), list) and data["classes"]:
        row |= {"classes": len(data["classes"]), "chance": 1 / len(data["classes"])}
    if isinstance(flags.get("log_dir"), str):  # below the working directory, so that a report
        flags["log_dir"] = flags["log_dir"].removeprefix(os.getcwd() + os.sep)  # can be passed on
    return {key: value for key, value in row.items() if value is not None} | {"flags": flags}


def _part(value: dict, key: str) -> dict:
    return value[key] if isinstance(value.get(key), dict) else {}


def _text(value) -> str | None:
    return printable(value[:200]) if isinstance(value, str) and value else None


def whole(value) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < 1 << 53 else None


def _real(value) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1 << 60 else None


def read_history(path: Path) -> tuple[dict[str, list[float]], bool]:
    """The columns of a history.csv, and whether the 2018 code wrote it; empty without a file.

    Raises Damage when it is empty or cut. pandas would fill a row that is cut.
    """
    if not path.exists():
        return {}, False
    if path.stat().st_size > MAX_BYTES:
        raise Damage("history.csv is too large to be one")
    try:
        header, *body = csv.reader(path.read_text(encoding="utf-8").splitlines())
        columns = [[float(value) for value in column] for column in zip(*body, strict=True)]
    except (ValueError, csv.Error) as error:
        raise Damage("history.csv is empty, cut or not numbers") from error
    if header != HISTORY_2018 and header[:5] != HISTORY[:5]:
        raise Damage("history.csv is not of this project")
    if body and len(columns) != len(header):
        raise Damage("history.csv is cut")
    return dict(zip(header, columns or [[] for _ in header], strict=True)), header == HISTORY_2018


def check_history(history: dict[str, list[float]]) -> str:
    """What shows that a run diverged, or "". Raises Damage for an impossible accuracy."""
    broken = [c for c in CURVES if not all(map(math.isfinite, history.get(c, [])))]
    if broken:
        first = min(list(map(math.isfinite, history[c])).index(False) for c in broken) + 1
        return f"{', '.join(broken)}: NaN or infinite from epoch {first} on"
    if not all(0 <= accuracy <= 1 for accuracy in history.get("val_acc", [])):
        raise Damage("history.csv holds an accuracy beyond 0 to 1")
    return ""


def from_result(folder: Path, result: dict, accuracies: list[float]) -> dict:
    """What result.json says, as columns of runs.csv, checked and compared with the history."""
    found = {key: _number(result, key) for key in RESULT}
    texts = ("domain", "source", "model", "codec", *RESULT_TEXTS)
    found |= {key: text for key in texts if (text := _text(result.get(key)))}
    found |= {key: whole(result.get(key)) for key in ("rate", "seed")}
    if None in [found.get(key) for key in ("domain", "model", "rate", "seed")]:
        raise Damage("result.json does not name its run")
    if accuracies:
        _compare(found, accuracies)
    note = "" if accuracies else "no history.csv"
    return found | _sizes(_part(result, "data")) | _chance(folder) | {"note": note}


def _number(result: dict, key: str) -> float | int | None:
    field, value = RESULT[key], _real(result.get(key))
    if value is None and not (key in OPTIONAL and result.get(key) is None):
        raise Damage(f"result.json does not say {key}")
    if value is not None and not (field.low <= value <= field.high and field.kind(value) == value):
        raise Damage(f"result.json: {key} is {value:g}")
    return None if value is None else field.kind(value)


def _compare(result: dict, accuracies: list[float]) -> None:
    """Raise Damage unless the statistics in the result are those of the history."""
    if result["epochs"] != len(accuracies):
        raise Damage(f"epochs: {result['epochs']} in result.json, {len(accuracies)} in history.csv")
    for key, value in runs.statistics(accuracies).items():
        near = None in (value, result[key]) or math.isclose(value, result[key], abs_tol=1e-6)
        if not near or (value is None) != (result[key] is None):
            raise Damage(f"result.json and history.csv differ in {key}")


def _sizes(data: dict) -> dict:
    """Bytes an item, from those of the whole data set."""
    items, sizes = _real(data.get("items")), {key: _real(data.get(key)) for key in SIZES}
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
    square = len(counts) == len(header) - 1 and all(len(row) == len(counts) for row in counts)
    return (header[1:], counts) if square and counts and min(map(min, counts)) >= 0 else ([], [])
