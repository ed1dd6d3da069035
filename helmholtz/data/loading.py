"""Prepared data, ours or the 2018 code's, read from disk and verified."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.data import shards
from helmholtz.data.compressed import FILES, Compressed
from helmholtz.data.folders import folder_name
from helmholtz.data.items import Items
from helmholtz.data.shards import SPLITS, TOTALS
from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.text import shown


class Data(NamedTuple):
    """Prepared data, ours on disk; splits: for "train" and "test" (items, labels as int64)."""

    splits: dict
    classes: list[str]
    attributes: dict

    def changed(self, function) -> "Data":
        """With a function of arrays of items applied to all items."""
        made = {
            split: (items.each(function) if isinstance(items, Items) else function(items), labels)
            for split, (items, labels) in self.splits.items()
        }
        return self._replace(splits=made)


def load(folder: Path, rate: int | None, codecs: dict | None = None) -> Data:
    """Read prepared data, ours or the 2018 code's, and verify it.

    rate: the one that the data must have; None takes the one that our files name. codecs: of a
    Domain, whose decoders read what is stored as compressed files.
    Raises DataError when a file is missing or damaged, or does not fit the other or the rate.
    """
    splits, found, name = {}, {}, shown(folder)
    for split in SPLITS:
        *splits[split], found[split] = _read(folder, split, codecs)
    if len({data.shape[1:] for data, _ in splits.values()}) > 1:
        raise DataError(f"{name}: train.h5 and test.h5 differ in shape: make both anew.")
    attributes = _joined(found, folder, rate)
    if rate not in (None, attributes["rate"]):
        raise DataError(f"{name} was prepared at rate {attributes['rate']}, not {rate}: give that.")
    source = str(attributes.get("source") or "")
    if not re.fullmatch(r"\w[\w.-]*", source, re.ASCII):  # it names the run's folder
        raise DataError(f"{name} is damaged, it does not name its source: prepare it anew.")
    labels = np.concatenate([label for _, label in splits.values()])
    count = min(labels.max() + 1, len(labels))  # foreign labels may be any numbers
    classes = attributes.setdefault("classes", [str(i) for i in range(count)])
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(f"{name} has labels outside its {len(classes)} classes: prepare it anew.")
    return Data(splits, classes, attributes)


def load_test(folder: Path, rate: int, codecs: dict | None = None) -> Data:
    """Read and verify the test split alone, of data that prepare.py has made."""
    items, labels, attributes = _read(folder, "test", codecs)
    if attributes.get("rate") != rate or "classes" not in attributes:
        raise DataError(f"{shown(folder)} was not prepared at rate {rate}: make it anew.")
    return Data({"test": (items, labels)}, attributes["classes"], attributes)


def _read(folder: Path, split: str, codecs: dict | None) -> tuple:
    """The items of a split, its labels and attributes, from its file or all of its shards."""
    found = []
    for path, digest in shards.files(folder, split).items():
        arrays, told = store.read(path, mapped=True)
        if digest not in (None, told["digest"]):
            raise DataError(f"{shown(path)} is of another preparation: prepare the data anew.")
        told.pop("shard", None)
        if FILES in arrays and codecs:
            arrays["data"] = Compressed(path, arrays, _decoder(path, told, codecs))
        found.append((*_checked(path, arrays), told))
    if len(found) == 1:
        return found[0]
    arrays, labels, told = zip(*found, strict=True)
    labels = np.concatenate(labels)
    sums = {key: sum(one[key] for one in told) for key in (*TOTALS, "items")}
    digest = hashlib.sha256("".join(one["digest"] for one in told).encode()).hexdigest()
    attributes = told[0] | sums | {"digest": digest}
    return Items(arrays, np.arange(len(labels))), labels, attributes


def _checked(path: Path, arrays: dict) -> tuple[np.ndarray, np.ndarray]:
    """Items and labels of one file; labels may be one-hot, as the 2018 code's are."""
    data, label = arrays.get("data"), arrays.get("label")
    if data is None or label is None or label.ndim not in (1, 2) or len(data) != len(label):
        raise DataError(f"{shown(path)} does not hold `data` and as many entries of `label`.")
    if not data.nbytes:
        raise DataError(f"{shown(path)} holds no items.")
    one_hot = label.ndim == 2 and label.shape[1] > 1
    return data, label.argmax(axis=1) if one_hot else label.ravel().astype(np.int64)


def _decoder(path: Path, told: dict, codecs: dict) -> Callable:
    """What decodes the files of prepared data: that and nothing else which their maker decodes by.

    Raises DataError when there is no such decoder here, and MachineError when it lacks something.
    """
    codec = codecs.get(told.get("codec_name", next(iter(codecs))))
    if codec is None or codec.decode is None:
        raise DataError(f"{shown(path)} was compressed by a codec that is not here.")
    codec.available()
    if codec.version() != (other := told.get("codec")):
        raise DataError(
            f"{shown(path)} was compressed by {other}, and {codec.version()} might decode it "
            "otherwise: prepare the data anew."
        )
    return codec.decode


def _joined(found: dict, folder: Path, rate: int | None) -> dict:
    """The attributes of both splits together; of foreign files what is known about them."""
    train, test = found["train"], found["test"]
    digest = train["digest"] + test["digest"]
    if "rate" not in train or "rate" not in test:
        if rate is None:
            raise DataError(f"{shown(folder)} does not say its rate: give it, as in --quality 5.")
        return {"source": folder_name(folder), "rate": rate, "digest": digest}
    both = (key for key in (*TOTALS, "items") if key in train and key in test)
    sums = {key: train[key] + test[key] for key in both} | {"digest": digest}
    if train | sums != test | sums:
        raise DataError(
            f"{shown(folder)}: train.h5 and test.h5 were not made together: make both anew."
        )
    return train | sums
