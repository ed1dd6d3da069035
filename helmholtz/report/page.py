"""The report as one HTML file: everything is in it, it runs no script and asks no network."""

import base64
import time
from html import escape

from helmholtz.report.advice import rate_name
from helmholtz.report.drawing import Drawn
from helmholtz.report.logbook import COUNTED
from helmholtz.report.pagetext import CSS, METHOD
from helmholtz.report.show import number, states, with_interval
from helmholtz.report.summary import plural, starred

# What the browser itself enforces: nothing is fetched and nothing runs.
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
SUMMARY = ["network", "rate", "seeds", "accuracy [95 %]", "test accuracy", "converges", "bytes",
           "scan", "seconds"]  # fmt: skip
VERDICTS = ["rate", "seeds", "accuracy", "difference [95 %]", "margin [95 %]", "verdict"]


def html(drawn: list[Drawn], summary: list, rows: list, foreign: list, tolerance: float) -> str:
    """The whole page."""
    parts = [
        "<h1>Does compression hurt?</h1>",
        f"<p class=made>{_counts(rows)} Made {time.strftime('%Y-%m-%d %H:%M')}.</p>",
        *(_scene(scene, summary) for scene in drawn),
        _runs(rows),
        _foreign(foreign),
        _method(tolerance),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Does compression hurt?</title><style>{CSS}</style></head>\n"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _counts(rows: list[dict]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in states(rows).items())
    return escape(f"{plural(len(rows), 'run')}: {counts}.")


def _scene(scene: Drawn, summary: list[dict]) -> str:
    rows = [row for row in summary if scene.key and _key(row) == scene.key]
    parts = [f"<section><h2>{escape(scene.title)}</h2><p class=made>{escape(scene.protocol)}</p>"]
    parts += [_answer(answer) for answer in scene.answers]
    parts += ["<div class=figures>", *(_figure(scene, *named) for named in scene.figures), "</div>"]
    parts += [_sounds(scene)]
    if rows:
        parts += ["<h3>Table</h3>", _table(SUMMARY, [_summary_cells(row) for row in rows])]
    return "".join(parts) + "</section>"


def _key(row: dict) -> tuple:
    return tuple(row[name] for name in ("domain", "source", "data", "protocol"))


def _answer(answer: dict) -> str:
    lacking = "".join(
        f"<li>{escape(lack['what'])}"
        + (f"<pre>{escape(lack['command'])}</pre>" if lack["command"] else "")
        for lack in answer["missing"]
    )
    judged = [_verdict_cells(answer["domain"], verdict) for verdict in answer["rates"]]
    return (
        f"<div class=answer><h3>{escape(str(answer['model']))}</h3>"
        f"<p>{escape(answer['sentence'])}</p><p>{escape(answer['noise'])}</p>"
        + (
            f"<details><summary>What would help</summary><ul>{lacking}</ul></details>"
            * bool(lacking)
        )
        + "<details><summary>How each rate was judged</summary>"
        + f"{_table(VERDICTS, judged)}</details></div>"
    )


def _verdict_cells(domain: str, verdict: dict) -> list[str]:
    spans = [
        f"{100 * found['mean']:+.2f}"
        + (
            ""
            if found["low"] is None
            else f" [{100 * found['low']:+.2f}, {100 * found['high']:+.2f}]"
        )
        for found in (verdict["difference"], verdict["margin"])
    ]
    name, seeds = rate_name(domain, verdict["rate"]), str(verdict["seeds"])
    return [name, seeds, f"{verdict['accuracy']:.4f}", *spans, verdict["verdict"]]


def _figure(scene: Drawn, name: str, caption: str) -> str:
    svg = (scene.folder / f"{name}.svg").read_bytes()
    return (
        f'<figure><img alt="{escape(caption)}" src="{_data("image/svg+xml", svg)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _data(media: str, content: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def _sounds(scene: Drawn) -> str:
    players = "".join(
        f"<figure><figcaption>{escape(rate_name(scene.key[0], rate))}, {len(content):,} bytes"
        f'</figcaption><audio controls preload=none src="{_data(media, content)}"></audio></figure>'
        for rate, (media, content) in scene.sounds.items()
    )
    heading = "<h3>To listen to</h3>" if players or scene.silent else ""
    return f"{heading}<p>{escape(scene.silent)}</p><div class=sounds>{players}</div>"


def _summary_cells(row: dict) -> list[str]:
    short = "*" if starred(row) else ""
    converges = number(row["convergence_epoch"])
    if row["convergence_epoch"] is not None and row["converged"] < row["seeds"]:
        converges += f" ({row['converged']} of {row['seeds']})"
    seeds = f"{row['seeds']}" + (f" (+{row['not_counted']} not counted)" * bool(row["not_counted"]))
    sizes = [number(row[name]) for name in ("file_bytes", "scan_bytes", "seconds")]
    return [
        *(row["model"], rate_name(row["domain"], row["rate"]), seeds),
        *(with_interval(row, "accuracy") + short, with_interval(row, "test_acc"), converges),
        *sizes,
    ]


def _runs(rows: list[dict]) -> str:
    head = ["run", "state", "note", "epochs", "best", "ten best", "converges"]
    cells = [
        [row["folder"], row["state"], row["note"], number(row["epochs"])]
        + ["-" if row[k] is None else f"{row[k]:.4f}" for k in ("best_val_acc", "mean_of_ten_best")]
        + [number(row["convergence_epoch"])]
        for row in sorted(rows, key=lambda row: row["state"] in COUNTED)
    ]
    others = sum(row["state"] not in COUNTED for row in rows)
    opened = " open" if others and len(rows) <= 50 else ""
    said = f"All of {plural(len(rows), 'run')}" + f", first the {others} not counted" * bool(others)
    return f"<details{opened} class=runs><summary>{said}</summary>{_table(head, cells)}</details>"


def _foreign(files: list[str]) -> str:
    if not files:
        return ""
    items = "".join(f"<li>{escape(name)}" for name in files[:200])
    more = f"<li>and {len(files) - 200} more" if len(files) > 200 else ""
    said = f"Files that are no part of a run: {len(files)}"
    return f"<details><summary>{said}</summary><ul>{items}{more}</ul></details>"


def _table(head: list[str], rows: list[list]) -> str:
    top = "".join(f"<th>{escape(name)}" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(c))}" for c in row) for row in rows)
    return f"<div class=wide><table><thead><tr>{top}<tbody>{body}</table></div>"


def _method(tolerance: float) -> str:
    paragraphs = METHOD.format(tolerance=f"{tolerance:.3g}").strip().split("\n\n")
    return "<h2>How to read this</h2>" + "".join(f"<p>{escape(p)}</p>" for p in paragraphs)
