"""What a user's folder contains, counted by kind and put into words."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from helmholtz.io.files import visible
from helmholtz.text import counted, printable

KINDS = 5  # of ignored files that are listed by their ending


class Kind(NamedTuple):
    """The files that a domain reads.

    endings: in lower case. foreign: endings of files to convert first. examples, target: some
    endings, and the formats to convert to, as used in sentences. advice: what else to do with
    foreign files, by ending.
    """

    endings: set[str]
    examples: str
    foreign: set[str]
    target: str
    advice: dict[str, str] = {}  # noqa: RUF012  never changed


def subfolders(folder: Path) -> list[Path]:
    """The sorted folders in a folder, without the hidden ones."""
    return [path for path in visible(folder) if path.is_dir()]


def by_ending(paths: list[Path], kind: Kind) -> dict[str, int]:
    """The number of paths by ending, the foreign ones first; rare endings together as "other"."""
    count = Counter("subfolder" if p.is_dir() else printable(p.suffix.lower()) for p in paths)
    order = sorted(count, key=lambda ending: (ending not in kind.foreign, -count[ending], ending))
    kept = {ending: count[ending] for ending in order[:KINDS]}
    others = sum(count[ending] for ending in order[KINDS:])
    return kept | ({"other": others} if others else {})


def listed(counts: dict[str, int], kind: Kind | None = None) -> str:
    """Counts by ending, for a sentence; with a kind also what to do with the foreign ones."""
    texts = []
    for ending, number in counts.items():
        noun = "subfolder" if ending == "subfolder" else f"{ending} file".strip()
        text = counted(number, noun)
        if not ending:
            text += " without an ending"
        if kind and ending in kind.foreign:
            text += f" ({kind.advice.get(ending, f'convert to {kind.target} first')})"
        texts.append(text)
    return ", ".join(texts)


def holdings(folder: Path, kind: Kind) -> str:
    """What a folder holds, for a sentence."""
    return listed(by_ending(visible(folder), kind), kind) or "nothing"
