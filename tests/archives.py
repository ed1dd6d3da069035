"""Archives like those that are published, in small."""

import hashlib
import io
import pickle
import tarfile
import zipfile
from typing import ClassVar

import numpy as np

from cifar import sources


def tar_of(members: dict[str, bytes], mode="w") -> bytes:
    """A tar file; mode "w:gz" compresses it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


class Python2Pickler(pickle._Pickler):
    """Writes byte strings as Python 2 did, which is how CIFAR-10 was written."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value):
        self.write(pickle.BINSTRING + len(value).to_bytes(4, "little") + value)

    dispatch[bytes] = save_bytes


def pickled(data: np.ndarray, labels: list[int]) -> bytes:
    """A batch of CIFAR-10 as published: data, uint8, N x 3072."""
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump({b"data": data, b"labels": labels})
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(start, count=10) -> bytes:
    """Images of one colour each: red 7, green and blue from start on."""
    data = np.repeat(np.arange(start, start + count, dtype=np.uint8)[:, None], 3072, axis=1)
    data[:, :1024] = 7  # the red plane
    return pickled(data, list(range(count)))


def cifar_archive(path, monkeypatch, members: dict[str, bytes]):
    """A tar.gz of pickles that passes for the published archive."""
    members = {f"cifar-10-batches-py/{name}": data for name, data in members.items()}
    path.write_bytes(tar_of(members, "w:gz"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setitem(sources.ARCHIVE, "hash", f"sha256:{digest}")
    return path
