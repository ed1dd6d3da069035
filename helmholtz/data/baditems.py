"""Items that cannot be used: told all at once, or left out when the user says so."""

import sys

import numpy as np

from helmholtz.errors import DataError
from helmholtz.text import counted

SHOWN = 20  # items that a message names
STORED = 100  # items that the prepared data names, by sentences of so many characters at most
LENGTH = 300


class BadItems(DataError):
    """Says of every item that cannot be used what is wrong with it.

    problems: for each split a sentence by the place of an item in it.
    """

    def __init__(self, problems: dict[str, dict[int, str]]):
        self.problems = problems
        self.sentences = [text for bad in problems.values() for text in bad.values()]
        if len(self.sentences) == 1:
            text = f"{self.sentences[0]} --skip_bad leaves out what cannot be used."
        else:
            text = f"{len(self.sentences)} files cannot be used; --skip_bad leaves them out:\n"
            text += "\n".join(_shortened(self.sentences))
        super().__init__(text)


def leave_out(classes: list[str], parts: dict, facts: dict, bad: BadItems) -> tuple[dict, dict]:
    """Parts of a source without the items that cannot be used, and facts that name these.

    Prints their sentences. Raises DataError when a class would have no item in one of the splits.
    """
    kept = {}
    for split, (items, labels) in parts.items():
        good = [i for i in range(len(items)) if i not in bad.problems.get(split, {})]
        _require_classes(split, classes, labels[good])
        kept[split] = ([items[i] for i in good], labels[good])
    print(f"Skipped {counted(len(bad.sentences), 'file')}:", file=sys.stderr)
    print(*_shortened(bad.sentences), sep="\n", file=sys.stderr)
    files = [*facts.get("skipped_files", []), *(text[:LENGTH] for text in bad.sentences)]
    skipped = facts.get("skipped", 0) + len(bad.sentences)
    return kept, facts | {"skipped": skipped, "skipped_files": files[:STORED]}


def _require_classes(split: str, classes: list[str], labels: np.ndarray) -> None:
    for label, name in enumerate(classes):
        if label not in labels:
            raise DataError(
                f"No file of the class {name} in the {split} split can be used: "
                "repair some, or add more."
            )


def _shortened(sentences: list[str]) -> list[str]:
    more = len(sentences) - SHOWN
    return [*sentences[:SHOWN], *([f"... and {more} more"] if more > 0 else [])]
