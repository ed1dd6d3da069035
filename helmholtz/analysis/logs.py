"""The runs under a folder, a row each, whatever state they are in.

Nothing found there stops a report: what cannot be read is a row that says so.
"""

import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from helmholtz import domain
from helmholtz.analysis import domains, kept, run_files, tables
from helmholtz.analysis.run_files import Damage
from helmholtz.analysis.summary import judged_once
from helmholtz.errors import DataError
from helmholtz.io import run_state, runs
from helmholtz.schema import CURVES, EPOCHS, OUTSIDE, RUNS
from helmholtz.text import printable

RUN_FILES = {"setting.json", "history.csv", "result.json", "train.log"}
REPORT = {"runs.csv", "summary.csv"}  # a folder with both is an earlier report
EXPECTED = {"README.md", "index.html"}  # not of a run, and not worth listing
BELOW_RUNS = {"tensorboard", "wandb", "evaluation"}  # folders of a run
ANSWER = "answer.json"  # in the folder of an answer

# States. Only the first two are counted: the others have no result, or none to be trusted.
FINISHED, OLD = "finished", "finished (2018 code)"
RUNNING, STOPPED, FAILED = "running", "stopped", "no epoch"
DIVERGED, DAMAGED = "diverged", "damaged"
DUPLICATE, OTHER_CODEC = "duplicate", "other codec version"
COUNTED = (FINISHED, OLD)


class Run(NamedTuple):
    """A run as found. path: None for one from a table. row: of runs.csv. history: by column."""

    path: Path | None
    row: dict
    history: dict[str, list[float]]


def read(roots: list[Path], skip: Path, alone: bool = True) -> tuple[list[Run], list[str]]:
    """All runs under the folders, and the files there that are not of any run.

    skip: a folder that is not looked into, the report's own. alone: runs are called by their path
    below the one folder; else, as several may hold runs of the same name, by their whole path.
    """
    found, foreign = {}, []
    for root in roots:
        for path, subfolders, files in os.walk(root):
            folder = Path(path)
            subfolders[:] = sorted(set(subfolders) - BELOW_RUNS)
            if set(files) >= REPORT or ANSWER in files or folder.resolve() == skip.resolve():
                subfolders.clear()
            elif RUN_FILES & set(files):
                name = folder.relative_to(root) if folder != root else folder.resolve().name
                name = str(name if alone else folder)
                found.setdefault(folder.resolve(), read_run(folder, printable(name)))
            else:
                names = [name for name in sorted(set(files) - EXPECTED) if name[0] != "."]
                foreign += [str(folder / name) for name in names]
    return sorted(found.values(), key=_sort_key), [printable(name) for name in foreign]


def is_report(folder: Path) -> bool:
    """Whether a folder holds an earlier report."""
    return all((folder / name).is_file() for name in REPORT)


def _sort_key(run: Run) -> tuple:
    row = run.row
    rate, seed = (-1 if row[key] is None else row[key] for key in ("rate", "seed"))
    names = (str(row[key]) for key in ("domain", "source", "model", "codec"))
    return *names, rate, seed, row["folder"]


def read_run(folder: Path, name: str) -> Run:
    """The run in a folder; name is what the report calls it."""
    row = dict.fromkeys(RUNS) | {"folder": name, "note": "", "flags": {}} | from_path(name)
    history = {}
    try:
        setting = run_files.read_object(folder / "setting.json")
        row |= run_files.from_setting(setting)
        row["extent"] = domains.extent(row, setting)
        history, old = run_files.read_history(folder / "history.csv")
        row |= _state(folder, row, history, old)
    except Damage as damage:
        row |= {"state": DAMAGED, "note": printable(str(damage))}
    except OSError as error:
        row |= {"state": DAMAGED, "note": f"cannot be read ({error.strerror})"}
    row["codec"] = row["codec"] or domains.of(row).published.name
    return Run(folder, row, history)


def from_path(name: str) -> dict:
    """What a run's path tells: <source>/<model>/quality_5/seed_0, or the 2018 code's."""
    parts = Path(name).parts
    for i, part in enumerate(parts):
        if found := domains.of_folder(part):
            above = [p for p in parts[:i] if p not in ("logs", ".", "..")]
            source = above[-2] if len(above) > 1 and above[-2] not in domain.NAMES else None
            seed = re.fullmatch(r"seed_(\d{1,10})", parts[i + 1]) if i + 1 < len(parts) else None
            return dict(zip(("domain", "codec", "rate"), found, strict=True)) | {
                "source": source,
                "model": above[-1] if above else None,
                "seed": int(seed[1]) if seed else None,
            }
    return {}


def _state(folder: Path, row: dict, history: dict, old: bool) -> dict:
    """The state of a run and what its result says."""
    if diverged := run_files.check_history(history):
        return {"state": DIVERGED, "note": diverged}
    accuracies = history.get("val_acc", [])
    result = run_files.read_object(folder / "result.json")
    if result:
        return run_files.from_result(folder, result, history) | {"state": FINISHED}
    if (folder / "result.json").exists():
        raise Damage("result.json says nothing")
    if old and accuracies:  # the 2018 code wrote its history at the end
        named = row["model"] and row["rate"] is not None
        note = "" if named else "its path does not name model and rate"
        found = {"state": OLD, "note": note, "epochs": len(accuracies)}
        return found | runs.statistics(accuracies)
    return _unfinished(folder, row, history)


def _unfinished(folder: Path, row: dict, history: dict) -> dict:
    done, wanted = len(history.get("acc", [])), row["flags"].get("num_epoch")
    running = run_state.in_progress(folder)
    if not done:
        note = "no epoch yet" if running else "ended before its first epoch"
        return {"state": RUNNING if running else FAILED, "note": note}
    note = f"epoch {done}" + (f" of {wanted}" if isinstance(wanted, int) else "")
    return {"state": RUNNING if running else STOPPED, "note": note, "epochs": done}


def read_table(path: Path, alone: bool = True) -> list[Run]:
    """The runs of an earlier report's runs.csv, with histories where curves.csv lies beside it,
    and with what they said of test items where predictions.csv.gz does.

    alone: as for read. Raises DataError when the file is something else, or damaged.
    """
    rows = tables.read(path, RUNS, _adapt)
    for row in rows:
        row |= {"note": row["note"] or "", "codec": row["codec"] or domains.of(row).published.name}
        if why := _impossible(row):
            raise DataError(f"{path} is damaged: {printable(why)}.")
    beside = path.with_name("curves.csv")
    histories = read_curves(beside) if beside.exists() else {}
    if (said := path.with_name(kept.FILE)).exists():
        kept.add(rows, said)
    found = [Run(None, row, histories.get(row["folder"], {})) for row in rows]
    for run in found if not alone else []:
        run.row["folder"] = str(path.parent / run.row["folder"])
    return found


def _adapt(table):
    """Before there was a choice of codec, its column held the version. Before there were runs that
    are judged once, no column said which epoch counts. What is known of the files came later."""
    if "codec_version" not in table:
        table = table.rename(columns={"codec": "codec_version"}).assign(codec=None)
    later = {"counted_epoch", "source_bytes", "extent", "found"}
    later |= {name for name in RUNS if name.startswith("prior")}
    return table.assign(**dict.fromkeys(later - set(table)))


def _impossible(row: dict) -> str:
    """Why a row of a table cannot be that of a run, or ""."""
    if not isinstance(row["flags"], dict) or row["domain"] not in (None, *domain.NAMES):
        return "its flags or its domain are not of this project"
    scored = row["test_acc" if judged_once(row) else "best_val_acc"] is not None
    epochs = row["epochs"] or row["counted_epoch"] == OUTSIDE
    if (scored and None in (epochs or None, row["domain"])) or row["folder"] is None:
        return "an accuracy without its epochs, or a run without its folder"
    return "" if scored or row["state"] not in COUNTED else "a finished run without an accuracy"


def curves(found: list[Run]) -> pd.DataFrame:
    """The table of curves.csv: every epoch of every run."""
    histories = {r.row["folder"]: r.history for r in found if {"acc", "loss"} <= set(r.history)}
    if not histories:
        return pd.DataFrame(columns=list(EPOCHS))
    parts = [pd.DataFrame(history, columns=CURVES) for history in histories.values()]
    table = pd.concat(parts, keys=histories, names=["folder", "epoch"]).reset_index()
    return table.assign(epoch=table["epoch"] + 1)


def read_curves(path: Path) -> dict[str, dict[str, list[float]]]:
    """The histories in a curves.csv by the folder of their run. Raises DataError."""
    groups = tables.read_frame(path, EPOCHS).groupby("folder", sort=False)
    return {
        folder: group[CURVES].dropna(axis=1, how="all").to_dict("list") for folder, group in groups
    }


def states(rows: list[dict]) -> dict[str, int]:
    """How many runs there are in every state."""
    return dict(Counter(row["state"] for row in rows))
