"""Finished runs on test data that was prepared at another rate, or by another codec."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from helmholtz.data import loading
from helmholtz.data.items import Items
from helmholtz.data.splits import chosen_of
from helmholtz.errors import DataError
from helmholtz.io import evaluations, predictions, run_state, runs
from helmholtz.io.files import remove_leftovers
from helmholtz.training import own_build, prediction
from helmholtz.training.device import gpu, place
from helmholtz.training.launches import Model
from helmholtz.training.model import set_up

AGREE = 0.98  # of the items at the run's own rate; another device or backend moves a few


class Judge:
    """Networks that are built once, and into which the weights of one run after another go."""

    def __init__(self, domain, feed: str):
        self.domain, self.feed, self.built = domain, feed, {}

    def run(self, task, places: dict) -> None:
        """Judge a run wherever it is to be, and keep what it says; see evaluate_command.Task.

        places: the folders of prepared data by (codec, rate). Raises DataError for weights or data
        that are not those of the run, and UsageError when another process has the run.
        """
        with run_state.held(task.folder):
            for folder in (task.folder, task.folder / evaluations.FOLDER):
                remove_leftovers(folder)
            model = None
            for codec, rate in task.cells:
                items, labels, tested, version = self._items(task, places[codec, rate], rate)
                if model is None:
                    model = self._loaded(task, items)
                else:
                    model.exchange(items)
                judged = np.arange(len(items), dtype=np.int32)
                found = predictions.of(tested, labels, model.probabilities(judged))
                if (codec, rate) == task.own:
                    _check(task.folder, found)
                told = evaluations.add(task.folder, codec.name, rate, found, version)
                said = f"{task.folder}: {codec.rate_name(rate)}: test accuracy {told.accuracy:.4f}"
                print(said, flush=True)

    def _items(self, task, folder: Path, rate: int) -> tuple:
        """The test items that the run judged, in its order, their labels, indices, and the
        codec's version."""
        flags, setting = task.setting["flags"], task.setting
        data = loading.load_test(folder, rate, self.domain.codecs)
        options = Namespace(train_dir=folder, tile=flags.get("tile"))
        data = self.domain.check_data(data, options)
        tested = chosen_of(data, "test", flags.get("limit"))
        array, labels = data.splits["test"]
        items = Items([array], tested)
        result = runs.read_json(task.folder / "result.json")
        count = result.get("test_items") or result.get("val_items")
        there = (data.classes, list(items.shape[1:]), len(items))
        if there != (setting["data"]["classes"], setting["shape"], count):
            raise DataError(
                f"{folder} does not hold the test items of {task.folder}: their classes, shape or "
                "number differ. Give the data that the run was trained on with --source."
            )
        return items, labels[tested], tested, data.attributes["codec"]

    def _loaded(self, task, items: Items) -> Model:
        """From the index of one of items to probabilities, with the weights of a run."""
        name, classes = task.setting["model"], len(task.setting["data"]["classes"])
        precision = task.setting["flags"].get("precision")
        key = (name, classes, precision, items.shape, items.dtype)
        if key not in self.built:
            set_up(0, precision)
            network, recipe = own_build.rebuild(self.domain, task.setting, task.network)
            self.built[key] = Model.of(place(items, self.feed), recipe.layers(), network)
            self.built[key].prepare_launches(1, gpu() is not None)
        else:
            self.built[key].exchange(items)
        prediction.load_weights(self.built[key].layers[-1], task.folder / "best.weights.h5")
        return self.built[key]


def _check(folder: Path, found: predictions.Predictions) -> None:
    """Raise DataError unless a run says what it said at its end."""
    path = folder / predictions.FILE
    if not path.exists():  # a run from before these were kept
        return
    kept = predictions.read(path)
    if not kept.same_items(found) or (kept.predicted == found.predicted).mean() < AGREE:
        raise DataError(
            f"{folder} no longer predicts at its own rate what its {path.name} holds: its weights "
            "or its data are not those that it was trained with. Train it anew."
        )
