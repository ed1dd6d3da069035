"""What a question comes to: the data, the recipe and the folds that suit them, the trials."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from helmholtz.answer import few_items
from helmholtz.answer.decide import SEEDS
from helmholtz.answer.trials import Trials
from helmholtz.data import folders, loading
from helmholtz.data.folds import FOLDS
from helmholtz.data.loading import Data
from helmholtz.data.splits import chosen_of
from helmholtz.domain import Domain
from helmholtz.schema import LAST
from helmholtz.sweep import conduct, plan
from helmholtz.text import counted

FEW = 50  # test items of a class below which the folds are tested in turn


def trials(half: Domain, asked: Namespace, rest: list[str], log=None) -> tuple[Trials, list[str]]:
    """Prepare the uncompressed data; the trials that suit them, and sentences on that.

    asked, rest: as of Trials; a folder's files are compressed as they are, since it is they that
    the answer is about. log: a file for what the preparation prints.
    """
    source = Trials(asked, rest, seeds=1).baseline.args.source
    rest = [*rest, *half.as_they_are(source)]
    first = Trials(asked, rest, seeds=1)
    for codec in first.orders():
        half.codecs[codec].available()
    conduct.check_networks([first.baseline])
    conduct.prepare([first.baseline], log)
    data = loading.load(plan.data_folder(first.baseline), 0)
    args, count = first.baseline.args, len(data.splits["train"][1])
    flags, fitted = _recipe(half, args, count, rest)
    folds, tested = _folds(source, _fewest(data, args.limit), args.limit)
    found = Trials(asked, [*flags, *rest], SEEDS, folds)
    found.check()
    if getattr(asked, half.flag) is None and (audit := data.attributes.get("audit")):
        found.leave_out_above(audit["codec"], audit["rate"])
    return found, [fitted, tested]


def _recipe(half: Domain, args: Namespace, count: int, rest: list[str]) -> tuple[list[str], str]:
    """Flags for so many training items, and a sentence; of networks that learn quickly.

    rest: what the user gave, which stays as it is.
    """
    recipe = half.networks[args.model].recipe if args.model in half.networks else None
    count = min(count, args.limit or count)
    if not recipe or recipe.counted != LAST:
        return [], ""
    given = {word.partition("=")[0] for word in rest}
    fitted = few_items.fitted(recipe.flags, count)
    flags = {name: value for name, value in fitted.items() if f"--{name}" not in given}
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    return words, f"Recipe for {counted(count, 'item')}: {' '.join(words)}." if flags else ""


def _fewest(data: Data, limit: int | None) -> int:
    """How many test items the rarest class has, among those that a run tests."""
    tested = data.splits["test"][1][chosen_of(data, "test", limit)]
    return int(np.bincount(tested, minlength=len(data.classes)).min())


def _folds(source: str, fewest: int, limit: int | None) -> tuple[tuple[int, ...], str]:
    """The folds to test, none where there are test items enough, and a sentence.

    limit: as of --limit; with one, folds would not test every item.
    """
    if fewest >= FEW:
        return (), ""
    text = f"A class has only {counted(fewest, 'test item')}"
    if not limit and Path(source).is_dir() and not folders.is_split(Path(source)):
        folds = tuple(range(1, FOLDS + 1))
        return folds, f"{text}: every item is tested once, in {FOLDS} folds with a run each."
    return (), f"{text}: the intervals will be wide."
