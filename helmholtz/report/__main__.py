"""Read every run under a folder and say how far its data can be compressed before it hurts.

python -m helmholtz.report logs/cifar          or  sh scripts/report.sh logs/cifar

Writes logs/report/: runs.csv, curves.csv, summary.csv, summary.json, figures/ as SVG and PNG, and
index.html, which needs no network. Given the runs.csv of an earlier report in place of a folder, it
makes the same summary again, and the same learning curves where curves.csv lies beside it.
"""

import argparse
from pathlib import Path

from helmholtz import cli
from helmholtz.errors import DataError, UsageError


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="python -m helmholtz.report", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("folders", nargs="*", type=Path, metavar="FOLDER", help="with runs, or a runs.csv (logs/)")
    add("--out", type=Path, default=cli.LOGS / "report", help="where to write (logs/report)")
    add(
        "--tolerance",
        type=cli.number(0, 1),
        default=0.01,
        help="share of the accuracy that may be lost (%(default)s)",
    )
    add(
        "--curves",
        nargs="+",
        default=[],
        metavar="PATTERN",
        help="runs whose learning curves are drawn, as in '*all-cnns/quality_5*' (one a rate)",
    )
    return parser.parse_args(argv)


def collect(args: argparse.Namespace) -> tuple[list, list[str]]:
    """The runs under args.folders, as logbook.Run, and the files that are none of theirs."""
    from helmholtz.report import logbook
    from helmholtz.report.summary import mark_duplicates

    roots = args.folders or [cli.LOGS]
    for root in roots:
        if not root.exists():
            raise DataError(f"{root} does not exist: give a folder with runs.")
        if root.resolve() == args.out.resolve():
            raise UsageError(f"--out {args.out} is where the runs are: give another folder.")
    alone = len(roots) == 1
    kept = [run for path in roots if path.is_file() for run in logbook.read_table(path, alone)]
    found, foreign = logbook.read([root for root in roots if root.is_dir()], args.out, alone)
    if not kept + found:
        where = " ".join(map(str, roots))
        raise DataError(f"No run under {where}: train one, as in `python cifar/train.py`.")
    mark_duplicates([run.row for run in kept + found])
    return kept + found, foreign


def scenes(summary: list[dict]) -> dict[tuple, list[dict]]:
    """Rows of summary by what shares a figure: domain, source, data and protocol."""
    found = {}
    for row in summary:
        key = tuple(row[name] for name in ("domain", "source", "data", "protocol"))
        found.setdefault(key, []).append(row)
    return found


def add_lossless(runs: list) -> None:
    """Set lossless_bytes in the rows of runs whose uncompressed data is still there."""
    from helmholtz.report import sheets

    known = {}
    for run in runs:
        row = run.row
        key = (row["domain"], row["source"], row["data"])
        if run.path is not None and row["state"] == "finished":
            if key not in known:
                known[key] = sheets.lossless_bytes(sheets.prepared(*key), row["data"])
            row["lossless_bytes"] = known[key]


def answers(rows: list[dict], summary: list[dict], tolerance: float) -> list[dict]:
    """The answer of every experiment."""
    from helmholtz.noise import experiments, measure
    from helmholtz.report.answer import answer

    return [
        answer(measure(group, runs, tolerance), {row["rate"]: row for row in group}, runs)
        for group, runs in experiments(rows, summary)
    ]


def main(argv=None) -> None:
    args = parse_args(argv)
    from helmholtz.io.files import write_json, write_text
    from helmholtz.report import csvrows, curves, drawing, logbook, page, show
    from helmholtz.report import summary as summaries

    runs, foreign = collect(args)
    add_lossless(runs)
    rows = [run.row for run in runs]
    summary = summaries.summarise(rows)
    found = answers(rows, summary, args.tolerance)

    csvrows.write(args.out / "runs.csv", rows, logbook.COLUMNS)
    csvrows.write(args.out / "curves.csv", curves.rows(runs), curves.COLUMNS)
    csvrows.write(args.out / "summary.csv", summary, summaries.COLUMNS)
    drawn = drawing.draw(scenes(summary), found, runs, args)
    states = show.states(rows)
    facts = {"tolerance": args.tolerance, "states": states, "answers": found, "foreign": foreign}
    write_json(args.out / "summary.json", facts)
    write_text(args.out / "index.html", page.html(drawn, summary, rows, foreign, args.tolerance))
    show.terminal(summary, found, rows, foreign)
    print((args.out / "index.html").resolve())


if __name__ == "__main__":
    cli.run(main)
