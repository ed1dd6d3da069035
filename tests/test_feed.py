"""Training from disk: the same run, bit for bit, as from the memory of the device."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from helpers import write_clips

from audio import evaluate as audio_evaluate
from audio import prepare as audio_prepare
from audio import train as audio_train
from cifar import evaluate as cifar_evaluate
from cifar import train as cifar_train
from helmholtz.data import items as items_module
from helmholtz.data import loading
from helmholtz.data.items import Items
from helmholtz.data.splits import select
from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.training import feed

PROGRAM = """
import json, sys, tempfile
from pathlib import Path
import numpy as np
from cifar import train
from cifar.jpeg import opencv_file, opencv_image
from helmholtz.data.compressed import FILES, OFFSETS, Compressed
from helmholtz.data.items import Items
from helmholtz.errors import DataError
from helmholtz.training import loop
from tests.small import LABELS, PARTS, compiled

def trained(folder, *feeds):
    for done, items in enumerate(feeds, 1):
        model = compiled(items)
        args = ["--batch_size", "8", "--num_epoch", str(3 * done // len(feeds))]
        args = train.parse_args(args + ["--resume"] * (done > 1))
        rows = loop.fit(model, LABELS, PARTS, {}, Path(folder), args)
    weights = [value.tolist() for value in model.layers[-1].get_weights()]
    said = model.probabilities(PARTS["val"]).tolist()
    return [[{k: v for k, v in row.items() if k != "seconds"} for row in rows], weights, said]

def compressed(images, path):
    files = [opencv_file(image, ".png") for image in images]
    path.write_bytes(b"".join(files))
    arrays = {FILES: np.memmap(path, np.uint8, "r"), OFFSETS: np.cumsum([0, *map(len, files)])}
    return Compressed(path, arrays, opencv_image)

def problems(items):
    model = compiled(items)
    model.prepare_launches(8, False)
    fed = model.feed(PARTS["train"], LABELS[:53], 8)
    for each in (
        lambda: model.fit(**fed, shuffle=False, verbose=0),
        lambda: model.evaluate(**fed, verbose=0),
        lambda: model.probabilities(PARTS["val"]),
    ):
        try:
            each()
        except DataError as error:
            yield str(error)
        items.problem = None

with tempfile.TemporaryDirectory() as folder:
    stored = np.lib.format.open_memmap(f"{folder}/x.npy", "w+", np.uint8, (80, 8, 8, 3))
    stored[:] = np.random.default_rng(0).integers(0, 256, stored.shape)
    disk = Items([stored[:50], stored[50:]], np.random.default_rng(1).permutation(80)[:76])
    mixed = Items([compressed(stored[:50], Path(folder, "files")), stored[50:]], disk.rows)
    feeds = {"device": [disk[:]], "disk": [disk]}
    feeds |= {"resumed from bytes": [mixed, mixed], "both": [disk, disk[:]]}
    runs = [trained(f"{folder}/{name}", *feed) for name, feed in feeds.items()]
    with open(f"{folder}/files", "r+b") as file:
        file.seek(mixed.arrays[0].offsets[1])
        file.write(bytes(9999))
    print(json.dumps([*runs, list(problems(mixed))]))
"""


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_history_weights_and_probabilities_are_those_of_the_device(backend):
    pytest.importorskip(backend)
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "UserWarning" not in answer.stderr, answer.stderr
    device, *others, problems = json.loads(answer.stdout.splitlines()[-1])
    for other in others:
        assert other == device
    assert len(problems) == 3
    assert all(said.endswith("cannot be decoded: prepare the data anew.") for said in problems)


def test_items_are_those_of_their_arrays_in_the_order_of_the_run():
    arrays = [np.arange(20).reshape(10, 2), np.arange(100, 110).reshape(5, 2)]
    rows = np.random.default_rng(0).permutation(15)
    items, whole = Items(arrays, rows), np.concatenate(arrays)[rows]
    for positions in (slice(None), slice(3, 9), np.array([14, 0, 14, 7])):
        np.testing.assert_array_equal(items[positions], whole[positions])
        np.testing.assert_array_equal(items.at(positions)[:], whole[positions])
    assert (items.shape, len(items), items.nbytes) == (whole.shape, 15, whole.nbytes)


def mapped(folder):
    """An array on disk that fills more than a page."""
    array = np.memmap(folder / "x", np.uint16, "w+", 512, (3000, 4, 1))
    array[:] = np.arange(array.size).reshape(array.shape)
    return array


def test_pages_are_asked_for_of_views_too_and_up_to_the_end_of_the_file(tmp_path):
    array = mapped(tmp_path)
    tiled = np.broadcast_to(array, (3000, 4, 3))
    for view in (array, tiled, np.arange(9)):
        items = Items([view], np.arange(len(view)))
        items.ask_for(np.array([0, len(view) - 1]))
        np.testing.assert_array_equal(items[:], view)
    assert items_module._mapping(tiled)._mmap is array._mmap


def test_prepared_data_are_loaded_without_a_copy(tmp_path):
    said = {"source": "made", "rate": 5, "classes": ["a", "b"]}
    for split, count in (("train", 3000), ("test", 1000)):
        with store.create(tmp_path / f"{split}.h5") as file:
            file["data"] = np.tile(np.arange(3, dtype=np.uint8), (count, 64, 64, 1))
            file["label"] = np.arange(count) % 2
            store.set_attributes(file, said | {"items": count})
    tracemalloc.start()
    items, _, parts = select(loading.load(tmp_path, 5), 0.2, None)
    batch = items[parts["train"][:100]]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (items.nbytes, batch.nbytes) == (49_152_000, 1_228_800)
    assert peak < 5_000_000  # a digest is taken in pieces
    assert (batch == np.arange(3)).all()


def run(main, folder, *flags):
    main([str(flag) for flag in [*flags, "--log_dir", folder]])
    with open(folder / "history.csv") as file:
        history = [row | {"seconds": ""} for row in csv.DictReader(file)]
    with h5py.File(folder / "best.weights.h5") as file:
        weights = {}
        file.visititems(lambda name, x: weights.update({name: x}) if hasattr(x, "shape") else None)
        weights = {name: x[()].tolist() for name, x in weights.items()}
    return history, weights, (folder / "predictions.csv").read_text()


@pytest.mark.parametrize("domain", ["images", "sounds"])
def test_a_run_from_the_device_goes_on_from_disk_and_is_judged_from_disk(
    domain, photos, tmp_path, monkeypatch, capsys
):
    flags = ["--model", "quick", "--batch_size", 8, "--num_epoch", 2, "--val", 0.2, "--limit", 20]
    if domain == "images":
        train, evaluate, rate, low = cifar_train, cifar_evaluate, "--quality", 5
        flags += ["--source", photos, rate, 50]
    else:
        train, evaluate, rate, low = audio_train, audio_evaluate, "--bitrate", 8
        data = ["--source", write_clips(tmp_path / "clips"), rate, 64, "--mono"]
        flags += [*data, "--tile", "--precision", "bfloat16"]
        audio_prepare.main([str(word) for word in [*data, "--shard_size", "20k"]])
    device, disk = tmp_path / "device", tmp_path / "disk"
    whole = run(train.main, device, *flags, "--feed", "device")
    if domain == "images":  # are then stored otherwise, which is the same run
        flags += ["--store", "bytes", "--data_dir", tmp_path]
    shutil.copytree(device, disk)
    (disk / "result.json").unlink()
    (disk / "checkpoint_0002.h5").unlink()
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr("helmholtz.training.device.COPIES", 1e9)  # more than any memory
        assert run(train.main, disk, *flags, "--resume") == whole
    assert "read from disk" in capsys.readouterr().out
    assert [*tmp_path.rglob("train.h5")] == [*tmp_path.glob("cifar/*/quality_50/train.h5")]
    for folder in (device, disk):
        words = ["--log_dir", folder, rate, low, "--feed", folder.name]
        evaluate.main([str(word) for word in words])
    told = [sorted((folder / "evaluation").glob("*.csv")) for folder in (device, disk)]
    assert len(told[0]) == 2
    assert [path.read_text() for path in told[0]] == [path.read_text() for path in told[1]]


class Watched(Items):
    """Items that tell what was asked for ahead, and of which one cannot be read."""

    def __init__(self, count, bad=()):
        super().__init__([np.arange(2 * count).reshape(count, 2)], np.arange(count))
        self.asked, self.bad, self.problem = [], set(bad), None

    def ask_for(self, positions):
        self.asked.append(list(positions))

    def __getitem__(self, positions):
        if self.bad & set(np.arange(len(self))[positions]):
            raise DataError("Item 7 is damaged.")
        return super().__getitem__(positions)


def test_batches_hold_every_item_once_and_are_asked_for_eight_ahead():
    items, order = Watched(21), np.random.default_rng(0).permutation(21)
    found = feed.Batches(items, order, 100 + order, 2)
    assert len(found) == 11
    assert len(feed.Batches(items, order[:20], order[:20], 2)) == 10
    assert items.asked[0] == order[:16].tolist()
    batches = [found[i] for i in range(len(found))]
    for here, (given, labels) in enumerate(batches):
        own = order[2 * here : 2 * here + 2]
        np.testing.assert_array_equal(given[:, 0], 2 * own)
        np.testing.assert_array_equal(labels, 100 + own)
        assert labels.dtype == np.int32
    found.thread.shutdown()
    assert items.asked[2:5] == [order[16 + 2 * i : 18 + 2 * i].tolist() for i in range(3)]
    assert list(found.ahead) == [11]  # one batch is read ahead, and no more


def test_what_keeps_a_batch_from_being_read_is_kept_and_raised():
    items = Watched(10, bad=[7])
    found = feed.Batches(items, np.arange(10), np.arange(10), 5)
    with pytest.raises(DataError, match="Item 7"):
        found[1]
    assert "Item 7" in str(items.problem)
    with pytest.raises(DataError, match="Item 7"), feed.reading(items):
        raise RuntimeError("what TensorFlow says")
    for items in (Watched(1), None):
        with pytest.raises(RuntimeError, match="TensorFlow"), feed.reading(items):
            raise RuntimeError("what TensorFlow says")


def test_tensorflow_gets_the_same_from_arrays_and_from_disk_without_tuning():
    items, order = Watched(7), np.array([3, 1, 6, 0, 2])
    for data, wanted in (
        (feed.batches(order, order % 2, 2)["x"], order),
        (feed.from_disk(items, order, order % 2, 2), 2 * order),
    ):
        assert int(data.cardinality()) == 3
        assert data.options().autotune.enabled is False
        batches = [(x.numpy(), y.numpy()) for x, y in data]
        assert [len(x) for x, _ in batches] == [2, 2, 1]
        np.testing.assert_array_equal(
            np.concatenate([x.reshape(len(x), -1)[:, 0] for x, _ in batches]), wanted
        )
        np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), order % 2)


def test_jax_gets_arrays_and_batches_as_they_are(monkeypatch):
    monkeypatch.setattr(feed, "on_jax", lambda: True)
    x, y = np.arange(3), np.arange(3)
    assert feed.batches(x, y, 2) == {"x": x, "y": y, "batch_size": 2}
    assert isinstance(feed.from_disk(Watched(3), x, y, 2), feed.Batches)


def test_items_enter_as_float32_from_the_device_or_from_disk():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8)
    items, order = Items([images], np.arange(5)), np.array([4, 0, 0])
    for given, asked in ((images, order), (items, images[order])):
        entered = keras.Sequential(feed.entrance(given))
        found = np.asarray(entered(asked))
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, images[order])
        assert not entered.trainable_variables
    assert [entered.dtype for entered in feed.entrance(images)[1:]] == ["float32"]
