"""The report as one HTML file: everything is in it, it runs no script and asks no network."""

import base64
import time
from pathlib import Path

import jinja2

from helmholtz.analysis import domains, wording
from helmholtz.analysis.answer import network
from helmholtz.analysis.logs import COUNTED, states
from helmholtz.analysis.summary import FEW, STARRED, starred
from helmholtz.report.sections import Section

LISTED = 200  # files that are not of any run


def html(sections: list[Section], rows: list[dict], foreign: list[str], args) -> str:
    """The whole page. rows: of runs.csv. args: the folder --out, and --tolerance."""

    def figure_data(name: str) -> str:
        return data("image/svg+xml", (args.out / "figures" / f"{name}.svg").read_bytes())

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"figure_data": figure_data, "accuracy": accuracy, "change": change}
    environment.filters |= {"network": network, "rate_name": domains.rate_name}
    environment.filters |= {
        "number": wording.number,
        "plural": wording.plural,
        "points": wording.points,
    }
    environment.filters |= {"percent": wording.percent, "with_interval": wording.with_interval}
    return environment.get_template("page.html.j2").render(
        sections=sections,
        rows=sorted(rows, key=lambda row: row["state"] in COUNTED),
        not_counted=sum(row["state"] not in COUNTED for row in rows),
        states=states(rows),
        foreign=foreign[:LISTED],
        foreign_count=len(foreign),
        tolerance=args.tolerance,
        made=time.strftime("%Y-%m-%d %H:%M"),
        starred=starred,
        data=data,
        FEW=FEW,
        STARRED=STARRED,
    )


def data(media: str, content: bytes) -> str:
    """A file as the address of itself."""
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def accuracy(row: dict) -> str:
    """The accuracy of a row of summary.csv with its interval, and a star where it has one."""
    return wording.with_interval(row, "accuracy") + "*" * starred(row)


def change(row: dict) -> str:
    """The difference of a row of summary.csv to its baseline, in points; a dash for that itself."""
    ends = {"mean": "", "low": "_low", "high": "_high"}
    found = {key: row[f"difference{end}"] for key, end in ends.items()}
    return "-" if found["mean"] is None else wording.points(found)
