"""The table of convergence in results/README.md, from the committed learning curves.

python results/convergence.py

Prints a row a study and rate, of one network: its accuracy after two epochs, the epoch in which
every seed first comes to 95 and 99 % of what the uncompressed runs end with, and to 95 % of what it
ends with itself. The accuracy is that of the validation items or, where there are none, of the
training items as the network sees them. What a run ends with is the mean of the ten best epochs, as
published, or the last where that counts.
"""

from pathlib import Path
from statistics import mean

import front

from helmholtz.analysis import domains, logs
from helmholtz.analysis.summary import accuracy, judged_once
from helmholtz.text import markdown

RESULTS = Path(__file__).parent
SHARES = (0.95, 0.99)  # of what the uncompressed runs end with
SHOWN = {  # and the rates of each
    "lossless": (0, 100, 90, 75, 50),
    "qualities": (0, 25),
    "imagenette": (0, 50, 25, 10),
    "drums": (0, 64, 32),
    "images": (0, 50, 25),
    "sound": (0, 128, 64, 32),
}


def runs(study: str) -> list[logs.Run]:
    """The finished runs of the network and codec that the front page shows of a study."""
    rows = front.read(study)
    told = {(row["source"], row["model"], row["codec"]) for row in rows}
    found = logs.read_table(RESULTS / study / "runs.csv")
    return [r for r in found if tuple(r.row[n] for n in ("source", "model", "codec")) in told]


def curve(run: logs.Run) -> list[float]:
    return run.history["acc" if judged_once(run.row) else "val_acc"]


def end(run: logs.Run) -> float:
    return curve(run)[-1] if judged_once(run.row) else accuracy(run.row)


def reached(accuracies: list[float], wanted: float) -> int | None:
    """The first epoch with such an accuracy; None where there is none."""
    return next((epoch for epoch, found in enumerate(accuracies, 1) if found >= wanted), None)


def row(study: str, rate: int, found: list[logs.Run]) -> list[str]:
    """The cells of one line."""
    final = mean(end(run) for run in found if not run.row["rate"])
    own = sorted((run for run in found if run.row["rate"] == rate), key=lambda r: r.row["seed"])
    early = mean(curve(run)[1] for run in own)
    epochs = [[reached(curve(run), share * final) for run in own] for share in SHARES]
    epochs.append([reached(curve(run), SHARES[0] * end(run)) for run in own])
    names = study, own[0].row["model"], domains.rate_name(own[0].row)
    return [*names, f"{early:.3f}", *map(_told, epochs)]


def _told(epochs: list[int | None]) -> str:
    """Those of all seeds; one for all where they agree."""
    names = [str(epoch or "never") for epoch in epochs]
    return names[0] if len(set(names)) == 1 else ", ".join(names)


def table() -> str:
    """A Markdown table."""
    columns = ["study", "network", "trained at", "after two epochs"]
    columns += ["epochs to 95 %", "to 99 %", "to 95 % of its own"]
    lines = []
    for study, rates in SHOWN.items():
        found = runs(study)
        lines += [row(study, rate, found) for rate in rates]
    return markdown(columns, lines)


if __name__ == "__main__":
    print(table())
