"""Folders as users have them: other splits, files that are not used, files that are broken."""

import os
import shutil

import numpy as np
import pytest
import soundfile
from PIL import Image

from audio import prepare as prepare_sounds
from audio import sources as sounds
from cifar import prepare as prepare_images
from cifar import sources as images
from cifar.domain import Images
from helmholtz.data import loading
from helmholtz.data.folders import folder_name
from helmholtz.io import datadir

NOISE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def write_image(path):
    Image.fromarray(NOISE).save(path)


def write_sound(path):
    soundfile.write(path, NOISE.ravel() / 256, 44100)


class Half:
    """One half of the project: its files and its commands."""

    def __init__(self, name):
        self.is_image = name == "cifar"
        self.name, self.sources = name, images if self.is_image else sounds
        self.prepare = prepare_images if self.is_image else prepare_sounds
        self.ending = ".png" if self.is_image else ".wav"
        self.foreign = ".heic" if self.is_image else ".m4a"
        self.rate = ["--quality", "5"] if self.is_image else ["--bitrate", "32"]

    def folder(self, root, classes=("cat", "dog"), count=5):
        """A folder with good files."""
        for name in classes:
            (root / name).mkdir(parents=True)
            for i in range(count):
                self.write(root / name / f"{i}{self.ending}")
        return root

    def write(self, path):
        write_image(path) if self.is_image else write_sound(path)

    def attributes(self, root):
        """Those of the prepared data of a folder."""
        (path,) = self.prepared(root).glob("*/train.h5")
        return loading.load(path.parent, None).attributes

    def prepared(self, root):
        """Where the prepared data of a folder lie."""
        return datadir.data_root(self.name, None) / folder_name(root)


@pytest.fixture(params=["cifar", "audio"])
def half(request):
    return Half(request.param)


@pytest.mark.parametrize("name", ["val", "valid", "Validation"])
def test_val_beside_train_is_the_test_split(name, half, tmp_path, command):
    half.folder(tmp_path / "train", count=3)
    half.folder(tmp_path / name, count=2)
    code, error = command(half.prepare.main, "--source", tmp_path, *half.rate)
    assert (code, error) == (0, f"{tmp_path / name} is the test split.\n")
    _, parts, _ = half.sources.open_source(str(tmp_path)).load()
    assert [len(parts[split][0]) for split in ("train", "test")] == [6, 4]
    assert {path.parts[-3] for path in parts["test"][0]} == {name}


def test_test_is_taken_before_val_and_val_is_said_to_be_unused(half, tmp_path, command):
    for name in ("train", "val", "test"):
        half.folder(tmp_path / name, count=3)
    code, error = command(half.prepare.main, "--source", tmp_path, *half.rate)
    assert (code, error) == (0, f"{tmp_path}/test is the test split; not used: val/.\n")
    _, parts, _ = half.sources.open_source(str(tmp_path)).load()
    assert {path.parts[-3] for path in parts["test"][0]} == {"test"}


def test_splits_of_different_classes_are_told(half, tmp_path, command):
    half.folder(tmp_path / "train", classes=("cat", "dog", "owl"))
    half.folder(tmp_path / "val", classes=("cat", "dog"))
    code, error = command(half.prepare.main, "--source", tmp_path, *half.rate)
    assert (code, len(error.splitlines())) == (3, 1)
    assert "only one of them has owl" in error


def litter(half, root):
    """Put into a folder what is not used, and what nobody wants to hear of."""
    for i in range(3):
        (root / "cat" / f"{i}{half.foreign.upper()}").touch()
    (root / "dog" / "more").mkdir()
    half.write(root / "dog" / "more" / f"0{half.ending}")
    (root / "dog" / "notes.doc").touch()
    (root / "cat" / "README").touch()
    half.write(root / f"beside{half.ending}")
    for name in (".DS_Store", "Thumbs.db", "cat/Thumbs.db", "cat/._0.png"):
        (root / name).touch()
    (root / "__MACOSX").mkdir()


def test_what_is_not_used_is_counted_told_and_stored(half, tmp_path, command):
    root = half.folder(tmp_path / "mine")
    litter(half, root)
    code, error = command(half.prepare.main, "--source", root, *half.rate)
    advice = (
        "`pip install pillow-heif`, or convert them" if half.is_image else "convert to WAV or FLAC"
    )
    assert (code, error) == (
        0,
        f"Ignored: 3 {half.foreign} files ({advice} first), "
        f"1 file without an ending, 1 .doc file, 1 {half.ending} file, 1 subfolder.\n",
    )
    attributes = half.attributes(root)
    expected = {half.foreign: 3, "": 1, half.ending: 1, ".doc": 1, "subfolder": 1}
    assert attributes["ignored"] == expected
    assert attributes["items"] == 10


def test_within_train_and_test_it_is_counted_too(half, tmp_path, command):
    for name in ("train", "test"):
        litter(half, half.folder(tmp_path / name))
    (tmp_path / "LICENSE.md").touch()
    assert command(half.prepare.main, "--source", tmp_path, *half.rate)[0] == 0
    expected = {half.foreign: 6, "": 2, half.ending: 2, ".doc": 2, "subfolder": 2, "other": 1}
    assert half.attributes(tmp_path)["ignored"] == expected


def test_a_clean_folder_says_nothing(half, tmp_path, command):
    root = half.folder(tmp_path / "mine")
    assert command(half.prepare.main, "--source", root, *half.rate) == (0, "")
    assert half.attributes(root)["ignored"] == {}


def test_a_class_of_foreign_files_alone_names_them(half, tmp_path, command):
    root = half.folder(tmp_path / "mine")
    shutil.rmtree(root / "dog")
    (root / "dog" / "sub").mkdir(parents=True)
    (root / "dog" / f"1{half.foreign}").touch()
    code, error = command(half.prepare.main, "--source", root, *half.rate)
    assert (code, len(error.splitlines())) == (3, 1)
    assert f"it holds 1 {half.foreign} file (" in error
    assert error.endswith("first), 1 subfolder.\n")


def test_files_without_class_folders_are_counted(half, tmp_path, command):
    for i in range(3):
        half.write(tmp_path / f"{i}{half.ending}")
    code, error = command(half.prepare.main, "--source", tmp_path, *half.rate)
    assert (code, len(error.splitlines())) == (3, 1)
    assert f"two classes or more; it holds 3 {half.ending} files." in error


def break_some(half, root, count):
    """Spoil some files, in both splits."""
    for i in range(count):
        (root / ("cat", "dog")[i % 2] / f"{i}{half.ending}").write_text("broken")


def test_all_bad_files_are_listed_at_once(half, tmp_path, command):
    root = half.folder(tmp_path / "mine", count=30)
    break_some(half, root, 25)
    code, error = command(half.prepare.main, "--source", root, *half.rate)
    first, *lines, last = error.splitlines()
    assert code == 3
    assert first == "25 files cannot be used; --skip_bad leaves them out:"
    assert len({line.split(" is ")[0] for line in lines}) == 20
    assert all(str(root) in line for line in lines)
    assert last == "... and 5 more"
    assert not list(half.prepared(root).glob("*/*.h5"))


def test_bad_files_are_left_out_when_told(half, tmp_path, command):
    root = half.folder(tmp_path / "mine", count=30)
    break_some(half, root, 3)
    code, error = command(half.prepare.main, "--source", root, "--skip_bad", *half.rate)
    assert (code, error.splitlines()[0]) == (0, "Skipped 3 files:")
    assert len(error.splitlines()) == 4
    attributes = half.attributes(root)
    assert (attributes["items"], attributes["skipped"]) == (57, 3)
    assert len(attributes["skipped_files"]) == 3
    assert command(half.prepare.main, "--source", root, *half.rate) == (0, "")  # it is there now


def test_labels_stay_with_their_items_when_files_are_left_out(tmp_path, monkeypatch, command):
    monkeypatch.setattr(Images, "chunk", 4)
    half = Half("cifar")
    root = half.folder(tmp_path / "mine", count=30)
    for i in range(30):
        Image.new("RGB", (32, 32), "white").save(root / "dog" / f"{i}.png")
    break_some(half, root, 5)
    flags = ["--quality", "0", "--skip_bad"]
    assert command(half.prepare.main, "--source", root, *flags)[0] == 0
    folder = half.prepared(root) / "quality_0"
    for items, labels in loading.load(folder, 0).splits.values():
        white = (items == 255).all(axis=(1, 2, 3))
        np.testing.assert_array_equal(white, labels == 1)


def test_a_class_without_a_usable_file_is_an_error(half, tmp_path, command):
    root = half.folder(tmp_path / "mine")
    for path in (root / "dog").iterdir():
        path.write_text("broken")
    code, error = command(half.prepare.main, "--source", root, "--skip_bad", *half.rate)
    assert (code, "No file of the class dog" in error) == (3, True)


def test_a_folder_of_a_class_that_cannot_be_read_is_named(tmp_path, monkeypatch, command):
    """The tests may run as root, who can read everything."""
    (tmp_path / "cat").mkdir()
    read = os.listdir

    def listdir(folder="."):
        if str(folder).endswith("cat"):
            raise PermissionError(13, "Permission denied", str(folder))
        return read(folder)

    monkeypatch.setattr(os, "listdir", listdir)
    code, error = command(prepare_images.main, "--source", tmp_path, "--quality", 5)
    assert (code, error) == (3, f"{tmp_path / 'cat'} cannot be read: change its permissions.\n")
