"""Where images come from, and what is refused."""

import hashlib
import os
import pickle

import numpy as np
import pytest
from archives import batch, cifar_archive, pickled
from PIL import Image

from cifar import cifar10, prepare, sources
from cifar.constants import LABELS
from helmholtz.data.folders import folder_name
from helmholtz.errors import DataError
from helmholtz.io import datadir


def test_the_archive_is_read_without_extracting(tmp_path, monkeypatch):
    members = {f"data_batch_{i}": batch(10 * i) for i in (2, 1)} | {"test_batch": batch(90)}
    path = cifar_archive(tmp_path / "a.tar.gz", monkeypatch, members)
    classes, parts, _ = sources.open_source(str(path)).load()
    images, labels = parts["train"]
    assert classes == LABELS
    assert images.shape == (20, 32, 32, 3)
    assert images[0, 0, 0].tolist() == [7, 10, 10]  # batch 1 first; planes became R, G, B
    assert labels.tolist() == list(range(10)) * 2
    assert parts["test"][0][0, 0, 0].tolist() == [7, 90, 90]
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_a_lack_of_memory_is_no_damage_to_a_file(tmp_path, monkeypatch):
    """Else --skip_bad would leave out whatever a full machine cannot read."""

    def full(*_, **__):
        raise MemoryError

    path = saved(tmp_path, "x.png", Image.new("RGB", (8, 8)))
    monkeypatch.setattr(Image, "open", full)
    with pytest.raises(MemoryError):
        sources.read_image(path, 8)


def test_another_file_of_the_user_is_refused_and_not_to_be_deleted(tmp_path, command):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (64, 64)).save(path)
    for more in ([], ["--size", 64]):
        code, error = command(prepare.main, "--source", path, *more)
        assert code == 3
        assert "photo.jpg is not the archive of CIFAR-10" in error
        assert "a folder for each class" in error
        assert "delete" not in error


def test_a_damaged_download_of_ours_may_be_deleted(tmp_path, monkeypatch, command):
    monkeypatch.setenv("HELMHOLTZ_DATA", str(tmp_path))
    (tmp_path / "cifar" / "cifar10").mkdir(parents=True)
    (tmp_path / "cifar" / "cifar10" / "cifar-10-python.tar.gz").write_bytes(b"cut")
    code, error = command(prepare.main, "--source", "cifar10", "--quality", 5)
    assert (code, len(error.splitlines())) == (3, 1)
    assert "cifar-10-python.tar.gz is damaged: delete it" in error


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """A folder that passes for the unpacked archive."""
    folder = tmp_path / "x" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, start in {"data_batch_1": 0, "data_batch_2": 10, "test_batch": 90}.items():
        (folder / name).write_bytes(batch(start))
    (folder / "batches.meta").write_bytes(pickle.dumps(Hostile()))
    found = {p.name: hashlib.md5(p.read_bytes()).hexdigest() for p in folder.glob("*_batch*")}
    monkeypatch.setattr(cifar10, "BATCHES", found)
    return folder


def test_the_unpacked_archive_is_read_as_the_archive(unpacked, tmp_path, monkeypatch, command):
    members = {path.name: path.read_bytes() for path in unpacked.glob("*_batch*")}
    archive = cifar_archive(tmp_path / "a.tar.gz", monkeypatch, members)
    expected = sources.open_source(str(archive))
    for path in (unpacked, unpacked.parent):
        source = sources.open_source(str(path))
        assert source[:2] == expected[:2]  # name and fingerprint
        for split, (images, labels) in source.load()[1].items():
            np.testing.assert_array_equal(images, expected.load()[1][split][0])
            np.testing.assert_array_equal(labels, expected.load()[1][split][1])
    code, error = command(prepare.main, "--source", unpacked, "--size", 64)
    assert (code, "those of cifar10 have 32 pixels" in error) == (2, True)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_an_unpacked_archive_that_is_not_as_published_is_told(damage, unpacked, command):
    if damage == "changed":
        (unpacked / "data_batch_2").write_bytes(batch(11))
    else:
        (unpacked / "data_batch_2").unlink()
    code, error = command(prepare.main, "--source", unpacked.parent, "--quality", 5)
    assert (code, len(error.splitlines())) == (3, 1)
    assert f"{unpacked}/data_batch_2 " in error


def gradient(number, rows=32, columns=32):
    """An image that shows every exchange of rows, columns and colours: its red tells the row."""
    row, column = np.mgrid[0:rows, 0:columns]
    return np.stack([3 * row, 200 - 3 * column, np.full_like(row, number)], -1).astype(np.uint8)


def test_rows_columns_and_colours_of_the_archive_are_where_they_belong(tmp_path, monkeypatch):
    """Of each image the archive has the red plane, row by row, then the green and the blue."""
    members = {}
    for name, first in (("data_batch_1", 0), ("data_batch_2", 3), ("test_batch", 6)):
        planes = [
            [gradient(i)[row, column, colour] for colour in range(3) for row in range(32)
             for column in range(32)] for i in range(first, first + 3)
        ]  # fmt: skip
        members[name] = pickled(np.array(planes, np.uint8), [first, first + 1, first + 2])
    path = cifar_archive(tmp_path / "a.tar.gz", monkeypatch, members)
    parts = sources.open_source(str(path)).load()[1]
    for split, numbers in (("train", range(6)), ("test", range(6, 9))):
        images, labels = parts[split]
        np.testing.assert_array_equal(images, np.stack([gradient(i) for i in numbers]))
        assert labels.tolist() == list(numbers)


def test_rows_columns_and_colours_of_a_file_are_where_they_belong(tmp_path):
    square = saved(tmp_path, "square.png", Image.fromarray(gradient(9)))
    np.testing.assert_array_equal(sources.read_image(square, 32), gradient(9))
    wide = saved(tmp_path, "wide.png", Image.fromarray(gradient(9, 32, 52)))
    np.testing.assert_array_equal(sources.read_image(wide, 32), gradient(9, 32, 52)[:, 10:42])
    high = saved(tmp_path, "high.png", Image.fromarray(gradient(9, 52, 32)))
    np.testing.assert_array_equal(sources.read_image(high, 32), gradient(9, 52, 32)[10:42])


class Hostile:
    def __reduce__(self):
        return os.system, ("touch PWNED",)


def test_a_hostile_pickle_runs_nothing(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(Hostile(), protocol=2)
    path = cifar_archive(tmp_path / "a.tar.gz", monkeypatch, {"data_batch_1": data})
    code, error = command(prepare.main, "--source", path)
    assert code == 3
    assert "system: refused" in error
    assert not (tmp_path / "PWNED").exists()


def saved(folder, name, image, **options):
    folder.mkdir(exist_ok=True)
    image.save(folder / name, **options)
    return folder / name


def test_images_are_read_as_a_viewer_shows_them(tmp_path):
    red = Image.new("RGB", (32, 32), (255, 0, 0))
    kinds = {
        "grey.png": (Image.new("L", (32, 32), 90), (90, 90, 90)),
        "grey16.png": (Image.new("I;16", (32, 32), 90 * 257), (90, 90, 90)),
        "palette.gif": (red.convert("P"), (255, 0, 0)),
        "alpha.png": (Image.new("RGBA", (32, 32), (255, 0, 0, 0)), (255, 255, 255)),
        "cmyk.tif": (Image.new("CMYK", (32, 32), (0, 255, 255, 0)), (255, 0, 0)),
        "bits.png": (Image.new("1", (32, 32), 1), (255, 255, 255)),
    }
    for name, (image, colour) in kinds.items():
        read = sources.read_image(saved(tmp_path, name, image), 32)
        assert read.shape == (32, 32, 3)
        assert read.dtype == np.uint8
        assert read[5, 5].tolist() == list(colour), name


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_numbers_that_are_no_pixels_are_refused(kind, tmp_path):
    path = saved(tmp_path, "deep.tif", Image.fromarray(np.ones((32, 32), kind)))
    with pytest.raises(DataError, match="floating-point or 32-bit numbers: convert it"):
        sources.read_image(path, 32)


def test_exif_rotation_is_applied_and_large_images_are_brought_to_size(tmp_path):
    image = Image.new("RGB", (64, 64), "black")
    image.paste((255, 255, 255), (0, 0, 64, 32))  # the upper half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise by a quarter: the right half is white
    path = saved(tmp_path, "turned.png", image, exif=exif)
    read = sources.read_image(path, 32)
    assert read[16, 2].tolist() == [0, 0, 0]
    assert read[16, 29].tolist() == [255, 255, 255]


def folder_of(root, **classes):
    for name, files in classes.items():
        (root / name).mkdir(parents=True)
        for i in range(files):
            Image.new("RGB", (32, 32), (i, 0, 0)).save(root / name / f"{i:02d}.png")
    return root


def test_a_folder_without_splits_is_split_by_name(tmp_path):
    root = folder_of(tmp_path / "mine", cat=10, dog=5)
    classes, parts, _ = sources.open_source(str(root)).load()
    train, test = parts["train"], parts["test"]
    assert classes == ["cat", "dog"]
    assert (len(train[0]), len(test[0])) == (12, 3)
    assert train[1].tolist() == [0] * 8 + [1] * 4
    assert not set(train[0]) & set(test[0])
    assert parts["test"][0] == sources.open_source(str(root)).load()[1]["test"][0]


def test_the_files_to_test_on_are_a_fifth_chosen_by_the_published_seed(tmp_path):
    root = folder_of(tmp_path / "mine", cat=20, dog=5)
    test, labels = sources.open_source(str(root)).load()[1]["test"]
    names = [f"{path.parent.name}/{path.stem}" for path in test]
    # The first fifth of numpy.random.default_rng(2337).permutation(20), and of (5).
    assert names == ["cat/04", "cat/12", "cat/14", "cat/18", "dog/03"]
    assert labels.tolist() == [0, 0, 0, 0, 1]


def test_train_and_test_folders_are_taken_as_they_are(tmp_path):
    folder_of(tmp_path / "train", cat=3, dog=3)
    folder_of(tmp_path / "test", cat=1, dog=2)
    _, parts, _ = sources.open_source(str(tmp_path)).load()
    assert [len(parts[s][0]) for s in ("train", "test")] == [6, 3]


def broken_folder(root, kind):
    folder_of(root, cat=4, dog=4)
    good = (root / "cat" / "00.png").read_bytes()
    if kind == "one class":
        (root / "dog").rename(root / ".dog")
    elif kind == "empty class":
        (root / "empty").mkdir()
    elif kind == "single file":
        folder_of(root, lonely=1)
    elif kind == "truncated":
        image = Image.effect_noise((32, 32), 90).convert("RGB")
        image.save(root / "cat" / "broken.jpg")
        data = (root / "cat" / "broken.jpg").read_bytes()
        (root / "cat" / "broken.jpg").write_bytes(data[: len(data) * 3 // 4])
    elif kind == "text":
        (root / "cat" / "broken.jpg").write_text("hello")
    elif kind == "zero bytes":
        (root / "cat" / "broken.png").write_bytes(b"")
    elif kind == "directory":
        (root / "cat" / "broken.png").mkdir()
    elif kind == "cut":
        (root / "cat" / "broken.png").write_bytes(good[:40])
    return root


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("one class", "two classes"),
        ("empty class", "empty"),
        ("single file", "lonely"),
        ("truncated", "broken.jpg is damaged"),
        ("text", "broken.jpg cannot be read as an image"),
        ("zero bytes", "broken.png is empty"),
        ("directory", "broken.png is a folder, not a file"),
        ("cut", "broken.png"),
    ],
)
def test_a_bad_folder_is_one_sentence_and_leaves_nothing(tmp_path, command, kind, said):
    root = broken_folder(tmp_path / "photos", kind)
    code, error = command(prepare.main, "--source", root, "--quality", 5)
    assert code == 3
    assert said in error
    assert len(error.splitlines()) == 1
    folder = datadir.data_root("cifar", None) / folder_name(root)
    assert not [*folder.rglob("*.h5"), *folder.rglob(".tmp-*")]


def test_an_image_that_claims_to_be_huge_is_not_decoded(tmp_path):
    path = saved(tmp_path, "bomb.png", Image.new("1", (9_000, 9_000)))
    with pytest.raises(DataError, match="larger than"):
        sources.read_image(path, 32)


def test_a_source_that_does_not_exist(command):
    code, error = command(prepare.main, "--source", "no/such/thing")
    assert code == 3
    assert "no/such/thing does not exist" in error


def test_a_folder_of_the_longest_name_has_a_source_of_its_own(tmp_path):
    one, other = (folder_name(tmp_path / (255 * "n") / part) for part in ("n" * 255, "n" * 254))
    assert one != other
    assert len(one) < 120  # so that there is room for what flags add, and for temporary files
