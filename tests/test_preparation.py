"""Prepared images: what is made, what is left alone, what is made again."""

import re
import shutil
from collections import namedtuple
from concurrent.futures import ProcessPoolExecutor

import h5py
import numpy as np
import pytest
from helpers import load_images, prepare_images

from cifar import prepare
from cifar.jpeg import compress
from helmholtz.data import loading
from helmholtz.data.splits import select
from helmholtz.errors import DataError
from helmholtz.schema import SIZES


def test_the_data_are_the_compressed_images_with_their_sizes(photos):
    folder = prepare_images(str(photos), [0, 5])[5]
    data = loading.load(folder, 5)
    original = loading.load(folder.with_name("quality_0"), 0)
    sizes = np.zeros(3, int)
    for split, (images, labels) in data.splits.items():
        for image, source in zip(images, original.splits[split][0], strict=True):
            expected, file_bytes, scan_bytes = compress(source, 5)
            np.testing.assert_array_equal(image, expected)
            sizes += source.nbytes, file_bytes, scan_bytes
        np.testing.assert_array_equal(labels, original.splits[split][1])
    assert [data.attributes[key] for key in SIZES[:3]] == sizes.tolist()
    files = photos.glob("*/*.png")
    assert data.attributes["source_bytes"] == sum(path.stat().st_size for path in files)
    assert data.classes == ["bright", "dark"]
    assert data.attributes["items"] == 80


def times(folder):
    return [path.stat().st_mtime_ns for path in sorted(folder.glob("*.h5"))]


def test_what_is_whole_is_left_alone_and_what_is_damaged_made_again(photos):
    folder = prepare_images(str(photos), [7])[7]
    before, whole = times(folder), (folder / "train.h5").read_bytes()
    prepare_images(str(photos), [7])
    assert times(folder) == before
    for damaged in (whole[: len(whole) // 2], whole[:9000] + b"\x55" + whole[9001:]):
        assert damaged != whole
        (folder / "train.h5").write_bytes(damaged)
        prepare_images(str(photos), [7])
        assert (folder / "train.h5").read_bytes() == whole


def test_a_source_that_changed_is_prepared_again(photos, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(photos, copy)
    folder = prepare_images(str(copy), [5])[5]
    (copy / "dark" / "00.png").unlink()
    prepare_images(str(copy), [5])
    assert loading.load(folder, 5).attributes["items"] == 79


def test_an_error_leaves_the_old_data_and_nothing_half_made(photos, tmp_path, command):
    copy = tmp_path / "copy"
    shutil.copytree(photos, copy)
    folder = prepare_images(str(copy), [5])[5]
    before = times(folder)
    (copy / "dark" / "39.png").write_text("no image")
    assert command(prepare.main, "--source", copy, "--quality", 5)[0] == 3
    assert times(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == [".lock", "test.h5", "train.h5"]


def test_a_size_of_its_own_gets_a_folder_of_its_own(photos):
    folder = prepare_images(str(photos), [5], "--size", 16)[5]
    assert folder.parent.name.endswith("-16px")
    assert loading.load(folder, 5).splits["test"][0].shape[1:] == (16, 16, 3)


def write_2018(folder, images, labels):
    """What the 2018 code wrote: float32 in 0..1 and one-hot labels, no attributes."""
    folder.mkdir()
    for split in ("train", "test"):
        with h5py.File(folder / f"{split}.h5", "w") as file:
            file.create_dataset("data", data=images.astype("float32") / 255, compression="gzip")
            file["label"] = np.eye(10, dtype="float32")[labels]


def test_the_files_of_the_2018_code_load_too(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    write_2018(tmp_path / "old", images, np.arange(20) % 10)
    args = prepare_args(tmp_path / "old", quality=5)
    data = load_images(args)
    np.testing.assert_array_equal(data.splits["train"][0], images)
    assert data.splits["train"][1].tolist() == [i % 10 for i in range(20)]
    assert data.attributes["rate"] == 5


def test_columns_of_labels_are_no_one_hot_labels_and_other_scales_are_refused(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    write_2018(tmp_path / "old", images, np.arange(20) % 10)
    args = prepare_args(tmp_path / "old", quality=5)
    digest = load_images(args).attributes["digest"]
    with h5py.File(tmp_path / "old" / "train.h5", "r+") as file:
        del file["label"]
        file["label"] = (np.arange(20) % 10)[:, None]  # as keras.datasets.cifar10 has them
    data = load_images(args)
    assert data.splits["train"][1].tolist() == [i % 10 for i in range(20)]
    assert data.attributes["digest"] != digest
    with h5py.File(tmp_path / "old" / "train.h5", "r+") as file:
        file["data"][0] *= 255
    with pytest.raises(DataError, match="from 0 to 1"):
        load_images(args)


def test_labels_of_foreign_files_that_are_no_classes_are_refused(tmp_path):
    write_2018(tmp_path / "old", np.zeros((20, 32, 32, 3), np.uint8), np.arange(20) % 10)
    with h5py.File(tmp_path / "old" / "test.h5", "r+") as file:
        del file["label"]
        file["label"] = np.full(20, 10**12)  # a list of so many class names fills any memory
    with pytest.raises(DataError, match="outside its 40 classes"):
        loading.load(tmp_path / "old", 5)


def test_splits_that_were_not_made_together_are_refused(photos, tmp_path):
    five, nine = prepare_images(str(photos), [5, 9]).values()
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    shutil.copy(five / "train.h5", mixed)
    shutil.copy(nine / "test.h5", mixed)
    with pytest.raises(DataError, match="not made together"):
        loading.load(mixed, 5)


def test_a_size_is_for_a_folder_alone(command):
    code, error = command(prepare.main, "--source", "sample", "--size", "64", "--quality", "5")
    assert (code, "--size is for a folder" in error) == (2, True)


def prepare_args(train_dir, quality):
    from cifar.train import parse_args

    return parse_args(["--train_dir", str(train_dir), "--quality", str(quality)])


def test_several_processes_at_once_make_one_good_copy(photos):
    with ProcessPoolExecutor(3) as pool:
        answers = [pool.submit(prepare_images, str(photos), [9]) for _ in range(3)]
        folders = {answer.result()[9] for answer in answers}
    assert len(folders) == 1
    folder = folders.pop()
    assert loading.load(folder, 9).attributes["items"] == 80
    assert not list(folder.glob(".tmp-*"))


def test_what_it_takes_is_said_before_the_first_byte_and_a_dry_run_makes_nothing(
    photos, tmp_path, command, capsys, monkeypatch
):
    words = ["--source", str(photos), "--quality", "5", "50", "--data_dir", str(tmp_path / "data")]
    prepare.main([*words, "--dry_run"])
    told = capsys.readouterr().out
    assert told.startswith("80 items at 2 rates: 492 kB of disk, ")  # 2 x 80 x 32 x 32 x 3
    assert not (tmp_path / "data").exists()
    free = namedtuple("usage", "free")(400_000)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda folder: free)
        code, error = command(prepare.main, *words)
    assert code == 4, error
    assert not [*tmp_path.rglob("*.h5")]
    prepare.main(words)
    assert told.split(" of disk")[0] in capsys.readouterr().out
    for folder in (tmp_path / "data").glob("cifar/*/quality_*"):
        size = loading.load(folder, None).attributes["file_bytes"]
        found = re.search(rf"{folder.name} ([\d.]+) (MB|kB)", told)
        assert float(found[1]) * {"MB": 1e6, "kB": 1e3}[found[2]] == pytest.approx(size, rel=0.1)
    prepare.main([*words, "--dry_run"])
    assert capsys.readouterr().out == "Nothing is missing.\n"


def test_a_dry_run_says_so_when_nothing_that_it_tried_can_be_used(tmp_path, capsys):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(5):
            (tmp_path / label / f"{number}.png").write_text("no image")
    prepare.main(["--source", str(tmp_path), "--quality", "5", "--dry_run"])
    assert capsys.readouterr().out.startswith("None of a few items that were tried can be used")


def test_a_dry_run_downloads_nothing(tmp_path, capsys):
    prepare.main(["--quality", "5", "--data_dir", str(tmp_path / "data"), "--dry_run"])
    assert "is to be downloaded first" in capsys.readouterr().out
    assert not [*tmp_path.iterdir()]


def sharded(source, folder, *qualities, size="30k"):
    flags = ["--data_dir", str(folder), "--shard_size", size]
    return list(prepare_images(str(source), list(qualities), *flags).values())


def test_shards_hold_together_what_one_file_holds(photos, tmp_path):
    whole = loading.load(prepare_images(str(photos), [5])[5], 5)
    folder, _ = sharded(photos, tmp_path, 5, 50)
    names = sorted(path.name for path in folder.glob("*.h5"))
    assert names == [
        *(f"test-0000{i}.h5" for i in (0, 1)),
        *(f"train-0000{i}.h5" for i in range(7)),
    ]
    found = loading.load(folder, 5)
    told, other = (dict(data.attributes, digest="") for data in (found, whole))
    assert told == other
    for split, (items, labels) in whole.splits.items():
        np.testing.assert_array_equal(found.splits[split][0][:], items)
        np.testing.assert_array_equal(found.splits[split][1], labels)
    for one, other in zip(select(found, 0.2, 50), select(whole, 0.2, 50), strict=True):
        if not isinstance(one, dict):
            np.testing.assert_array_equal(one[:], other[:])


def test_a_shard_that_is_damaged_or_missing_is_made_again_alone(photos, tmp_path):
    folder, fifty = sharded(photos, tmp_path, 5, 50)
    before, other = loading.load(folder, 5).attributes, times(fifty)
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    damaged = folder / "train-00002.h5"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x55")
    (folder / "test-00001.h5").unlink()
    with pytest.raises(DataError, match=r"train-00002.h5 is damaged|does not exist"):
        loading.load(folder, 5)
    sharded(photos, tmp_path, 5, 50)
    made = {path.name for path in folder.glob("*.h5") if path.stat().st_mtime_ns != kept[path.name]}
    assert made == {"train-00002.h5", "test-00001.h5"}
    assert loading.load(folder, 5).attributes == before
    assert times(fifty) == other


def test_a_shard_or_index_of_another_preparation_is_refused_and_made_again(photos, tmp_path):
    (folder, nine), name = sharded(photos, tmp_path, 5, 9), "train-00001.h5"
    digest = loading.load(folder, 5).attributes["digest"]
    shutil.copy(nine / name, folder / name)
    with pytest.raises(DataError, match="of another preparation"):
        loading.load(folder, 5)
    sharded(photos, tmp_path, 5)
    assert loading.load(folder, 5).attributes["digest"] == digest
    for text in ("{", "[]", '{"train": {}, "test": {}}'):
        (folder / "index.json").write_text(text)
        with pytest.raises(DataError, match="json is damaged"):
            loading.load(folder, 5)
    sharded(photos, tmp_path, 5)
    assert loading.load(folder, 5).attributes["digest"] == digest


def test_a_preparation_that_was_stopped_goes_on_with_the_shards_that_it_has(photos, tmp_path):
    [folder] = sharded(photos, tmp_path, 5)
    digest = loading.load(folder, 5).attributes["digest"]
    (folder / "index.json").unlink()  # written last
    (folder / "train-00006.h5").unlink()
    first = (folder / "train-00000.h5").stat().st_mtime_ns
    sharded(photos, tmp_path, 5)
    assert loading.load(folder, 5).attributes["digest"] == digest
    assert (folder / "train-00000.h5").stat().st_mtime_ns == first


def test_bad_files_of_all_shards_are_named_and_left_out(photos, tmp_path, command):
    copy = shutil.copytree(photos, tmp_path / "copy")
    for name in ("dark/03.png", "bright/38.png"):
        (copy / name).write_text("no image")
    words = ["--source", copy, "--quality", 5, "--data_dir", tmp_path / "d", "--shard_size", "30k"]
    code, error = command(prepare.main, *words)
    assert (code, error.count(".png")) == (3, 2)
    assert not [*(tmp_path / "d").rglob("index.json")]
    assert command(prepare.main, *words, "--skip_bad")[0] == 0
    [folder] = (tmp_path / "d").glob("cifar/*/quality_5")
    found = loading.load(folder, 5)
    assert (found.attributes["items"], found.attributes["skipped"]) == (78, 2)
    [again] = sharded(copy, tmp_path / "d", 5, size="1G")  # what is whole is left alone
    assert len([*again.glob("*.h5")]) > 2
