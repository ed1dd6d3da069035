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
from helmholtz.errors import UsageError
from helmholtz.schema import BEST, LAST
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
    args = first.baseline.args
    _check_rates(half, asked, half.facts(args))
    conduct.check_networks([first.baseline])
    conduct.prepare([first.baseline], log)
    data = loading.load(plan.data_folder(first.baseline), 0)
    count = len(data.splits["train"][1])
    flags, fitted = _recipe(half, args, count, rest)
    folds, tested = _folds(source, data, args.limit)
    found = Trials(asked, [*flags, *rest], SEEDS, folds)
    found.fingerprint = data.attributes["fingerprint"]
    found.check()
    if getattr(asked, half.flag) is None and (audit := data.attributes.get("audit")):
        found.leave_out_above(audit["codec"], audit["rate"])
        if not found.orders():
            raise UsageError(
                f"The files went through {audit['prior']} already, and no rate of the grid is "
                f"lower: give --{half.flag}."
            )
    return found, [fitted, tested, _chooser(half, args)]


def _check_rates(half: Domain, asked: Namespace, facts: dict) -> None:
    """Raise UsageError where rates were given that data of these facts cannot have."""
    for name in asked.codec:
        half.codecs[name].check_data(getattr(asked, half.flag) or [], facts, half.flag)


def _chooser(half: Domain, args: Namespace) -> str:
    """A sentence where the test split, on which rates are judged, chooses the epoch too."""
    recipe = half.networks[args.model].recipe if args.model in half.networks else None
    chooses = recipe and recipe.counted == BEST and not (half.val if args.val is None else args.val)
    return "The test split chooses the best epoch, too: add --val 0.2." if chooses else ""


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


def _folds(source: str, data: Data, limit: int | None) -> tuple[tuple[int, ...], str]:
    """The folds to test, none where there are test items enough, and a sentence.

    limit: as of --limit; with one, folds would not test every item.
    """
    fewest = _fewest(data, data.splits["test"][1][chosen_of(data, "test", limit)])
    if fewest >= FEW:
        return (), ""
    text = f"A class has only {counted(fewest, 'test item')}"
    every = _fewest(data, np.concatenate([labels for _, labels in data.splits.values()]))
    own = Path(source).is_dir() and not folders.is_split(Path(source))
    if own and not limit and every >= FOLDS:
        folds = tuple(range(1, FOLDS + 1))
        return folds, f"{text}: every item is tested once, in {FOLDS} folds with a run each."
    return (), f"{text}: the intervals will be wide."


def _fewest(data: Data, labels: np.ndarray) -> int:
    """How many items the rarest class has."""
    return int(np.bincount(labels, minlength=len(data.classes)).min())
