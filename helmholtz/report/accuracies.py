"""The figures of accuracy against bits, rate and size of the network, with their captions."""

from collections.abc import Iterator

from helmholtz.analysis import domains
from helmholtz.analysis.compare import by_network
from helmholtz.analysis.experiments import Experiment
from helmholtz.analysis.summary import judged_once
from helmholtz.analysis.wording import intervals_are
from helmholtz.report import figures

HOLLOW = "a hollow marker is one seed"
BARS = f"Bars are 95 % intervals over seeds (Student's t); {HOLLOW}, without one."
DASHED = "The dashed line is the uncompressed run."


def over_bits(pairs: list[tuple]) -> Iterator[tuple]:
    """(name, figure or None, caption) against bits, the most telling first.

    All networks in one figure; where there are several codecs, a figure a network with them all.
    """
    groups = by_network(pairs)
    if all(len(group) == 1 for group in groups):
        groups = [pairs]
    for number, group in enumerate(groups):
        shown, suffix = [e for e, _ in group], f"_{number + 1}" * (number > 0)
        payload = figures.accuracy_bits(shown, "scan_bytes", "payload")
        caption = "Accuracy against the payload: files without headers, tables and containers. "
        caption += f"{_kind(shown)} {_bars(shown)}"
        if any(row["scan_bytes"] != row["file_bytes"] for e in shown for row in e.rows.values()):
            yield f"accuracy_scan_bits{suffix}", payload, caption
        caption = f"Accuracy against the size of a file. {_kind(shown)} {_bars(shown)}"
        whole = figures.accuracy_bits(shown, "file_bytes", "whole file")
        yield f"accuracy_bits{suffix}", whole, caption


def _kind(shown: list[Experiment]) -> str:
    base = shown[0].base
    kind = "Test" if judged_once(base) else "Validation"
    return f"{kind} accuracy of {base['source'] or 'an unknown source'}, {base['accuracy_is']}."


def _bars(shown: list[Experiment]) -> str:
    rows = [row for e in shown for row in e.rows.values()]
    return f"{intervals_are(rows)[:-1]}; {HOLLOW}."


def over_rates(shown: list[Experiment]) -> Iterator[tuple]:
    """(name, figure or None, caption) for every codec."""
    of = _kind(shown)
    bars = _bars(shown)
    for suffix, own in by_codec(shown):
        made = figures.against_rate(own, "accuracy", "accuracy")
        yield f"accuracy_rate{suffix}", made, f"Accuracy against rate. {of} {bars} {DASHED}"
        made = figures.against_rate(own, "convergence_epoch", "epochs to converge")
        yield f"convergence{suffix}", made, f"Epochs to converge against rate. {BARS} {DASHED}"
        caption = f"Accuracy against the size of the network. {bars}"
        yield f"accuracy_parameters{suffix}", figures.accuracy_parameters(own), caption


def by_codec(shown: list[Experiment]) -> Iterator[tuple[str, list[Experiment]]]:
    """The experiments of every codec, and what the names of their figures end in."""
    for name in dict.fromkeys(e.key["codec"] for e in shown):
        own = [e for e in shown if e.key["codec"] == name]
        published = domains.codec(own[0].key) is domains.of(own[0].key).published
        yield "" if published else f"_{name}", own
