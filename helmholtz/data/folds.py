"""Folds of a source, for cross-validation: every item is tested in one of them."""

import re
from collections.abc import Callable
from functools import partial

import numpy as np

from helmholtz.data.folders import SPLIT_SEED
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError
from helmholtz.text import counted

FOLDS = 5


def folded(source: Source, fold: int | None) -> Source:
    """The source with a fifth of each class as its test split, in place of the one that it has.

    fold: which fifth, 1 to FOLDS; None leaves the source as it is.
    """
    if not fold:
        return source
    load = partial(_load, source.load, fold)
    return source._replace(name=f"{source.name}-fold{fold}", load=load)


def fold_of(name: str, known: tuple[str, ...]) -> int | None:
    """The fold of a source, by its name; a folder of the user's may be called "x-fold1", too.

    known: sources that have a name; that of a folder ends with a digest and its images' size.
    """
    start = rf"(?:^(?:{'|'.join(known)})|-[0-9a-f]{{8}}(?:-\d+px)?(?:-full)?)"
    found = re.search(rf"{start}-fold([1-{FOLDS}])(?![0-9a-z])", name)
    return int(found[1]) if found else None


def _load(load: Callable, fold: int) -> tuple[list[str], dict, dict]:
    classes, parts, facts = load()
    items = [item for some, _ in parts.values() for item in some]
    labels = np.concatenate([labels for _, labels in parts.values()])
    fewest = np.bincount(labels, minlength=len(classes)).min()
    if fewest < FOLDS:
        has = f"A class has only {counted(int(fewest), 'item')}"
        raise DataError(f"{has}: --fold needs {FOLDS} or more of each.")
    tested = np.zeros(len(labels), bool)
    for label in range(len(classes)):
        shuffled = np.random.default_rng(SPLIT_SEED).permutation(np.flatnonzero(labels == label))
        tested[np.array_split(shuffled, FOLDS)[fold - 1]] = True
    masks = {"train": ~tested, "test": tested}
    return classes, {split: _chosen(items, labels, mask) for split, mask in masks.items()}, facts


def _chosen(items: list, labels: np.ndarray, mask: np.ndarray) -> tuple[list, np.ndarray]:
    return [items[i] for i in np.flatnonzero(mask)], labels[mask]
