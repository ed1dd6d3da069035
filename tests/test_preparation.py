"""Prepared images: what is made, what is left alone, what is made again."""

import shutil
from concurrent.futures import ProcessPoolExecutor

import h5py
import numpy as np
import pytest
from helpers import load_images, prepare_images

from cifar import prepare
from cifar.jpeg import compress
from helmholtz.data import loading
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
