"""Which runs belong together: those averaged over seeds, and those compared over rates."""

import math
from collections import Counter, defaultdict
from typing import NamedTuple

from helmholtz.analysis import summary
from helmholtz.analysis.logs import COUNTED, DUPLICATE, FINISHED, OLD, OTHER_CODEC
from helmholtz.analysis.wording import plural
from helmholtz.schema import OUTSIDE

COMPARISON = ["domain", "source", "data", "protocol"]  # what runs of one figure share
NETWORK = [*COMPARISON, "model"]
EXPERIMENT = [*NETWORK, "codec"]  # what runs share that are compared over rates
TRAINING = ["num_epoch", "batch_size", "learning_rate", "decay_rate", "weights", "tile"]
TRAINING += ["val", "limit", "precision"]  # flags that say how a run is trained
ALIKE = ["domain", "source", "data", "model", "backend"]


class Experiment(NamedTuple):
    """A network and codec on the same data, trained in the same way, at several rates.

    runs: by rate, highest first, the rows of runs.csv, with "predictions" where they were kept.
    rows: likewise that of summary.csv.
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
    if row["counted_epoch"] == OUTSIDE:
        return f"not trained here, judged once on {plural(row['val_items'], 'test item')}"
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
    judged = "judged once on the test split, after the last epoch"
    validated = judged if summary.judged_once(row) else f"validated on {row['validated_on']}"
    words += [f"{row['precision']}{backend}", validated]
    return ", ".join(words)


def trained_alike(row: dict, other: dict) -> bool:
    """Whether two runs, of which one may have no result, ask the same training of a network."""
    flags = all(row["flags"].get(flag) == other["flags"].get(flag) for flag in TRAINING)
    return flags and all(row[name] == other[name] for name in ALIKE)


def values(row: dict, names: list[str]) -> tuple:
    """What a row of runs.csv holds under these names; its protocol is one of them."""
    return tuple(protocol(row) if name == "protocol" else row[name] for name in names)


def mark_not_counted(rows: list[dict]) -> None:
    """Mark the finished runs that would be averaged wrongly."""
    finished = [row for row in rows if row["state"] == FINISHED]
    _mark_other_versions([row for row in finished if row["rate"]])
    _mark_duplicates([row for row in finished if row["state"] == FINISHED])


def _mark_other_versions(compressed: list[dict]) -> None:
    """Of an experiment those runs count that share the version of the codec with most others."""
    versions = {}
    for row in compressed:
        versions.setdefault(values(row, EXPERIMENT), Counter())[row["codec_version"]] += 1
    for row in compressed:
        ((most, _),) = versions[values(row, EXPERIMENT)].most_common(1)
        if row["codec_version"] != most:
            row.update(state=OTHER_CODEC, note=f"{row['codec_version']}, others {most}")


def _mark_duplicates(finished: list[dict]) -> None:
    """The same seed of the same experiment says nothing new."""
    seen = {}
    for row in finished:
        key = (values(row, EXPERIMENT if row["rate"] else NETWORK), row["rate"], row["seed"])
        first = seen.setdefault(key, row)
        if first is not row:
            row.update(state=DUPLICATE, note=f"same experiment and seed as {first['folder']}")


def experiments(rows: list[dict]) -> list[Experiment]:
    """The experiments that the runs make, sorted by their names."""
    counted = [r for r in rows if r["state"] in COUNTED and r["model"] and r["rate"] is not None]
    left_out = Counter(_place(row) for row in rows if row["state"] not in COUNTED)
    groups = _by_experiment(counted)
    order = sorted(groups, key=lambda names: [(name is None, name) for name in names])
    return [_experiment(names, groups[names], left_out) for names in order]


def _by_experiment(counted: list[dict]) -> dict[tuple, dict[int, list[dict]]]:
    """The runs by experiment and rate; those without compression belong to every codec."""
    codecs, groups = defaultdict(set), {}
    for row in counted:
        if row["rate"]:
            codecs[values(row, NETWORK)].add(row["codec"])
    for row in counted:
        network = values(row, NETWORK)
        every = set() if row["rate"] else codecs[network]
        for codec in every or {row["codec"]}:
            groups.setdefault((*network, codec), {}).setdefault(row["rate"], []).append(row)
    return groups


def _experiment(names: tuple, by_rate: dict[int, list[dict]], left_out: Counter) -> Experiment:
    key = dict(zip(EXPERIMENT, names, strict=True))
    runs = {rate: by_rate[rate] for rate in sorted(by_rate, key=rate_order, reverse=True)}
    base, rows = next(iter(runs)), {}
    for rate, own in runs.items():
        row = summary.summarise(own, runs[base] if rate != base else [])
        row |= key | {"rate": rate, "baseline_rate": base}
        rows[rate] = row | {"not_counted": left_out[_place(row)]}
    return Experiment(key, runs, rows)


def _place(row: dict) -> tuple:
    """Where a run without a result would belong; without compression every codec is the same."""
    named = tuple(row[name] for name in ("domain", "source", "model", "rate"))
    return (*named, row["codec"] if row["rate"] else None)


def summary_rows(found: list[Experiment]) -> list[dict]:
    """The rows of summary.csv, by experiment and rate."""
    return [row for e in found for _, row in sorted(e.rows.items())]
