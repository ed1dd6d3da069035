"""HDF5 files that are whole or refused."""

import resource

import h5py
import numpy as np
import pytest

from helmholtz.data import loading
from helmholtz.errors import DataError
from helmholtz.io import store


def stored(path, room=0):
    with store.create(path, room) as file:
        file["data"] = np.arange(600, dtype=np.uint8).reshape(20, 30)
        store.set_attributes(file, {"classes": ["a", "b"], "rate": 5})
    return path


def test_what_was_stored_comes_back(tmp_path):
    arrays, attributes = store.read(stored(tmp_path / "x.h5"))
    np.testing.assert_array_equal(arrays["data"].ravel(), np.arange(600).astype(np.uint8))
    assert attributes["classes"] == ["a", "b"]
    assert store.intact(tmp_path / "x.h5", {"rate": 5})
    assert not store.intact(tmp_path / "x.h5", {"rate": 6})
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_one_that_is_missing(name, tmp_path):
    """An index of shards that was damaged may hold such a name."""
    assert not store.intact(tmp_path / name, {})
    with pytest.raises(DataError, match="does not exist"):
        store.read(tmp_path / name)


def test_a_writer_that_fails_leaves_what_was_there(tmp_path):
    before = stored(tmp_path / "x.h5").read_bytes()
    with pytest.raises(TypeError), store.create(tmp_path / "x.h5") as file:
        file["data"] = object()
    assert (tmp_path / "x.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.h5"]


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = stored(tmp_path / "x.h5")
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            store.read(path)


def test_a_flipped_byte_is_refused_wherever_it_is(tmp_path):
    path = stored(tmp_path / "x.h5")
    whole = path.read_bytes()
    for position in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[position] ^= 0xFF
        path.write_bytes(flipped)
        with pytest.raises(DataError):
            store.read(path)


def test_the_same_content_is_the_same_file(tmp_path):
    first, second = stored(tmp_path / "x.h5"), stored(tmp_path / "y.h5")
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_claims_to_be_huge_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("data", (1 << 40,), "uint8", chunks=(1 << 20,))
    with pytest.raises(DataError, match="claims to be larger"):
        store.read(tmp_path / "x.h5")


def test_reserved_room_is_asked_for_first_and_changes_no_byte(tmp_path):
    whole = stored(tmp_path / "x.h5").read_bytes()
    assert stored(tmp_path / "y.h5", len(whole) + 100_000).read_bytes() == whole
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OSError, match="too large"), store.create(tmp_path / "z.h5", 1 << 21):
            pytest.fail("it was not refused")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in tmp_path.iterdir()} == {"x.h5", "y.h5"}


def test_prepared_data_without_the_name_of_their_source_are_told(tmp_path):
    """Their digest is right: it keeps nobody from writing another file."""
    for split in ("train", "test"):
        with store.create(tmp_path / f"{split}.h5") as file:
            file["data"], file["label"] = np.zeros((4, 8, 8, 3), "uint8"), np.arange(4)
            store.set_attributes(file, {"classes": list("abcd"), "rate": 5})
    with pytest.raises(DataError, match="does not name its source"):
        loading.load(tmp_path, 5)
