"""From runs to experiments: means over seeds with their 95 % intervals.

Everything here comes from the rows of runs.csv alone, so that a table that was kept gives the
same summary again.
"""

import math
from operator import itemgetter

from helmholtz.report.intervals import difference, interval
from helmholtz.report.logbook import COUNTED, DUPLICATE, FINISHED, OLD

EXPERIMENT = ["domain", "source", "data", "protocol", "model"]  # what may be compared over rates
COLUMNS = [
    *EXPERIMENT,
    *("rate", "seeds", "seed_list", "not_counted", "parameters", "epochs", "accuracy_is"),
    *("accuracy", "accuracy_low", "accuracy_high", "test_acc", "test_acc_low", "test_acc_high"),
    *("baseline_rate", "difference", "difference_low", "difference_high"),
    *("test_difference", "test_difference_low", "test_difference_high"),
    *("convergence_epoch", "convergence_epoch_low", "convergence_epoch_high", "converged"),
    *("raw_bytes", "file_bytes", "scan_bytes", "lossless_bytes", "true_noise_bits"),
    *("seconds", "seconds_to_converge", "devices", "chance", "val_items"),
]
TRAINING = ("num_epoch", "batch_size", "learning_rate", "decay_rate", "weights", "tile", "val",
            "limit", "precision")  # flags that say how a run is trained; see protocol  # fmt: skip
TEN_BEST, SHORT = "mean of ten best epochs", "best epoch (short)"
FEW, STARRED = (
    15,
    20,
)  # epochs below which it says little of the best, and below which it is starred
CERTAIN = {"accuracy": (0, 1), "test_acc": (0, 1), "convergence_epoch": (1, math.inf)}


def accuracy(row: dict) -> float:
    """As published, the mean of the ten best epochs; of a short run, its best epoch.

    Of a run of ten epochs the ten best are all of them, from the first on. From FEW epochs on at
    least a third of them are left out.
    """
    ten_best = row["mean_of_ten_best"]
    return row["best_val_acc"] if row["epochs"] < FEW or ten_best is None else ten_best


def starred(row: dict) -> bool:
    """Whether the accuracy of a row, of a run or of summary, carries a star: see the page."""
    return row["epochs"] < STARRED


def plural(number: int, noun: str) -> str:
    """A number with its noun: 1 epoch, 2 epochs."""
    return f"{number} {noun}" + "s" * (number != 1)


def accuracy_difference(chosen: list[dict], base: list[dict], factor: float = 1) -> dict:
    """Mean of accuracy(chosen) - factor * accuracy(base), as intervals.difference has it."""
    there = _by_seed(base, lambda run: factor * accuracy(run))
    return difference(_by_seed(chosen, accuracy), there)


def protocol(row: dict) -> str:
    """How a run was trained, in words. Runs that differ in this are never averaged."""
    if row["state"] == OLD:
        return f"2018 code, {plural(row['epochs'], 'epoch')}"
    flags = row["flags"]
    told = {
        "batch": flags.get("batch_size"),
        "learning rate": flags.get("learning_rate"),
        "decay": flags.get("decay_rate"),
        "from": flags.get("weights"),
    }
    words = [plural(row["train_items"], "item"), plural(row["epochs"], "epoch")]
    words += [f"{name} {value}" for name, value in told.items() if value is not None]
    words += ["tiled"] if flags.get("tile") else []
    backend = f" with {row['backend'].partition(' ')[0]}" if row["backend"] else ""
    return ", ".join([*words, row["precision"] + backend, f"validated on {row['validated_on']}"])


def trained_alike(row: dict, other: dict) -> bool:
    """Whether two runs, of which one has no result yet, were started with the same training."""
    same = all(row["flags"].get(flag) == other["flags"].get(flag) for flag in TRAINING)
    return same and row["backend"] == other["backend"]


def height(rate: int) -> float:
    """The order of rates: 0, uncompressed, is the highest."""
    return math.inf if rate == 0 else rate


def mark_duplicates(rows: list[dict]) -> None:
    """The same seed of the same experiment says nothing new: a second run of it is not counted."""
    seen = {}
    for row in rows:
        if row["state"] != FINISHED:
            continue
        key = (*_group(row), row["seed"])
        if key in seen:
            row.update(state=DUPLICATE, note=f"same experiment and seed as {seen[key]}")
        seen.setdefault(key, row["folder"])


def _group(row: dict) -> tuple:
    """What runs are averaged by: EXPERIMENT and rate."""
    known = row | {"protocol": protocol(row)}
    return tuple(known[key] for key in [*EXPERIMENT, "rate"])


def counted(rows: list[dict]) -> dict[tuple, list[dict]]:
    """The runs that count, by experiment and rate: (*EXPERIMENT, rate)."""
    groups = {}
    for row in rows:
        if row["state"] in COUNTED and row["model"] and row["rate"] is not None:
            groups.setdefault(_group(row), []).append(row)
    return groups


def summarise(rows: list[dict]) -> list[dict]:
    """The rows of summary.csv, sorted by experiment and rate."""
    named = ("domain", "source", "model", "rate")
    lost = [tuple(row[n] for n in named) for row in rows if row["state"] not in COUNTED]
    groups = counted(rows)
    highest = {key[:-1]: key for key in sorted(groups, key=lambda key: height(key[-1]))}
    found = []
    for key in sorted(groups, key=lambda k: [(v is None, v if v is not None else "") for v in k]):
        row = dict(zip([*EXPERIMENT, "rate"], key, strict=True)) | _over_seeds(groups[key])
        base = highest[key[:-1]]
        row |= {"baseline_rate": base[-1]} | _against(groups[key], groups[base])
        row["not_counted"] = lost.count(tuple(row[name] for name in named))
        found.append({column: row[column] for column in COLUMNS})
    return found


def _against(rows: list[dict], base: list[dict]) -> dict:
    """The differences to the runs at the baseline; none for these themselves."""
    change = tested = {}
    if rows is not base:
        change = accuracy_difference(rows, base)
        if None not in [run["test_acc"] for run in rows + base]:
            tested = difference(*(_by_seed(some, itemgetter("test_acc")) for some in (rows, base)))
    columns = _difference_columns("difference", change)
    return columns | _difference_columns("test_difference", tested)


def _by_seed(runs: list[dict], value) -> list[tuple]:
    return [(run["seed"], value(run)) for run in runs]


def _difference_columns(name: str, found: dict) -> dict:
    return {name: found.get("mean"), **{f"{name}_{end}": found.get(end) for end in ("low", "high")}}


def _over_seeds(rows: list[dict]) -> dict:
    """One row of summary.csv from the runs of one experiment at one rate."""
    first = rows[0]
    short = first["epochs"] < FEW
    same = ("parameters", "epochs", "lossless_bytes", "true_noise_bits", "chance", "val_items")
    sizes = ("raw_bytes", "file_bytes", "scan_bytes", "seconds")
    to_converge = [
        row["convergence_epoch"] * row["seconds"] / row["epochs"]
        for row in rows
        if row["convergence_epoch"] and row["seconds"] is not None
    ]
    return {
        "seeds": len(rows),
        "seed_list": " ".join(str(r["seed"]) for r in rows if r["seed"] is not None) or None,
        "accuracy_is": SHORT if short else TEN_BEST,
        **_interval_columns("accuracy", [accuracy(row) for row in rows]),
        **_interval_columns("test_acc", [row["test_acc"] for row in rows]),
        **_interval_columns("convergence_epoch", [row["convergence_epoch"] for row in rows]),
        "converged": sum(row["convergence_epoch"] is not None for row in rows),
        **{key: first[key] for key in same},
        **{key: _mean([row[key] for row in rows]) for key in sizes},
        "seconds_to_converge": _mean(to_converge) if len(to_converge) == len(rows) else None,
        "devices": "; ".join(sorted({row["device"] for row in rows if row["device"]})) or None,
    }


def _interval_columns(name: str, values: list) -> dict:
    """Mean and interval; its ends stay within what the quantity can be."""
    known = [value for value in values if value is not None]
    mean, low, high = interval(known) if known else (None, None, None)
    least, most = CERTAIN[name]
    if low is not None:
        low, high = max(low, least), min(high, most)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def _mean(values: list) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
