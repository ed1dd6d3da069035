"""Tables for a terminal, or as plain text for a file or a pipe."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 1000  # columns without a terminal: nothing is cut or wrapped


def make(file=None) -> Console:
    """A console that prints text as it is: names may contain brackets and colons.

    file: where it prints, the standard output by default.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    return console


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Rows of text below the names of their columns."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, no_wrap=True)
    for row in rows:
        made.add_row(*map(Text, row))
    return made
