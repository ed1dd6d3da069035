"""The report as one HTML file: everything is in it, it runs no script and asks no network."""

import base64
import time
from pathlib import Path

import jinja2

from helmholtz.analysis import domains, wording
from helmholtz.analysis.answer import network
from helmholtz.analysis.logs import COUNTED, states
from helmholtz.analysis.summary import ENDS, STAR, no_saving, starred
from helmholtz.analysis.transfer import is_own
from helmholtz.report.sections import Section

LISTED = 200  # files that are not of any run


def html(sections: list[Section], rows: list[dict], foreign: list[str], tolerance: float) -> str:
    """The whole page. rows: of runs.csv."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    return environment.get_template("page.html.j2").render(
        sections=sections,
        rows=sorted(rows, key=lambda row: row["state"] in COUNTED),
        not_counted=sum(row["state"] not in COUNTED for row in rows),
        states=states(rows),
        foreign=foreign[:LISTED],
        foreign_count=len(foreign),
        tolerance=tolerance,
        made=time.strftime("%Y-%m-%d %H:%M"),
        starred=starred,
        STAR=STAR,
    )


def svg(path: Path) -> str:
    """A figure as the address of itself."""
    return as_address(path.read_bytes(), "image/svg+xml")


def as_address(content: bytes, media: str) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def accuracy(row: dict) -> str:
    """The accuracy of a row of summary.csv with its interval, and a star where it has one."""
    return wording.with_interval(row, "accuracy") + "*" * starred(row)


def change(row: dict) -> str:
    """The difference of a row of summary.csv to its baseline, in points; a dash for that itself."""
    found = {end: row.get(f"difference_{end}") for end in ENDS} | {"mean": row["difference"]}
    return "-" if found["mean"] is None else wording.points(found)


FILTERS = (network, domains.rate_name, is_own, no_saving, accuracy, change, svg, as_address)
FILTERS += (wording.plural, wording.percent, wording.number, wording.points, wording.over_seeds)
FILTERS += (wording.with_interval, wording.bits_fewer, wording.intervals_are)
