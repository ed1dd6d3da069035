"""The studies' tables of all six networks, from the committed runs.

python results/networks.py

Prints them as they stand in images/README.md and sound/README.md: seed 0 of every network,
uncompressed and at one rate, and the mean change over networks with its 95 % interval. A network
that has not learned in one of both, as the report has it, is not part of the mean.
"""

from operator import itemgetter
from pathlib import Path

from helmholtz.analysis import domains, logs
from helmholtz.analysis.measure import learned
from helmholtz.analysis.statistics import interval
from helmholtz.analysis.summary import accuracy
from helmholtz.text import markdown

RESULTS = Path(__file__).parent
RATES = {"images": 25, "sound": 32}  # at which every network was trained
SCORES = (accuracy, itemgetter("test_acc"))


def pairs(study: str) -> list[tuple[dict, dict]]:
    """Of every network, smallest first, its uncompressed run and the one at the study's rate."""
    rows = [run.row for run in logs.read_table(RESULTS / study / "runs.csv")]
    runs = {(row["model"], row["rate"]): row for row in rows if row["seed"] == 0}
    names = sorted({model for model, _ in runs}, key=lambda m: runs[m, 0]["parameters"])
    return [(runs[name, 0], runs[name, RATES[study]]) for name in names]


def table(study: str) -> str:
    """A Markdown table: a row a network, and one of the mean changes."""
    found = pairs(study)
    rate = domains.rate_name(found[0][1])
    columns = ["network", "parameters", "uncompressed", rate, "change"]
    columns += [f"test, {column}" for column in columns[2:]]
    lines = []
    for base, run in found:
        cells = [run["model"], f"{run['parameters']:,}"]
        for score in SCORES:
            cells += [f"{score(base):.3f}", f"{score(run):.3f}", f"{score(run) - score(base):+.3f}"]
        lines.append(cells)
    able = [pair for pair in found if all(learned(run, accuracy(run)) for run in pair)]
    means = [_mean([score(run) - score(base) for base, run in able]) for score in SCORES]
    lines.append([f"mean of {len(able)}", "", "", "", means[0], "", "", means[1]])
    return markdown(columns, lines)


def _mean(values: list[float]) -> str:
    mean, low, high = interval(values)
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


if __name__ == "__main__":
    for study in RATES:
        print(table(study), end="\n\n")
