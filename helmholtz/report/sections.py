"""The sections of a report: for every source and training its answers, figures and sounds."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from helmholtz.analysis import domains, prepared, run_files
from helmholtz.analysis.answer import network
from helmholtz.analysis.compare import compare
from helmholtz.analysis.experiments import COMPARISON, Experiment, trained_alike, values
from helmholtz.analysis.logs import COUNTED, DUPLICATE, OTHER_CODEC, RUNNING, Run
from helmholtz.report import accuracies, charts, curves, figures, matrices, sheets
from helmholtz.report.accuracies import by_codec
from helmholtz.report.matrices import Grid

RESULTS = (*COUNTED, DUPLICATE, OTHER_CODEC)  # states of runs whose protocol is known


class Figure(NamedTuple):
    """A figure that was written as SVG to path, and as PNG beside it. chart: lines, not pixels."""

    path: Path
    caption: str
    chart: bool


class Section(NamedTuple):
    """A source and training: experiments, each with its answer, the one with most runs first.

    compared: of compare.compare, for networks with several codecs. sounds: by rate (media type,
    file, bytes). silent: why there are none. matrices: of trained on what, tested on what.
    """

    title: str
    protocol: str
    experiments: list[tuple[Experiment, dict]]
    compared: list[dict]
    figures: list[Figure]
    sounds: dict
    silent: str
    matrices: list[tuple[Grid, list[Figure]]] = ()


def draw(answered: list[tuple], runs: list[Run], folder: Path, args: Namespace) -> list:
    """Draw and write the figures of every section, and those of runs that have no result yet.

    answered: pairs of an Experiment and its answer. args: with curves and tolerance.
    """
    groups, used, scale = {}, set(), matrices.limits([answer for _, answer in answered])
    for pair in answered:
        groups.setdefault(tuple(pair[0].key[name] for name in COMPARISON), []).append(pair)
    with charts.styled():
        found = [_section(k, p, runs, args, folder, used) for k, p in groups.items()]
        for i, (key, pairs) in enumerate(groups.items()):
            found[i] = found[i]._replace(matrices=_matrices(key, pairs, folder, used, scale))
        if live := [run for run in runs if run.row["state"] == RUNNING]:
            made = [("running", *_curves(live, []))]
            written = _write(made, folder, _stem(["live"], used))
            found.append(Section("Running now", "", [], [], written, {}, ""))
    return found


def _section(key: tuple, pairs: list[tuple], runs: list[Run], args, folder, used) -> Section:
    pairs = sorted(pairs, key=_weight, reverse=True)
    shown = [experiment for experiment, _ in pairs]
    own = runs_of(key, shown, runs)
    made = [
        *accuracies.over_bits(pairs),
        *accuracies.over_rates(shown),
        *_classes(pairs),
        *_learning(own, args.curves),
    ]
    made += [_confusion(own, pairs), *_sheets(shown)]
    written = _write(made, folder, _stem(key[:2], used))
    title = f"{key[0]} / {key[1] or 'unknown source'}"
    compared = compare(pairs, args.tolerance)
    return Section(title, key[3], pairs, compared, written, *_sounds(shown[0], own))


def _matrices(key: tuple, pairs: list[tuple], folder: Path, used: set, scale: tuple) -> list:
    """The matrices of a section with their figures; scale: the limits of those of the page."""
    found = []
    for answer in (answer for _, answer in pairs if answer["matrix"]):
        stem = _stem([*key[:2], answer["model"], answer["codec"]], used)
        drawn = _write(matrices.figures(answer, scale), folder, stem)
        found.append((matrices.grid(answer), drawn))
    return found


def _weight(pair: tuple) -> int:
    """How many runs speak for an answer; none for one that is none."""
    experiment, answer = pair
    return answer["answered"] * sum(map(len, experiment.runs.values()))


def _stem(words, used: set) -> str:
    """A file name for a section: plain letters, and a number where two would be the same."""
    joined = "_".join(str(word) for word in words if word)
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in joined)[:60]
    numbered = (plain if n == 1 else f"{plain}_{n}" for n in range(1, len(used) + 2))
    name = next(name for name in numbered if name not in used)
    used.add(name)
    return name


def _write(made: list, folder: Path, stem: str) -> list[Figure]:
    written = []
    for name, figure, caption in made:
        if figure:
            charts.save(figure, folder, f"{stem}_{name}")
            chart = not name.startswith(("sheet", "confusion", "classes", "matrix"))
            written.append(Figure(folder / f"{stem}_{name}.svg", caption, chart))
    return written


def runs_of(key: tuple, shown: list[Experiment], runs: list[Run]) -> list[Run]:
    """The runs that belong to a section: those with a result and its protocol, and those without
    one that were started like them."""
    counted = [row for e in shown for some in e.runs.values() for row in some]

    def belongs(row: dict) -> bool:
        if row["state"] in RESULTS:
            return values(row, COMPARISON) == key
        return any(trained_alike(row, other) for other in counted)

    return [run for run in runs if belongs(run.row)]


def _classes(pairs: list[tuple]) -> Iterator[tuple]:
    for number, (_, answer) in enumerate(pairs):
        if answer["by_class"]:
            made = figures.by_class(answer["by_class"])
            yield f"classes{number or ''}", made, (
                f"Difference of recall to the baseline's in points, by class and rate, of "
                f"{network(answer)}. Numbers in black are losses or gains, corrected for their "
                "number (Holm); the others may be chance. The class that loses most is on top."
            )  # fmt: skip


def _learning(runs: list[Run], patterns: list[str]) -> Iterator[tuple]:
    yield "curves", *_curves(runs, patterns)
    yield "mean_curves", curves.over_seeds([r for r in runs if r.row["state"] in COUNTED]), (
        "Validation accuracy of every epoch, the mean over seeds, whose number is in brackets; "
        "shades reach from the worst seed to the best."
    )  # fmt: skip


def _curves(runs: list[Run], patterns: list[str]) -> tuple:
    chosen, left_out = curves.select(runs, patterns)
    caption = f"Learning curves: validation solid, training dashed. {left_out}"
    return curves.of_runs(chosen), caption


def _confusion(runs: list[Run], pairs: list[tuple]) -> tuple:
    """The matrix of the first run at the rate to choose of the first network that kept one."""
    paths = {id(run.row): run.path for run in runs if run.path is not None}
    for experiment, answer in pairs:
        rows = experiment.runs[answer["rate"]]
        for row in [row for row in rows if id(row) in paths]:
            classes, counts = run_files.read_confusion(paths[id(row)] / "confusion.csv")
            if counts:
                named = f"{network(row)}, {domains.rate_name(row)}, seed {row['seed']}"
                caption = f"Confusion matrix of {named}: numbers are items, shades shares of a row."
                return "confusion", figures.confusion(classes, counts), caption
    return "confusion", None, ""


def _sheets(shown: list[Experiment]) -> Iterator[tuple]:
    for suffix, own in by_codec(shown):
        item, model = domains.of(own[0].key).item, own[0].key["model"]
        items = prepared.read(own[0].runs[own[0].base["rate"]][0] | own[0].key)
        yield f"sheet{suffix}", sheets.sheet(own[0], items), (
            f"The same test {item}s at every rate, sound as mel spectrograms, with the mean bytes "
            f"and the accuracy of {model}."
        )  # fmt: skip


def _sounds(shown: Experiment, runs: list[Run]) -> tuple[dict, str]:
    flags = [run.row["flags"] for run in runs if run.path is not None and run.row["flags"]]
    if not flags:
        return {}, ""
    return domains.of(shown.key).listen(flags[0], domains.codec(shown.key), list(shown.rows))
