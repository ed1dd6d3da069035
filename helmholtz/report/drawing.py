"""All figures of a report: which are drawn of which scene, what they are called and captioned."""

import argparse
import fnmatch
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from helmholtz.cli import UsageError
from helmholtz.report import charts, figures, learning, runfiles, sheets
from helmholtz.report.logbook import COUNTED, DUPLICATE, RUNNING, Run
from helmholtz.report.summary import plural, protocol, trained_alike

BARS = "Bars are 95 % intervals over seeds (Student's t); a hollow marker is one seed, without one."
RESULTS = (*COUNTED, DUPLICATE)  # states in which the protocol is known
DASHED = "The dashed line is the uncompressed run."


class Drawn(NamedTuple):
    """A scene of the report: its figures as (name, caption), sounds by rate, its answers."""

    title: str
    protocol: str
    key: tuple
    figures: list
    sounds: dict
    silent: str
    answers: list
    folder: Path


def draw(found: dict, answers: list[dict], runs: list[Run], args: argparse.Namespace) -> list:
    """Draw and write the figures of every scene, and of runs that have no result yet."""
    folder, drawn, used = args.out / "figures", [], set()
    with charts.styled():
        for key, rows in found.items():
            stem = _stem(key, used)
            own = _runs_of(key, rows, runs)
            told = [
                a for a in answers if (a["domain"], a["source"], a["data"], a["protocol"]) == key
            ]
            sound, silent = _sounds(key, own)
            made = _scene(key, rows, own, told, args)
            drawn.append(
                Drawn(
                    f"{key[0]} / {key[1] or 'unknown source'}", key[3], key,
                    _write(made, folder, stem), sound, silent, told, folder,
                )
            )  # fmt: skip
        live = [run for run in runs if run.row["state"] == RUNNING]
        if live:
            made = [("running", learning.curves(live), "Runs that are still going.")]
            done = _write(made, folder, _stem(("live",), used))
            drawn.append(Drawn("Running now", "", (), done, {}, "", [], folder))
    return drawn


def _stem(key: tuple, used: set) -> str:
    """A file name for a scene: plain letters, and a number where two would be the same."""
    words = [str(part) for part in key[:2] if part]
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in "_".join(words))[:60]
    name, number = plain, 1
    while name in used:
        number += 1
        name = f"{plain}_{number}"
    used.add(name)
    return name


def _write(made: list, folder: Path, stem: str) -> list:
    done = []
    for name, figure, caption in made:
        if figure is not None:
            charts.save(figure, folder, f"{stem}_{name}")
            done.append((f"{stem}_{name}", caption))
    return done


def _runs_of(key: tuple, rows: list[dict], runs: list[Run]) -> list[Run]:
    """The runs that belong to a scene: those with a result and its protocol, and those without one
    that were started like them."""
    models = {row["model"] for row in rows}
    near = [
        run
        for run in runs
        if (run.row["domain"], run.row["source"], run.row["data"]) == key[:3]
        and run.row["model"] in models
    ]
    own = [r for r in near if r.row["state"] in RESULTS and protocol(r.row) == key[3]]
    unfinished = (r for r in near if r.row["state"] not in RESULTS)
    alike = [r for r in unfinished if any(trained_alike(r.row, o.row) for o in own)]
    kept = {id(run) for run in own + alike}
    return [run for run in near if id(run) in kept]


def _scene(key, rows, runs, answers, args) -> list:
    """(name, figure or None, caption) of a scene, in the order of the page."""
    names = rows[0]["accuracy_is"]
    on = f"Validation accuracy ({names}) of {key[1] or 'an unknown source'}."
    scans = any(row["scan_bytes"] != row["file_bytes"] for row in rows)
    chosen, left_out = select_curves(runs, args.curves)
    made = [
        ("accuracy_rate", figures.against_rate(rows, "accuracy", "accuracy"),
         f"Accuracy against rate. {on} {BARS} {DASHED}"),
        ("accuracy_bits", figures.accuracy_bits(rows, "file_bytes", "whole file"),
         f"Accuracy against the size of an item, whole files. {on} {BARS} "
         "Above the points is the rate."),
    ]  # fmt: skip
    if scans:
        made.append(
            ("accuracy_scan_bits", figures.accuracy_bits(rows, "scan_bytes", "scan alone"),
             f"The same without the files' headers and tables, which are alike in all. {BARS}")
        )  # fmt: skip
    made += [
        ("convergence", figures.against_rate(rows, "convergence_epoch", "epochs to converge"),
         f"Epochs to converge against rate: the first epoch from which ten epochs' mean is above "
         f"0.99 of the best. {BARS} {DASHED}"),
        ("curves", learning.curves(chosen),
         f"Learning curves: validation solid, training dashed. {left_out}"),
        ("mean_curves", learning.mean_curves([r for r in runs if r.row["state"] in COUNTED]),
         "Validation accuracy of every epoch, the mean over seeds, whose number is in brackets; "
         "shades reach from the worst seed to the best."),
        ("accuracy_parameters", figures.accuracy_parameters(rows),
         f"Accuracy against the size of the network. {BARS}"),
        _confusion(runs, answers),
        _sheet(key, rows),
    ]  # fmt: skip
    return made


def select_curves(runs: list, patterns: list[str]) -> tuple[list, str]:
    """The runs whose curves are drawn, and a sentence about those that are not.

    The runs are those that the patterns name, or else of every network and rate the first that has
    a history, those of one network before those of the next, of which fewer rates were run.
    """
    with_history = [run for run in runs if run.history.get("val_acc")]
    if patterns:
        chosen = [r for r in with_history if _named(r, patterns)]
    else:
        first = {}
        for run in with_history:
            first.setdefault((run.row["model"], run.row["rate"]), run)
        rates = Counter(model for model, _ in first)
        chosen = [first[key] for key in sorted(first, key=lambda key: -rates[key[0]])]
    chosen = chosen[: learning.CURVES]
    if len(chosen) == len(with_history):
        return chosen, ""
    return chosen, (
        f"{len(chosen)} of {plural(len(with_history), 'run')}, at most {learning.CURVES}: "
        "--curves PATTERN chooses others by their names below All runs, where * is any text."
    )


def _named(run: Run, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(run.row["folder"], pattern) for pattern in patterns)


def check_patterns(runs: list[Run], patterns: list[str]) -> None:
    """Raise UsageError where a pattern of --curves names no run that has curves."""
    for pattern in patterns:
        if not any(_named(run, [pattern]) for run in runs if run.history.get("val_acc")):
            raise UsageError(
                f"--curves {pattern!r} matches no run with learning curves: "
                "it is compared with the names in runs.csv, where * is any text."
            )


def _confusion(runs: list[Run], answers: list[dict]):
    """The matrix of a run at the rate to choose, the first network's first seed."""
    wanted = {(answer["model"], answer["rate"]) for answer in answers}
    for run in runs:
        if run.path is not None and (run.row["model"], run.row["rate"]) in wanted:
            classes, counts = runfiles.read_confusion(run.path / "confusion.csv")
            if counts:
                row = run.row
                named = f"{row['model']}, {charts.named_rate(row)}, seed {row['seed']}"
                caption = f"Confusion matrix of {named}: numbers are items, shades shares of a row."
                return "confusion", figures.confusion(classes, counts), caption
    return "confusion", None, ""


def _sheet(key: tuple, rows: list[dict]):
    domain, source, data, _ = key
    items = sheets.read(sheets.prepared(domain, source, data), data)
    model = rows[0]["model"]
    what = "images" if domain == "cifar" else "clips, as mel spectrograms,"
    caption = (
        f"The same test {what} at every rate, with the mean bytes and the accuracy of {model}."
    )
    return "sheet", sheets.sheet(domain, items, [r for r in rows if r["model"] == model]), caption


def _sounds(key: tuple, runs: list[Run]) -> tuple[dict, str]:
    flags = [run.row["flags"] for run in runs if run.path is not None and run.row["flags"]]
    if key[0] != "audio" or not flags:
        return {}, ""
    rates = {run.row["rate"] for run in runs if run.row["rate"] is not None}
    return sheets.sounds(flags[0], sorted(rates, key=lambda rate: -sheets.height(rate)))
