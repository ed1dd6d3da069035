"""Read every run under a folder and say how far its data can be compressed before it hurts.

python -m helmholtz.report logs/cifar          or  sh scripts/report.sh logs/cifar

Writes logs/report/: runs.csv, curves.csv, summary.csv, by_class.csv, matrix.csv, summary.json,
figures/ as SVG and PNG, and index.html, which needs no network. With --predictions it writes
predictions.csv.gz too. Given an earlier report, or its runs.csv, in place of a folder with runs, it
makes the same tables again, as far as the others lie beside it.
"""

import argparse
from pathlib import Path

from helmholtz import cli
from helmholtz.argtypes import number
from helmholtz.errors import DataError, UsageError
from helmholtz.io.runs import LOGS


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="python -m helmholtz.report", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("folders", nargs="*", type=Path, metavar="FOLDER", help="with runs, or a runs.csv (logs/)")
    add("--out", type=Path, default=LOGS / "report", help="where to write (logs/report)")
    add(
        "--tolerance",
        type=number(0, 1),
        default=0.01,
        help="share of the accuracy that may be lost (%(default)s)",
    )
    add(
        "--curves",
        nargs="+",
        default=[],
        metavar="PATTERN",
        help="runs whose learning curves are drawn, as in '*all-cnns/quality_5*'",
    )
    said = "write predictions.csv.gz: with it a report can be made again from its tables alone"
    add("--predictions", action="store_true", help=said)
    add("--verbose", action="store_true", help="print every rate, and commands that would help")
    return parser.parse_args(argv)


def collect(args: argparse.Namespace) -> tuple[list, list[str]]:
    """The runs under args.folders, as logs.Run, and the files that are not of any run."""
    from helmholtz.analysis import experiments, logs

    roots = args.folders or [LOGS]
    for root in roots:
        if not root.exists():
            raise DataError(f"{root} does not exist: give a folder with runs.")
        if root.resolve() == args.out.resolve():
            raise UsageError(f"--out {args.out} is where the runs are: give another folder.")
    alone = len(roots) == 1
    kept = [run for path in _tables(roots) for run in logs.read_table(path, alone)]
    folders = [root for root in roots if root.is_dir() and not logs.is_report(root)]
    found, foreign = logs.read(folders, args.out, alone)
    if not kept + found:
        where = " ".join(map(str, roots))
        raise DataError(f"No run under {where}: train one, as in `python cifar/train.py`.")
    experiments.mark_not_counted([run.row for run in kept + found])
    return kept + found, foreign


def _tables(roots: list[Path]) -> list[Path]:
    """The runs.csv of every earlier report that was given, as the file or as its folder."""
    from helmholtz.analysis import logs

    paths = [root / "runs.csv" if logs.is_report(root) else root for root in roots]
    return [path for path in paths if path.is_file()]


def main(argv=None) -> None:
    args = parse_args(argv)
    from helmholtz.analysis import experiments, kept, prepared, transfer
    from helmholtz.analysis.answer import answer
    from helmholtz.analysis.by_class import by_class
    from helmholtz.io.files import locked, remove_leftovers
    from helmholtz.report import curves

    runs, foreign = collect(args)
    curves.check_patterns(runs, args.curves)
    prepared.add_lossless(runs)
    found = experiments.experiments([run.row for run in runs])
    tested = transfer.read(runs)
    earlier = transfer.read_tables(_tables(args.folders))
    answered = []
    for one in found:
        known = earlier.get(tuple(one.key.values()), ())
        matrix = transfer.transfer(one, tested, args.tolerance, known)
        answered.append((one, answer(one, args.tolerance) | by_class(one) | matrix))

    with locked(args.out):
        for folder in (args.out, args.out / "figures"):
            remove_leftovers(folder)
        if args.predictions:
            kept.write(args.out / kept.FILE, [run.row for run in runs], tested)
        _write(args, runs, found, answered, foreign)


def _write(args: argparse.Namespace, runs: list, found: list, answered: list, foreign) -> None:
    """Write the report, and say on the terminal what it says."""
    from helmholtz.analysis import experiments, logs, tables
    from helmholtz.io.files import write_json, write_text
    from helmholtz.report import page, sections, terminal
    from helmholtz.schema import BY_CLASS, EPOCHS, MATRIX, RUNS, SUMMARY

    rows = [run.row for run in runs]
    tables.write(args.out / "runs.csv", rows, RUNS)
    tables.write(args.out / "curves.csv", logs.curves(runs), EPOCHS)
    tables.write(args.out / "summary.csv", experiments.summary_rows(found), SUMMARY)
    for name, schema in (("by_class", BY_CLASS), ("matrix", MATRIX)):
        table = [row for _, told in answered for row in told[name]]
        tables.write(args.out / f"{name}.csv", table, schema)
    drawn = sections.draw(answered, runs, args.out / "figures", args)
    facts = {"tolerance": args.tolerance, "states": logs.states(rows)}
    facts |= {"answers": [told for _, told in answered], "foreign": foreign}
    facts |= {"codecs": [told for section in drawn for told in section.compared]}
    write_json(args.out / "summary.json", facts)
    write_text(args.out / "index.html", page.html(drawn, rows, foreign, args.tolerance))
    terminal.show(drawn, rows, foreign, args.verbose)
    print((args.out / "index.html").resolve())


if __name__ == "__main__":
    cli.run(main)
