"""Images that are stored as their compressed files: the same items, and how the choice is made."""

import csv
import json
import pickle
from collections import namedtuple
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers import load_images, prepare_images
from PIL import UnidentifiedImageError
from report_runs import make_run

from audio import prepare as audio_prepare
from cifar import prepare, train
from cifar.codecs import TABLE
from cifar.sample import make
from helmholtz.analysis.prepared import packed_bytes
from helmholtz.data import kinds, loading
from helmholtz.data.compressed import FILES, OFFSETS
from helmholtz.data.estimate import Estimate
from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.report import __main__ as report

HERE = [name for name, codec in TABLE.items() if codec.extra is None or codec.extra.present()]


def stored_as(photos, folder, qualities, kind, *flags):
    """The folders of photos stored as a kind, seven train shards and two test shards."""
    flags = ["--data_dir", folder, "--store", kind, "--shard_size", "30k", *flags]
    return prepare_images(photos, qualities, *flags)


def sizes(folder):
    return {path.name: path.stat().st_size for path in folder.glob("*.h5")}


@pytest.mark.parametrize("name", HERE)
def test_every_codec_keeps_the_file_that_it_would_decode(name):
    codec, images = TABLE[name], make("test", 4)[0]
    keep = pickle.loads(pickle.dumps(codec.keep))  # as other processes are sent it
    for rate in (codec.rates[0], codec.grid[2], codec.rates[-1]):
        for image in (*images, np.kron(images[0], np.ones((7, 5, 1), np.uint8))[:201, :150]):
            decoded, *sizes = codec.compress(image, rate)
            file, *same = keep(image, rate)
            assert (len(file), same) == (sizes[0], sizes)
            np.testing.assert_array_equal(codec.decode(file), decoded)


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_stored_bytes_give_the_items_that_pixels_are(name, photos, tmp_path):
    rate = TABLE[name].grid[2]
    flags = [photos, tmp_path / "pixels", [rate], "pixels", "--codec", name]
    pixels = loading.load(stored_as(*flags)[rate], rate)
    flags[1], flags[3] = tmp_path / "bytes", "bytes"
    folder = stored_as(*flags)[rate]
    found = loading.load(folder, rate, TABLE)
    told, other = (dict(data.attributes, digest="") for data in (pixels, found))
    assert told | {"store": "bytes"} == other
    order = np.random.default_rng(0).permutation(64)[:40]
    for split, (items, labels) in pixels.splits.items():
        stored, same = found.splits[split]
        assert (stored.shape, stored.dtype, stored.nbytes) == (
            (items.shape, items.dtype, items.nbytes)
        )
        np.testing.assert_array_equal(stored[:], items[:])
        np.testing.assert_array_equal(labels, same)
    stored, items = (data.splits["train"][0] for data in (found, pixels))
    stored.ask_for(order)
    np.testing.assert_array_equal(stored[order], items[order])
    content = sum(size for path, size in sizes(folder).items())
    assert 0 < content - found.attributes["file_bytes"] < 9 * 7000  # what HDF5 and labels take


def test_many_threads_give_what_one_gives(photos, tmp_path, monkeypatch):
    folder = stored_as(photos, tmp_path, [50], "bytes", "--size", "64")[50]
    items = loading.load(folder, 50, TABLE).splits["train"][0].arrays[0]
    alone = items[:]
    monkeypatch.setattr("helmholtz.machine.cores", lambda: 3)
    monkeypatch.setattr("helmholtz.data.compressed.PART", 1)
    np.testing.assert_array_equal(items[:], alone)
    np.testing.assert_array_equal(items[np.array([1, 0])], alone[[1, 0]])


def test_uncompressed_images_are_pixels_in_any_case(photos, tmp_path):
    found = stored_as(photos, tmp_path / "bytes", [0, 5], "bytes")
    zero = stored_as(photos, tmp_path / "pixels", [0], "pixels")[0]
    for path in zero.glob("*.h5"):
        assert (found[0] / path.name).read_bytes() == path.read_bytes()
    assert store.read(found[5] / "test-00000.h5")[1]["store"] == "bytes"
    assert "store" not in store.read(found[0] / "test-00000.h5")[1]


def test_training_takes_what_is_there_and_prepare_makes_what_is_asked_for(photos, tmp_path, capsys):
    folder = stored_as(photos, tmp_path, [5], "bytes")[5]
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    words = ["--source", photos, "--quality", 5, "--data_dir", tmp_path]
    words = [str(word) for word in words]
    prepare.main([*words, "--shard_size", "30k"])
    for kind in kinds.KINDS:
        load_images(train.parse_args([*words, "--store", kind]))
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.h5")} == before
    (folder / "train-00001.h5").unlink()  # and in its place the same is made
    prepare.main([*words, "--shard_size", "30k"])
    changed = [p.name for p, time in before.items() if p.stat().st_mtime_ns != time]
    assert changed == ["train-00001.h5"]
    capsys.readouterr()
    prepare.main([*words, "--store", "bytes", "--dry_run"])
    assert capsys.readouterr().out.endswith("Nothing is missing.\n")
    prepare.main([*words, "--store", "pixels", "--shard_size", "30k"])
    assert [set(store.read(path)[0]) for path in before] == [{"data", "label"}] * 9
    prepare.main([*words, "--store", "bytes", "--shard_size", "30k"])
    assert [set(store.read(path)[0]) for path in before] == [{FILES, OFFSETS, "label"}] * 9


def test_bytes_are_taken_where_pixels_would_fill_the_disk(tmp_path, monkeypatch, capsys):
    found = Estimate(10, 2000, {0: 1000.0, 5: 100.0}, 1.0)
    assert [found.takes(kind) for kind in ("pixels", "bytes")] == [2000, 1100]
    for free, there, kind in ((4000, 0, "pixels"), (3999, 0, "bytes"), (3000, 1000, "pixels")):
        (tmp_path / "train.h5").write_bytes(bytes(there))
        usage = namedtuple("usage", "free")(free)
        monkeypatch.setattr("shutil.disk_usage", lambda folder, usage=usage: usage)
        assert kinds.choose("auto", found, [tmp_path, tmp_path / "none"]) == kind
        assert capsys.readouterr().out.startswith("2 kB of pixels") == (kind == "bytes")
    assert kinds.choose("auto", found._replace(compressed={0: 2000.0}), [tmp_path]) == "pixels"
    assert kinds.choose("pixels", found, [tmp_path]) == "pixels"
    assert kinds.choose("auto", None, [tmp_path]) == "pixels"


def test_what_bytes_take_is_what_is_said_and_what_must_be_free(photos, tmp_path, command, capsys):
    words = ["--source", photos, "--quality", 50, "--data_dir", tmp_path, "--store", "bytes"]
    assert command(prepare.main, *words, "--dry_run") == (0, "")
    prepare.main([str(word) for word in words])
    said = float(capsys.readouterr().out.split("rate: ")[1].split(" kB of disk")[0])
    folder = next(tmp_path.glob("cifar/*/quality_50"))
    size = loading.load(folder, 50, TABLE).attributes["file_bytes"]
    assert 1000 * said == pytest.approx(size, rel=0.1)


def test_sound_is_refused(command):
    code, error = command(audio_prepare.main, "--source", "sample", "--store", "bytes")
    assert (code, "leave it out" in error) == (2, True)


def test_a_file_of_another_kind_is_not_handed_to_the_program_that_reads_it():
    with pytest.raises(UnidentifiedImageError):
        TABLE["jp2"].decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n")


def overwrite(folder, place, content):
    """Change the bytes of one item of the training split, and the digest with them."""
    arrays, _ = store.read(folder / "train.h5")
    start, end = arrays[OFFSETS][place : place + 2]
    arrays[FILES][start:end] = np.resize(np.frombuffer(content, np.uint8), end - start)
    rewrite(folder / "train.h5", arrays)


def rewrite(path, arrays):
    told = store.read(path)[1]
    told.pop("digest")
    with store.create(path) as file:
        for name, array in arrays.items():
            file[name] = array
        store.set_attributes(file, told)


@pytest.mark.parametrize("place", [0, 17])
def test_an_item_that_cannot_be_decoded_ends_training_with_a_sentence(
    place, photos, tmp_path, command
):
    folder = prepare_images(photos, [50], "--data_dir", tmp_path, "--store", "bytes")[50]
    overwrite(folder, place, b"\0")
    words = ["--train_dir", folder, "--log_dir", tmp_path / "run", "--feed", "disk"]
    words += ["--model", "quick", "--num_epoch", 1, "--batch_size", 8, "--val", 0.1]
    code, error = command(train.main, *words)
    assert code == 3
    assert error.splitlines()[-1] == (
        f"{folder / 'train.h5'}: item {place} cannot be decoded: prepare the data anew."
    )


def test_files_of_other_sizes_or_of_another_codec_are_refused(photos, tmp_path):
    folder = prepare_images(photos, [50], "--data_dir", tmp_path, "--store", "bytes")[50]
    newer = {"jpeg": replace(TABLE["jpeg"], version=lambda: "another")}
    with pytest.raises(DataError, match="might decode it"):
        loading.load(folder, 50, newer)
    small = cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    overwrite(folder, 3, small)
    items = loading.load(folder, 50, TABLE).splits["train"][0]
    with pytest.raises(DataError, match="item 3 cannot be decoded"):
        items[:]


def test_offsets_that_are_none_are_refused(photos, tmp_path):
    folder = prepare_images(photos, [50], "--data_dir", tmp_path, "--store", "bytes")[50]
    arrays, _ = store.read(folder / "train.h5")
    offsets = arrays[OFFSETS]
    swapped, later, short = offsets.copy(), offsets.copy(), offsets.copy()
    swapped[[5, 6]], later[0], short[-1] = offsets[[6, 5]], 1, offsets[-2]
    for wrong in (swapped, later, short, offsets[:1], offsets[:, None], offsets.astype(float)):
        rewrite(folder / "train.h5", arrays | {OFFSETS: wrong})
        with pytest.raises(DataError, match="is damaged"):
            loading.load(folder, 50, TABLE)


def test_a_report_shows_items_of_shards_and_reads_no_others(photos, tmp_path, monkeypatch):
    folders = stored_as(photos, tmp_path, [0, 5], "bytes")
    data = loading.load(folders[0], 0)
    for rate in folders:
        source, known = (data.attributes[key] for key in ("source", "fingerprint"))
        run = make_run(tmp_path / "logs", rate, source=source, data=known)
        setting = json.loads((run / "setting.json").read_text())
        setting["flags"]["data_dir"] = str(tmp_path)
        (run / "setting.json").write_text(json.dumps(setting))
    read, decode = [], cv2.imdecode
    monkeypatch.setattr("cv2.imdecode", lambda *args: read.append(1) or decode(*args))
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    assert list((tmp_path / "report" / "figures").glob("*sheet.png"))
    assert len(read) == 2 + 2  # the first of either shard, for its shape, and one of each class
    expected = np.mean([packed_bytes(image) for image in data.splits["test"][0][:]])
    with open(tmp_path / "report" / "runs.csv") as file:
        assert {float(row["lossless_bytes"]) for row in csv.DictReader(file)} == {expected}
