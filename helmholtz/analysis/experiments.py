"""Which runs belong together: those averaged over seeds, and those compared over rates."""

import math
from collections import Counter
from typing import NamedTuple

import pandas as pd

from helmholtz.analysis import summary, tables
from helmholtz.analysis.logs import COUNTED, DUPLICATE, FINISHED, OLD, OTHER_CODEC
from helmholtz.analysis.wording import plural
from helmholtz.schema import RUNS

COMPARISON = ["domain", "source", "data", "protocol"]  # what runs of one figure share
NETWORK = [*COMPARISON, "model"]
EXPERIMENT = [*NETWORK, "codec"]  # what runs share that are compared over rates
TRAINING = ["num_epoch", "batch_size", "learning_rate", "decay_rate", "weights", "tile"]
TRAINING += ["val", "limit", "precision"]  # flags that say how a run is trained


class Experiment(NamedTuple):
    """A network and codec on the same data, trained in the same way, at several rates.

    runs: by rate, highest first, the rows of runs.csv. rows: likewise that of summary.csv.
    """

    key: dict
    runs: dict[int, list[dict]]
    rows: dict[int, dict]

    @property
    def base(self) -> dict:
        """The row that the others are compared with: uncompressed, or else the highest rate."""
        return next(iter(self.rows.values()))


def rate_order(rate: int) -> float:
    """A key that sorts rates: 0, uncompressed, is the highest."""
    return math.inf if rate == 0 else rate


def protocol(row: dict) -> str:
    """How a run was trained, in words. Runs that differ in this are never averaged."""
    epochs = plural(row["epochs"], "epoch")
    if row["state"] == OLD:
        return f"2018 code, {epochs}"
    flags = row["flags"]
    told = {
        "batch": flags.get("batch_size"),
        "learning rate": flags.get("learning_rate"),
        "decay": flags.get("decay_rate"),
        "from": flags.get("weights"),
    }
    words = [plural(row["train_items"], "item"), epochs]
    words += [f"{name} {value}" for name, value in told.items() if value is not None]
    words += ["tiled"] if flags.get("tile") else []
    backend = f" with {row['backend'].partition(' ')[0]}" if row["backend"] else ""
    return ", ".join(
        [*words, f"{row['precision']}{backend}", f"validated on {row['validated_on']}"]
    )


def trained_alike(row: dict, other: dict) -> bool:
    """Whether two runs, of which one may have no result, were started with the same training."""
    same = all(row["flags"].get(flag) == other["flags"].get(flag) for flag in TRAINING)
    return same and row["backend"] == other["backend"]


def mark_not_counted(rows: list[dict]) -> None:
    """Mark finished runs that would be averaged wrongly: of another version of the codec than most
    of their experiment, or of a seed that is there already."""
    finished = [row for row in rows if row["state"] == FINISHED]
    versions = {}
    for row in finished:
        if row["rate"]:
            versions.setdefault(_key(row, EXPERIMENT), Counter())[row["codec_version"]] += 1
    seen = {}
    for row in finished:
        most = versions.get(_key(row, EXPERIMENT), Counter()).most_common(1)
        if row["rate"] and row["codec_version"] != most[0][0]:
            row.update(state=OTHER_CODEC, note=f"{row['codec_version']}, others {most[0][0]}")
            continue
        key = (_key(row, EXPERIMENT if row["rate"] else NETWORK), row["rate"], row["seed"])
        if key in seen:
            row.update(state=DUPLICATE, note=f"same experiment and seed as {seen[key]}")
        seen.setdefault(key, row["folder"])


def _key(row: dict, names: list[str]) -> tuple:
    known = row | {"protocol": protocol(row)}
    return tuple(known[name] for name in names)


def experiments(rows: list[dict]) -> list[Experiment]:
    """The experiments that the runs make, sorted by their names."""
    counted = _counted(rows)
    if counted.empty:
        return []
    named = ["domain", "source", "model", "rate"]
    lost = Counter(tuple(row[n] for n in named) for row in rows if row["state"] not in COUNTED)
    found = []
    for names, group in counted.groupby(EXPERIMENT, dropna=False):
        key = {k: None if pd.isna(v) else v for k, v in zip(EXPERIMENT, names, strict=True)}
        runs = {int(rate): tables.records(some) for rate, some in group.groupby("rate")}
        runs = dict(sorted(runs.items(), key=lambda item: -rate_order(item[0])))
        base = next(iter(runs))
        summaries = {
            rate: summary.summarise(own, runs[base] if rate != base else [])
            | key
            | {"rate": rate, "baseline_rate": base}
            | {"not_counted": lost[tuple((key | {"rate": rate})[n] for n in named)]}
            for rate, own in runs.items()
        }
        found.append(Experiment(key, runs, summaries))
    return found


def _counted(rows: list[dict]) -> pd.DataFrame:
    """The runs that count. Those without compression count for every codec of their network."""
    own = [r for r in rows if r["state"] in COUNTED and r["model"] and r["rate"] is not None]
    codecs = {}
    for row in own:
        if row["rate"]:
            codecs.setdefault(_key(row, NETWORK), {})[row["codec"]] = None
    table = tables.frame(own, RUNS).assign(protocol=[protocol(row) for row in own])
    table["codec"] = [
        [row["codec"]] if row["rate"] else list(codecs.get(_key(row, NETWORK), [row["codec"]]))
        for row in own
    ]
    return table.explode("codec")


def comparisons(found: list[Experiment]) -> dict[tuple, list[Experiment]]:
    """Experiments by what those of one figure share: the values of COMPARISON."""
    groups = {}
    for experiment in found:
        groups.setdefault(tuple(experiment.key[n] for n in COMPARISON), []).append(experiment)
    return groups


def summary_rows(found: list[Experiment]) -> list[dict]:
    """The rows of summary.csv, by experiment and rate."""
    return [row for e in found for _, row in sorted(e.rows.items())]
