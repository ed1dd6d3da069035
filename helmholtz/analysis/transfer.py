"""Trained on what, tested on what: the matrix of an experiment, and how far its networks hold."""

from itertools import takewhile
from pathlib import Path

import numpy as np

from helmholtz.analysis import domains, tables
from helmholtz.analysis.experiments import EXPERIMENT, Experiment, rate_order
from helmholtz.analysis.measure import YES, learned, verdict
from helmholtz.analysis.statistics import Score, difference
from helmholtz.analysis.summary import ENDS, mean_columns
from helmholtz.analysis.wording import ends
from helmholtz.errors import DataError
from helmholtz.io import evaluations, predictions
from helmholtz.io.predictions import Predictions
from helmholtz.schema import MATRIX, TEST_SPLIT
from helmholtz.text import printable

FAVOURED = "The test split chose the epoch at the rate of the training, which favours that rate."


def read(runs: list) -> dict[str, dict[tuple, Predictions]]:
    """What the runs said of test items, by the name of their folder, then by codec and rate.

    A run whose evaluation is damaged gets a note that says so.
    """
    found = {}
    for run in runs:
        try:
            found[run.row["folder"]] = _read(run.path) if run.path else run.row.get("tested", {})
        except DataError as error:
            run.row["note"] = printable(str(error))
    return found


def _read(folder: Path) -> dict[tuple, Predictions]:
    keys = evaluations.read(folder)
    return {key: predictions.read(evaluations.path_of(folder, *key)) for key in keys}


def read_tables(paths: list[Path]) -> dict[tuple, list[dict]]:
    """The rows of the matrix.csv beside each runs.csv of an earlier report, by their experiment."""
    found = {}
    for path in paths:
        beside = path.with_name("matrix.csv")
        for row in tables.read(beside, MATRIX) if beside.exists() else []:
            found.setdefault(tuple(row[name] for name in EXPERIMENT), []).append(row)
    return found


def transfer(
    experiment: Experiment, tested: dict[str, dict], tolerance: float, kept: list[dict] = ()
) -> dict:
    """The rows of matrix.csv as "matrix", and a sentence on each tested codec as "transfer".

    tested: what read gives. kept: the rows of an earlier report, which count where they are of more
    seeds; their verdicts are of its tolerance. Both are empty where no run was tested at another
    rate than its own. Nothing is said of a network that has not learned, which holds everywhere.
    """
    rows = _of_more_seeds(kept, _rows(experiment, tested, tolerance))
    rows = [] if all(map(is_own, rows)) else rows
    codecs = dict.fromkeys(row["tested_codec"] for row in rows if row["tested_rate"])
    guesses = learned(experiment.base, experiment.base["accuracy"]) is False
    said = [] if guesses else [_sentence(rows, codec) for codec in codecs]
    trained = [run for runs in experiment.runs.values() for run in runs]
    if said and any(run["validated_on"] == TEST_SPLIT for run in trained):
        said.append(FAVOURED)
    return {"matrix": rows, "transfer": " ".join(said)}


def _of_more_seeds(kept: list[dict], rows: list[dict]) -> list[dict]:
    """Of two rows for a cell the one of more seeds, or else the second, in the order of _rows."""
    cells = {}
    for row in [*kept, *rows]:
        place = -rate_order(row["rate"]), row["tested_codec"], -rate_order(row["tested_rate"])
        if place not in cells or row["seeds"] >= cells[place]["seeds"]:
            cells[place] = row
    return [cells[place] for place in sorted(cells)]


def _rows(experiment: Experiment, tested: dict[str, dict], tolerance: float) -> list[dict]:
    """A row for each cell, by the rate of the training and then the codec and rate tested at."""
    rows = []
    for rate, runs in experiment.runs.items():
        own = (experiment.key["codec"] if rate else domains.of(experiment.key).published.name, rate)
        known = [(run["seed"], tested.get(run["folder"], {})) for run in runs]
        known = [(seed, cells) for seed, cells in known if own in cells]
        columns = {column for _, cells in known for column in cells}
        columns = sorted(columns, key=lambda c: (c[0], -rate_order(c[1])))
        names = experiment.key | {"rate": rate}
        rows += [names | _cell(known, own, column, tolerance) for column in columns]
    return rows


def _cell(known: list[tuple], own: tuple, column: tuple, tolerance: float) -> dict:
    """Accuracy in a column, and its difference to that of the same runs at their own rate.

    known: of every run its seed, and what read gives.
    """
    known = [(seed, cells) for seed, cells in known if column in cells]
    items = [cells[at].item for _, cells in known for at in (column, own)]
    alike = all(np.array_equal(item, items[0]) for item in items[1:])
    here, there = ([_score(seed, cells[at]) for seed, cells in known] for at in (column, own))
    if not alike:  # items cannot be compared one by one
        here, there = ([score._replace(correct=None) for score in own] for own in (here, there))
    change, margin = difference(here, there), difference(here, there, 1 - tolerance)
    shown = margin | dict(zip(("low", "high"), ends(margin), strict=True))  # of one seed too
    return {
        **{"tested_codec": column[0], "tested_rate": column[1], "seeds": len(here)},
        **{"items": len(items[0]), "difference": change["mean"]},
        **mean_columns("accuracy", here),
        **{f"difference_{name}": change[name] for name in ENDS},
        "verdict": YES if column == own else verdict(shown),
    }


def _score(seed: int | None, said: Predictions) -> Score:
    return Score(seed, float(said.correct.mean()), said.correct, len(said.correct))


def is_own(row: dict) -> bool:
    """Whether a row of matrix.csv lies on the diagonal."""
    same = row["rate"] == row["tested_rate"]
    return same and (row["rate"] == 0 or row["codec"] == row["tested_codec"])


def held(rows: list[dict], rate: int, codec: str) -> list[dict]:
    """The rows, highest first, of the tested rates of a codec at which a network trained at a rate
    still holds up: a loss beyond the tolerance is ruled out there, and at every rate above."""
    own = [row for row in rows if (row["rate"], row["tested_codec"]) == (rate, codec)]
    top = rate_order(rate if own and own[0]["codec"] == codec else 0)
    lower = [row for row in own if 0 < row["tested_rate"] < top]
    return list(takewhile(lambda row: row["verdict"] == YES, lower))


def _sentence(rows: list[dict], codec: str) -> str:
    """How far the network holds that holds furthest down, and the one trained uncompressed."""
    reach = {row["rate"]: held(rows, row["rate"], codec) for row in rows}
    lowest = {rate: found[-1] for rate, found in reach.items() if found}
    best = min(lowest, key=lambda rate: (lowest[rate]["tested_rate"], rate), default=None)
    best = max(reach, key=rate_order) if best is None else best
    said = [_reach(best, lowest.get(best), rows, "it holds")]
    if best and 0 in reach:
        alike = 0 in lowest and lowest[0]["tested_rate"] == lowest[best]["tested_rate"]
        said.append(_reach(0, lowest.get(0), rows, "too" if alike else "only"))
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _reach(rate: int, row: dict | None, rows: list[dict], how: str) -> str:
    """How far a network holds; row: the last of held."""
    trained = next(row for row in rows if row["rate"] == rate)
    name = f"trained {'at ' * (rate > 0)}{domains.rate_name(trained)}"
    if row is None:
        return f"{name} it holds at no lower rate"
    lowest = domains.rate_name(row | {"codec": row["tested_codec"], "rate": row["tested_rate"]})
    low, high = ends(row, "difference_")
    mean, low, high = (100 * value for value in (row["difference"], low, high))
    alone = ", one seed, over items alone" if row["seeds"] == 1 else ""
    return f"{name} {how} down to {lowest} ({mean:+.1f} points, {low:+.1f} to {high:+.1f}{alone})"
