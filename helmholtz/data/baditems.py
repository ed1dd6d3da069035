"""Items that cannot be used: reported all at once, or left out with --skip_bad."""

import sys

from helmholtz.errors import DataError
from helmholtz.text import counted

SHOWN = 20  # sentences in a message
STORED = 100  # sentences in the attributes of prepared data, each cut to
LENGTH = 300  # characters


class BadItems(DataError):
    """What is wrong with every item that cannot be used.

    problems: for each split a sentence for each such item, by its index.
    """

    def __init__(self, problems: dict[str, dict[int, str]]):
        self.problems = problems
        self.sentences = [text for bad in problems.values() for text in bad.values()]
        if len(self.sentences) == 1:
            text = f"{self.sentences[0]} --skip_bad leaves out what cannot be used."
        else:
            text = f"{len(self.sentences)} files cannot be used; --skip_bad leaves them out:\n"
            text += "\n".join(shortened(self.sentences))
        super().__init__(text)

    def __reduce__(self):
        """For other processes, which make an error anew from what it was made of."""
        return BadItems, (self.problems,)


def leave_out(classes: list[str], parts: dict, facts: dict, bad: BadItems) -> tuple[dict, dict]:
    """A source's parts without the bad items, and its facts with their number and sentences.

    Prints the sentences. Raises DataError when a class would have no item left in a split.
    """
    kept = {}
    for split, (items, labels) in parts.items():
        good = [i for i in range(len(items)) if i not in bad.problems.get(split, {})]
        if missing := [name for i, name in enumerate(classes) if i not in labels[good]]:
            raise DataError(
                f"No file of the class {missing[0]} in the {split} split can be used: "
                "repair some, or add more."
            )
        kept[split] = ([items[i] for i in good], labels[good])
    print(f"Skipped {counted(len(bad.sentences), 'file')}:", file=sys.stderr)
    print(*shortened(bad.sentences), sep="\n", file=sys.stderr)
    files = [*facts.get("skipped_files", []), *(text[:LENGTH] for text in bad.sentences)]
    skipped = facts.get("skipped", 0) + len(bad.sentences)
    return kept, facts | {"skipped": skipped, "skipped_files": files[:STORED]}


def shortened(sentences: list[str]) -> list[str]:
    """The first sentences of many, and how many more there are."""
    more = len(sentences) - SHOWN
    return [*sentences[:SHOWN], *([f"... and {more} more"] if more > 0 else [])]
