"""The table of noise/README.md: the Helmholtz measure beside the samples' true noise.

python results/noise.py

Prints a row a sample and tolerance, from the committed runs: the rate chosen, and the noise there
in bits an item, by whole files and by payload, with what the seeds leave open; how many times the
true noise that is, and the same for what exceeds a lossless coding of the items.
"""

from collections.abc import Iterator
from pathlib import Path

from helmholtz.analysis import domains, logs
from helmholtz.analysis.answer import answer
from helmholtz.analysis.experiments import experiments
from helmholtz.analysis.wording import percent
from helmholtz.text import markdown

RESULTS = Path(__file__).parent
TOLERANCES = (0.01, 0.02, 0.05)
WHAT = ("bits", "over true", "beyond lossless")
KINDS = {"file": "whole files", "scan": "payload"}


def answers() -> Iterator[dict]:
    """What the report answers of each sample at each tolerance."""
    rows = [run.row for run in logs.read_table(RESULTS / "noise" / "runs.csv")]
    for experiment in experiments(rows):
        for tolerance in TOLERANCES:
            yield answer(experiment, tolerance)


def table() -> str:
    """A Markdown table."""
    told = [f"{kind}, {what}" for kind in KINDS.values() for what in WHAT]
    lines = []
    for found in answers():
        chosen = domains.codec(found).rate_name(found["rate"])
        doubt = "" if found["rate"] == found["sure_rate"] else ", in doubt"
        cells = [
            f"{domains.of(found).item}s",
            f"{found['true_noise_bits']:,.0f}",
            percent(found["tolerance"]),
        ]
        lines.append([*cells, chosen + doubt, *(c for kind in KINDS for c in _noise(found, kind))])
    return markdown(["sample", "true bits", "tolerance", "rate chosen", *told], lines)


def _noise(found: dict, kind: str) -> list[str]:
    noise, truth = found[kind], found["true_noise_bits"]
    low, high = noise["noise_low"], noise["noise_high"]
    bits = f"{noise['noise']:,.0f}"
    if None not in (low, high) and low != high:
        bits += f" ({low:,.0f} to {high:,.0f})"
    irredundant = noise["irredundant"]
    beyond = "" if irredundant is None else f"{irredundant / truth:.2f}"
    return [bits, f"{noise['noise'] / truth:.2f}", beyond]


if __name__ == "__main__":
    print(table())
