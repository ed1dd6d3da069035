"""What the report says on the terminal: of every experiment two lines of a table and an answer."""

from helmholtz import console
from helmholtz.analysis import domains
from helmholtz.analysis.answer import network
from helmholtz.analysis.logs import COUNTED, states
from helmholtz.analysis.summary import STAR, starred
from helmholtz.analysis.wording import bits_fewer, number, plural, with_interval
from helmholtz.report.sections import Section

SHOWN = 3  # runs and files listed by name; the page lists all
WIDTH = 100  # columns where there is no terminal
COLUMNS = ["network", "rate", "seeds", "accuracy, 95 %", "converges", "bytes", "seconds"]


def show(sections: list[Section], rows: list[dict], foreign: list[str], verbose: bool) -> None:
    """Print the answers, and what was not counted.

    verbose: with every rate, the Helmholtz measure, and commands that would help.
    """
    answered = [section for section in sections if section.experiments]
    for section in answered:
        print(f"\n{section.title}: {section.protocol}")
        _print_table(section, verbose)
        for _, answer in section.experiments:
            told = [answer[part] for part in ("sentence", "transfer", "prior") if answer[part]]
            print(f"{network(answer)}: {' '.join(told)}")
            if verbose:
                print("\n".join(_explained(answer)))
        for told in section.compared:
            print(f"{told['model']}, all codecs: {told['sentence']}")
            print("\n".join(f"  {bits_fewer(codec)}" for codec in told["codecs"]))
    _print_others(rows, foreign, len(rows) if verbose else SHOWN)
    if any(starred(e.base) for section in answered for e, _ in section.experiments):
        print(f"* {STAR}")


def _print_table(section: Section, verbose: bool) -> None:
    """The baseline and the rate to choose, or else the next lower one, of every network."""
    lines = []
    for experiment, answer in section.experiments:
        first, *_ = two = list(experiment.rows)[:2]
        shown = two if answer["rate"] == first else [first, answer["rate"]]
        lines += [_cells(experiment.rows[rate]) for rate in (experiment.rows if verbose else shown)]
    console.make(width=WIDTH).print(console.table(COLUMNS, lines, left=2))


def _cells(row: dict) -> list[str]:
    return [
        *(network(row), domains.rate_name(row), str(row["seeds"])),
        with_interval(row, "accuracy") + "*" * starred(row),
        *(number(row[name]) for name in ("convergence_epoch", "file_bytes", "seconds")),
    ]


def _explained(answer: dict) -> list[str]:
    lines = [f"  {answer['noise']}"]
    for lack in answer["missing"]:
        lines += [f"  Would help: {lack['what']}"]
        lines += [f"    {lack['command']}"] if lack["command"] else []
    return lines


def _print_others(rows: list[dict], foreign: list[str], most: int) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in states(rows).items())
    print(f"\n{plural(len(rows), 'run')}: {counts}. Only finished ones are counted.")
    others = [row for row in rows if row["state"] not in COUNTED]
    for row in others[:most]:
        print(f"  {row['state']}: {row['folder']}: {row['note']}")
    if len(others) > most:
        print(f"  and {len(others) - most} more, see runs.csv")
    if foreign:
        named = ", ".join(foreign[:SHOWN]) + ", ..." * (len(foreign) > SHOWN)
        print(f"{plural(len(foreign), 'file')} not of any run: {named}")
