"""Tables on a terminal, and the same in plain text where there is none."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 1000  # columns where there is no terminal: nothing is cut or wrapped


def make() -> Console:
    """A console that takes text as it is: names may hold brackets and colons."""
    plain = {"highlight": False, "markup": False, "emoji": False}
    console = Console(**plain)
    return console if console.is_terminal else Console(**plain, width=WIDE)


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Rows of text below the names of their columns."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, no_wrap=True)
    for row in rows:
        made.add_row(*map(Text, row))
    return made
