"""The page of an answer: the five lines, one picture, every rate. It refreshes itself meanwhile."""

import time
from math import isinf
from pathlib import Path

import jinja2

from helmholtz.answer import said
from helmholtz.answer.clock import Clock
from helmholtz.answer.decide import HARMFUL, OPEN, SAFE
from helmholtz.answer.inquiry import Inquiry, Verdict
from helmholtz.io.files import write_text
from helmholtz.report import charts

COLOURS = {SAFE: charts.COLOURS[2], OPEN: "#999999", HARMFUL: charts.COLOURS[1]}
MARKERS = {SAFE: "o", OPEN: "D", HARMFUL: "X"}
EVERY = 10  # seconds between two looks of the browser at the file


def facts(inquiry: Inquiry, clock: Clock) -> dict:
    """What answer.json holds, and --json prints."""
    chosen = inquiry.chosen()
    return {
        "answered": inquiry.learned() and inquiry.answered(),
        "codec": chosen and chosen.codec,
        "rate": chosen and chosen.rate,
        "source": inquiry.trials.source,
        "network": inquiry.trials.baseline.args.model,
        "tolerance": str(inquiry.tolerance),
        "tolerated_loss": inquiry.accuracy and inquiry.tolerance.loss(inquiry.accuracy),
        "accuracy": inquiry.accuracy,
        "seeds": len(inquiry.base),
        "budget_seconds": clock.budget,
        "rates": [_fact(inquiry, verdict) for verdict in inquiry.verdicts],
    }


def _fact(inquiry: Inquiry, verdict: Verdict) -> dict:
    """A rate; its difference of accuracy to the baseline, a share of the items, with the ends."""
    told = {"codec": verdict.codec, "rate": verdict.rate, "name": said.name(inquiry, verdict)}
    told |= {"verdict": verdict.said, "bits": inquiry.trials.bits(*verdict.cell)}
    told |= {"seeds": 0, "difference": None, "low": None, "high": None}
    why = inquiry.without.get(verdict.cell)
    told["text"] = f"left out, as {why}" if why else "not tried"
    if verdict.margin:
        mean, *ends = inquiry.difference(verdict)
        low, high = (None if isinf(end) else end for end in ends)
        told |= {"seeds": verdict.margin.seeds, "difference": mean, "low": low, "high": high}
        told["text"] = said.difference(inquiry, verdict)
    return told


def write(folder: Path, told: dict, running: bool) -> None:
    """Write index.html; told: facts, with lines and notes."""
    drawn = [rate for rate in told["rates"] if rate["bits"] and rate["difference"] is not None]
    if drawn:
        with charts.styled():
            charts.save(_picture(drawn, told["tolerated_loss"]), folder, "rates")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    picture = (folder / "rates.svg").read_text(encoding="utf-8") if drawn else ""
    facts = {"picture": picture[picture.find("<svg") :], "every": EVERY, "running": running}
    facts |= {"made": time.strftime("%Y-%m-%d %H:%M:%S"), **told}
    write_text(folder / "index.html", environment.get_template("page.html.j2").render(**facts))


def _picture(drawn: list[dict], loss: float):
    """Points of accuracy over payload bits: a mark and an interval for every rate tried."""
    figure, axes = charts.figure(3.2)
    several = len({rate["codec"] for rate in drawn}) > 1
    for verdict in (SAFE, OPEN, HARMFUL):
        some = [rate for rate in drawn if rate["verdict"] == verdict]
        style = {"color": COLOURS[verdict], "label": verdict, "linestyle": "none"}
        x, y = ([rate[name] for rate in some] for name in ("bits", "difference"))
        axes.plot(x, [100 * value for value in y], marker=MARKERS[verdict], **style)
        for rate in some:
            place = (rate["bits"], 100 * rate["difference"])
            name = rate["name"] if several else rate["rate"]
            axes.annotate(f"  {name}", place, fontsize=8, va="center")
            if rate["low"] is not None:
                ends = [100 * rate["low"], 100 * rate["high"]]
                axes.plot([rate["bits"]] * 2, ends, color=COLOURS[verdict])
    axes.axhline(0, color="#000000", linewidth=0.8)
    axes.axhline(-100 * loss, color="#000000", linewidth=0.8, linestyle="--", label="tolerated")
    charts.log_axis(axes, charts.round_numbers(axes), "{:,.0f}")
    return charts.finish(figure, "payload bits of an item", "points of accuracy")
