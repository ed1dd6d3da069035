"""Read what runs left under a folder: a row a run, whatever state it is in. No Keras.

Nothing found here stops a report: what cannot be read is a row that says so.
"""

import math
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

from helmholtz.data.folders import printable
from helmholtz.errors import DataError
from helmholtz.io import runs
from helmholtz.report import csvrows, curves
from helmholtz.report.runfiles import (
    CURVES,
    FURTHER,
    NUMBERS,
    SIZES,
    TEXTS,
    Damage,
    check_row,
    from_result,
    from_setting,
    read_history,
    read_object,
    whole,
)

RUN_FILES = {"setting.json", "history.csv", "result.json", "train.log"}
EXPECTED = {"README.md", "index.html"}  # no part of a run, and nothing to wonder at
RATE_NAMES = {"quality": "cifar", "bitrate": "audio"}
IDLE = 600  # seconds, or three epochs, without a word after which a run counts as stopped

# States. Only the first two are counted: the others have no result, or none to be trusted.
FINISHED, OLD = "finished", "finished (2018 code)"
RUNNING, STOPPED, STARTED = "running", "stopped", "no epoch yet"
DIVERGED, DAMAGED, DUPLICATE = "diverged", "damaged", "duplicate"
COUNTED = (FINISHED, OLD)

NAMES = ["folder", "state", "note", "domain", "source", "model", "rate", "seed"]
COLUMNS = [*NAMES, *NUMBERS, *TEXTS, *SIZES, *FURTHER, "flags"]


class Run(NamedTuple):
    """A run as found: its row of runs.csv, its history (a list a column), its setting."""

    path: Path
    row: dict
    history: dict
    setting: dict


def read(roots: list[Path], skip: Path, alone: bool = True) -> tuple[list[Run], list[str]]:
    """All runs under the folders, and the files there that are no part of any.

    skip: a folder that is not looked into, the report's own. alone: runs are called by their path
    below the one folder; else, as several may hold runs of the same name, by their whole path.
    """
    found, foreign = {}, []
    for root in roots:
        for path, subfolders, files in os.walk(root):
            subfolders[:] = sorted(s for s in subfolders if not _ignored(Path(path, s), skip))
            folder = Path(path)
            if {"runs.csv", "summary.csv"} <= set(files):  # an earlier report
                subfolders.clear()
            elif RUN_FILES & set(files):
                name = _name(folder, root) if alone else str(folder)
                found.setdefault(folder.resolve(), read_run(folder, printable(name)))
            else:
                foreign += [str(folder / f) for f in sorted(files) if not _expected(f)]
    listed = sorted(found.values(), key=lambda run: _sort_key(run.row))
    return listed, [printable(name) for name in foreign]


def read_table(path: Path, alone: bool = True) -> list[Run]:
    """The runs of an earlier report's runs.csv, with histories where curves.csv lies beside it;
    DataError when it is not that. alone: as for read."""
    rows = csvrows.read(path, COLUMNS)
    for row in rows:
        try:
            check_row(row)
            if row["state"] in COUNTED and row["best_val_acc"] is None:
                raise Damage("a finished run without an accuracy")
        except Damage as damage:
            raise DataError(f"{path} is damaged: {printable(str(damage))}.") from damage
    beside = path.with_name("curves.csv")
    histories = curves.read(beside) if beside.exists() else {}
    found = [Run(None, row, histories.get(row["folder"], {}), {}) for row in rows]
    for run in found if not alone else []:
        run.row["folder"] = str(path.parent / run.row["folder"])
    return found


def _name(folder: Path, root: Path) -> str:
    return str(folder.relative_to(root)) if folder != root else folder.resolve().name


def _ignored(folder: Path, skip: Path) -> bool:
    return folder.resolve() == skip.resolve() or folder.name in ("tensorboard", "wandb")


def _expected(name: str) -> bool:
    return name in EXPECTED or name.startswith(".")


def _sort_key(row: dict) -> tuple:
    rate, seed = (-1 if row[key] is None else row[key] for key in ("rate", "seed"))
    return str(row["domain"]), str(row["source"]), str(row["model"]), rate, seed, row["folder"]


def read_run(folder: Path, name: str) -> Run:
    """One run's folder; name is what the report calls it."""
    row = dict.fromkeys(COLUMNS) | {"folder": name, "note": "", "flags": {}} | from_path(name)
    history, setting = {}, {}
    try:
        setting = read_object(folder / "setting.json")
        row |= from_setting(setting)
        history, old = read_history(folder / "history.csv")
        row |= _state(folder, row, history, old)
    except Damage as damage:
        row |= {"state": DAMAGED, "note": printable(str(damage))}
    except OSError as error:
        row |= {"state": DAMAGED, "note": f"cannot be read ({error.strerror})"}
    return Run(folder, row, history, setting)


def from_path(name: str) -> dict:
    """What a run's path tells: ours, or <model>/quality_<q> as the 2018 code's."""
    parts = Path(name).parts
    for i, part in enumerate(parts):
        match = re.fullmatch(r"(quality|bitrate)_(\d{1,3})", part)
        if match:
            above = [p for p in parts[:i] if p not in ("logs", ".", "..")]
            source = above[-2] if len(above) > 1 and above[-2] not in ("cifar", "audio") else None
            seed = re.fullmatch(r"seed_(\d{1,10})", parts[i + 1]) if i + 1 < len(parts) else None
            return {
                "domain": RATE_NAMES[match[1]],
                "source": source,
                "model": above[-1] if above else None,
                "rate": int(match[2]),
                "seed": int(seed[1]) if seed else None,
            }
    return {}


def _state(folder: Path, row: dict, history: dict, old: bool) -> dict:
    """The state of a run and what its result says."""
    accuracies = history.get("val_acc", [])
    broken = [c for c in CURVES if not all(map(math.isfinite, history.get(c, [])))]
    if broken:
        first = min(_first_broken(history[c]) for c in broken)
        return {"state": DIVERGED, "note": f"{', '.join(broken)}: no number from epoch {first} on"}
    if any(not 0 <= a <= 1 for a in accuracies):
        raise Damage("history.csv holds an accuracy beyond 0 to 1")
    result = read_object(folder / "result.json")
    if result:
        return from_result(folder, result, accuracies) | {"state": FINISHED}
    if (folder / "result.json").exists():
        raise Damage("result.json says nothing")
    if old and accuracies:
        return _old_result(accuracies, row)
    return _unfinished(folder, row, history)


def _first_broken(values: list[float]) -> int:
    return next(i for i, value in enumerate(values, start=1) if not math.isfinite(value))


def _old_result(accuracies: list[float], row: dict) -> dict:
    """What can be told of a run of the 2018 code, which wrote its history at the end."""
    note = (
        "" if row["model"] and row["rate"] is not None else "its path does not name model and rate"
    )
    return {"state": OLD, "note": note, "epochs": len(accuracies), **runs.statistics(accuracies)}


def _unfinished(folder: Path, row: dict, history: dict) -> dict:
    done, wanted = len(history.get("val_acc", [])), row["flags"].get("num_epoch")
    if not done:
        return {"state": STARTED, "note": "no history.csv yet, or it failed before the first epoch"}
    quiet = time.time() - (folder / "history.csv").stat().st_mtime
    running = quiet < max(IDLE, 3 * max(history.get("seconds", [0])))
    said = f"epoch {done}" + (f" of {wanted}" if whole(wanted) else "")
    if not running:
        said += f", nothing for {quiet / 3600:.1f} h"
    return {"state": RUNNING if running else STOPPED, "note": said, "epochs": done}
