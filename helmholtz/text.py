"""Names and numbers for sentences."""

from pathlib import Path


def printable(name: str) -> str:
    """A name that can be printed and stored: no line breaks, valid UTF-8."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shown(path: Path | str) -> str:
    """A path for a sentence."""
    return printable(str(path))


def counted(number: int, noun: str) -> str:
    """A number and what it counts, as "1 file" or "2 files"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; rows that are alike stand in it once."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(dict.fromkeys(f"| {' | '.join(cells)} |" for cells in lines))


def megabytes(size: int) -> str:
    """A number of bytes, as "34 kB", "1.2 MB" or "56.7 GB"."""
    if size >= 1e10:
        return f"{size / 1e9:,.1f} GB"
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
