"""The files of a run, read with care: what is cut, or cannot be what the run wrote, is damage."""

import csv
import math
import os
from pathlib import Path

from helmholtz import schema
from helmholtz.errors import DataError
from helmholtz.io import predictions, runs
from helmholtz.schema import AMOUNT, CURVES, HISTORY, HISTORY_2018, RESULT, RUNS, SIZES, Field
from helmholtz.text import printable

UNVALIDATED = ["val_acc", "val_loss"]  # columns without numbers where nothing validates
MAX_TEXT = 2000  # characters of a cell
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
    row = {name: _value(RUNS[name], setting, *path) for name, path in schema.SETTING.items()}
    row = {name: value for name, value in row.items() if value is not None}
    if "data" in row:
        row["data"] = row["data"][:8]
    classes, flags = _part(setting, "data").get("classes"), _part(setting, "flags")
    if isinstance(classes, list) and classes:
        row |= {"classes": len(classes), "chance": 1 / len(classes)}
    if isinstance(flags.get("log_dir"), str):  # below the working directory, so that a report
        flags["log_dir"] = flags["log_dir"].removeprefix(os.getcwd() + os.sep)  # can be passed on
    return row | {"flags": flags}


def _part(value: dict, key: str) -> dict:
    return value[key] if isinstance(value.get(key), dict) else {}


def _value(field: Field, value: dict, *path: str):
    """What stands at a path in a JSON object, or None where that is not of the field."""
    for key in path[:-1]:
        value = _part(value, key)
    found = value.get(path[-1])
    if field.kind is str:
        return printable(found[:MAX_TEXT]) if isinstance(found, str) and found else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    fits = field.low <= found <= field.high and field.kind(found) == found
    return field.kind(found) if fits else None


def read_history(path: Path) -> tuple[dict[str, list[float]], bool]:
    """The columns of a history.csv, and whether the 2018 code wrote it; empty without a file.

    The validation columns are missing where the run had no validation. Raises Damage when the file
    is empty or cut. pandas would fill a row that is cut.
    """
    if not path.exists():
        return {}, False
    if path.stat().st_size > MAX_BYTES:
        raise Damage("history.csv is too large to be one")
    try:
        header, *body = csv.reader(path.read_text(encoding="utf-8").splitlines())
        # None where all cells are empty.
        columns = [list(map(float, c)) if any(c) else None for c in zip(*body, strict=True)]
    except (ValueError, csv.Error) as error:
        raise Damage("history.csv is empty, cut or not numbers") from error
    if header != HISTORY_2018 and header[:5] != HISTORY[:5]:
        raise Damage("history.csv is not of this project")
    if body and len(columns) != len(header):
        raise Damage("history.csv is cut")
    named = dict(zip(header, columns or [[] for _ in header], strict=True))
    if missing := [name for name, column in named.items() if column is None]:
        if missing != UNVALIDATED:
            raise Damage("history.csv has no numbers of an epoch")
        named = {name: column for name, column in named.items() if column is not None}
    return named, header == HISTORY_2018


def check_history(history: dict[str, list[float]]) -> str:
    """What shows that a run diverged, or "". Raises Damage for an impossible accuracy."""
    broken = [c for c in CURVES if not all(map(math.isfinite, history.get(c, [])))]
    if broken:
        first = min(list(map(math.isfinite, history[c])).index(False) for c in broken) + 1
        return f"{', '.join(broken)}: NaN or infinite from epoch {first} on"
    if not all(0 <= accuracy <= 1 for accuracy in history.get("val_acc", [])):
        raise Damage("history.csv holds an accuracy beyond 0 to 1")
    return ""


def from_result(folder: Path, result: dict, history: dict[str, list[float]]) -> dict:
    """What result.json says, as columns of runs.csv, checked and compared with the history.

    val_items are those that the accuracy rests on: of a run that is judged once, the test split's.
    """
    once, optional = result.get("counted_epoch") in (schema.LAST, schema.OUTSIDE), schema.OPTIONAL
    if once:
        result = result | {"val_items": result.get("test_items")}
        optional = (optional | {"best_val_acc", "best_epoch"}) - {"test_acc"}
    if result.get("counted_epoch") == schema.OUTSIDE:
        optional = RESULT.keys() - {"test_acc", "val_items"}
    keys = [*RESULT, *schema.RESULT_TEXTS, *schema.NAMES]
    found = {key: _value(RUNS[key], result, key) for key in keys}
    for key in [*RESULT, "domain", "model", "rate", "seed"]:
        if found[key] is None and not (key in optional and result.get(key) is None):
            raise Damage(f"result.json: {key} is {str(result.get(key, 'missing'))[:40]}")
    if history.get("acc"):
        _compare(found, history, once)
    found = {key: value for key, value in found.items() if value is not None}
    trained_here = "epochs" in found
    note = "" if history.get("acc") or not trained_here else "no history.csv"
    found |= _sizes(_part(result, "data")) | _chance(folder) | {"note": note}
    return found | {"predictions": read_predictions(folder, found)}


def read_predictions(folder: Path, result: dict) -> predictions.Predictions | None:
    """What a run said of every test item; None of a run from before this was kept.

    Raises Damage when the file is cut, or says another test accuracy than the result.
    """
    if not (folder / predictions.FILE).exists():
        return None
    try:
        found = predictions.read(folder / predictions.FILE)
    except DataError as error:
        raise Damage(f"{predictions.FILE} is not whole") from error
    told = result.get("test_acc")
    if told is not None and not math.isclose(found.correct.mean(), told, abs_tol=1e-6):
        raise Damage(f"result.json and {predictions.FILE} differ in test_acc")
    return found


def _compare(result: dict, history: dict[str, list[float]], once: bool) -> None:
    """Raise Damage unless the statistics in the result are those of the history."""
    epochs, accuracies = len(history["acc"]), history.get("val_acc")
    if result["epochs"] != epochs:
        raise Damage(f"epochs: {result['epochs']} in result.json, {epochs} in history.csv")
    if once:
        return
    if not accuracies:
        raise Damage("history.csv has no validation accuracy")
    for key, value in runs.statistics(accuracies).items():
        near = None in (value, result[key]) or math.isclose(value, result[key], abs_tol=1e-6)
        if not near or (value is None) != (result[key] is None):
            raise Damage(f"result.json and history.csv differ in {key}")


def _sizes(data: dict) -> dict:
    """Bytes an item, from those of the whole data set."""
    items, sizes = _value(AMOUNT, data, "items"), {k: _value(AMOUNT, data, k) for k in SIZES}
    return {k: v / items if items and v is not None else None for k, v in sizes.items()}


def _chance(folder: Path) -> dict:
    """The accuracy of always naming the largest class, where the confusion matrix tells it."""
    names, counts = read_confusion(folder / "confusion.csv")
    totals = [sum(row) for row in counts]
    found = {"classes": len(totals), "chance": max(totals) / sum(totals)} if sum(totals) else {}
    return found | {"class_names": names}


def read_confusion(path: Path) -> tuple[list[str], list[list[int]]]:
    """Class names and counts of a confusion.csv; nothing where there is none that is whole."""
    try:
        header, *body = csv.reader(path.read_text(encoding="utf-8").splitlines())
        counts = [[int(value) for value in row[1:]] for row in body]
    except (OSError, ValueError, csv.Error):
        return [], []
    square = len(counts) == len(header) - 1 and all(len(row) == len(counts) for row in counts)
    return (header[1:], counts) if square and counts and min(map(min, counts)) >= 0 else ([], [])
