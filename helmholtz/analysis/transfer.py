"""Trained on what, tested on what: the matrix of an experiment, and how far its networks hold."""

from itertools import takewhile

from helmholtz.analysis import domains
from helmholtz.analysis.experiments import Experiment, rate_order
from helmholtz.analysis.measure import YES, verdict
from helmholtz.analysis.statistics import difference, interval
from helmholtz.errors import DataError
from helmholtz.io import evaluations
from helmholtz.text import printable


def read(runs: list) -> dict[str, dict]:
    """What the runs were tested on, by the name of their folder, then by codec and rate.

    A run whose evaluation.csv is damaged gets a note that says so.
    """
    found = {}
    for run in runs:
        try:
            found[run.row["folder"]] = evaluations.read(run.path) if run.path else {}
        except DataError as error:
            run.row["note"] = printable(str(error))
    return found


def transfer(experiment: Experiment, tested: dict[str, dict], tolerance: float) -> dict:
    """ "matrix", the rows of matrix.csv, and "transfer", what they say in a sentence each codec.

    tested: what read gives. Both are empty where no run was tested at another rate than its own.
    """
    rows = []
    for rate, runs in experiment.runs.items():
        own = (experiment.key["codec"] if rate else domains.of(experiment.key).published.name, rate)
        known = {run["seed"]: tested.get(run["folder"], {}) for run in runs}
        known = {seed: cells for seed, cells in known.items() if own in cells}
        columns = sorted(set().union(*known.values()), key=lambda c: (c[0], -rate_order(c[1])))
        names = experiment.key | {"rate": rate}
        rows += [names | _cell(known, own, column, tolerance) for column in columns]
    if len({(row["tested_codec"], row["tested_rate"]) for row in rows}) < 2:
        rows = []
    codecs = dict.fromkeys(row["tested_codec"] for row in rows if row["tested_rate"])
    return {"matrix": rows, "transfer": " ".join(_sentence(rows, codec) for codec in codecs)}


def _cell(known: dict, own: tuple, column: tuple, tolerance: float) -> dict:
    """Accuracy in a column, and its difference to that of the same runs at their own rate."""
    known = {seed: cells for seed, cells in known.items() if column in cells}
    here, there = ([(s, cells[c].accuracy) for s, cells in known.items()] for c in (column, own))
    change = difference(here, there)
    margin = difference(here, [(seed, (1 - tolerance) * value) for seed, value in there])
    return {
        **{"tested_codec": column[0], "tested_rate": column[1], "seeds": len(here)},
        "items": min(cells[column].items for cells in known.values()),
        **_named("accuracy", *interval([value for _, value in here])),
        **_named("difference", *(change[end] for end in ("mean", "low", "high"))),
        "verdict": YES if column == own else verdict(margin),
    }


def _named(name: str, mean: float, low: float | None, high: float | None) -> dict:
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def is_own(row: dict) -> bool:
    """Whether a row of matrix.csv lies on the diagonal."""
    same = row["rate"] == row["tested_rate"]
    return same and (row["rate"] == 0 or row["codec"] == row["tested_codec"])


def held(rows: list[dict], rate: int, codec: str) -> list[dict]:
    """The rows, highest first, of the tested rates of a codec at which a network trained at a rate
    still holds: where a loss beyond the tolerance is ruled out, there and at every rate above."""
    own = [row for row in rows if (row["rate"], row["tested_codec"]) == (rate, codec)]
    top = rate_order(rate if own and own[0]["codec"] == codec else 0)
    lower = [row for row in own if 0 < row["tested_rate"] < top]
    return list(takewhile(lambda row: row["verdict"] == YES, lower))


def _sentence(rows: list[dict], codec: str) -> str:
    """How far the network holds that holds furthest down, and the one trained uncompressed."""
    reach = {row["rate"]: held(rows, row["rate"], codec) for row in rows}
    lowest = {rate: found[-1] for rate, found in reach.items() if found}
    best = min(lowest, key=lambda rate: (lowest[rate]["tested_rate"], rate), default=0)
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
    mean, low, high = (100 * row[f"difference{end}"] for end in ("", "_low", "_high"))
    return f"{name} {how} down to {lowest} ({mean:+.1f} points, {low:+.1f} to {high:+.1f})"
