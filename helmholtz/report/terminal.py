"""What the report says on the terminal: a table and an answer for every experiment."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from helmholtz.analysis import domains
from helmholtz.analysis.answer import network
from helmholtz.analysis.logs import COUNTED, states
from helmholtz.analysis.summary import FEW, STARRED, starred
from helmholtz.analysis.wording import number, plural, with_interval
from helmholtz.report.sections import Section

SHOWN = 3  # runs and files listed by name; the page lists all
WIDTH = 100  # columns where nobody tells
COLUMNS = ["network", "rate", "seeds", "accuracy, 95 %", "converges", "bytes", "seconds"]


class Terminal:
    """Prints a report. verbose: with every rate, the measure, and commands that would help."""

    def __init__(self, verbose: bool):
        self.verbose = verbose
        console = Console(highlight=False, markup=False, emoji=False)
        width = console.width if console.is_terminal else WIDTH
        self.console = Console(highlight=False, markup=False, emoji=False, width=width)

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style), soft_wrap=True)

    def show(self, sections: list[Section], rows: list[dict], foreign: list[str]) -> None:
        """Print the sections, and what was not counted."""
        counted = [section for section in sections if section.experiments]
        for section in counted:
            self.say(f"\n{section.title}: {section.protocol}", "bold")
            self._table(section)
            for _, answer in section.experiments:
                self._answer(answer)
        self._others(rows, foreign)
        if any(starred(e.base) for s in counted for e, _ in s.experiments):
            self.say(
                f"* fewer than {STARRED} epochs, of which the ten best are most; "
                f"below {FEW} epochs the best epoch stands in for their mean"
            )

    def _table(self, section: Section) -> None:
        """Of every network the baseline and the rate to choose, or the next lower one, or all."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for i, name in enumerate(COLUMNS):
            table.add_column(name, justify="right" if i > 1 else "left", no_wrap=True)
        for experiment, answer in section.experiments:
            stay = answer["rate"] == answer["baseline_rate"]
            shown = list(experiment.rows)[:2] if stay else [answer["baseline_rate"], answer["rate"]]
            for rate, row in experiment.rows.items():
                if self.verbose or rate in shown:
                    table.add_row(*map(Text, _cells(row)))
        self.console.print(table)

    def _answer(self, answer: dict) -> None:
        self.say(f"{network(answer)}: {answer['sentence']}")
        if self.verbose:
            self.say(f"  {answer['noise']}")
            for lack in answer["missing"]:
                self.say(f"  To add: {lack['what']}")
                if lack["command"]:
                    self.say(f"    {lack['command']}")

    def _others(self, rows: list[dict], foreign: list[str]) -> None:
        counts = ", ".join(f"{count} {state}" for state, count in states(rows).items())
        self.say(f"\n{plural(len(rows), 'run')}: {counts}. Only finished ones are counted.")
        others = [row for row in rows if row["state"] not in COUNTED]
        shown = len(others) if self.verbose else SHOWN
        for row in others[:shown]:
            self.say(f"  {row['state']}: {row['folder']}: {row['note']}")
        if len(others) > shown:
            self.say(f"  and {len(others) - shown} more, see runs.csv")
        if foreign:
            named = ", ".join(foreign[:SHOWN]) + ", ..." * (len(foreign) > SHOWN)
            self.say(f"{plural(len(foreign), 'file')} not of any run: {named}")


def _cells(row: dict) -> list[str]:
    return [
        *(network(row), domains.rate_name(row), str(row["seeds"])),
        with_interval(row, "accuracy") + "*" * starred(row),
        *(number(row[name]) for name in ("convergence_epoch", "file_bytes", "seconds")),
    ]
