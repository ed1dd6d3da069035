"""Tables for a terminal, or as plain text for a file or a pipe."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 1000  # columns without a terminal: nothing is cut or wrapped


def make(file=None, width: int = WIDE) -> Console:
    """A console that prints text as it is: names may contain brackets and colons.

    file: where it prints, the standard output by default. width: its columns without a terminal.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = width
    return console


def table(columns: list[str], rows: Iterable[Iterable[str]], left: int | None = None) -> Table:
    """Rows of text below the names of their columns, of which so many are aligned at the left."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns[:left]:
        made.add_column(name, no_wrap=True)
    for name in columns[len(made.columns) :]:
        made.add_column(name, no_wrap=True, justify="right")
    for row in rows:
        made.add_row(*map(Text, row))
    return made
