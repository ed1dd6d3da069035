"""Temporary folders that do not stay for ever when the process that made them is killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

LOCK = ".held"  # no other folder has one, whatever its name is


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A temporary folder, locked while this process lives, and removed in the end.

    Those of the same prefix whose processes were killed are removed now.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # another user's, or no such folder
            _remove_if_left(path)
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        fresh = Path(name, LOCK + "-new")
        with open(fresh, "w") as file:
            with contextlib.suppress(OSError):  # without locks it is not removed by others
                fcntl.flock(file, fcntl.LOCK_EX)
                os.rename(fresh, Path(name, LOCK))  # only now may others look for a lock
            yield Path(name)


def _remove_if_left(folder: Path) -> None:
    with open(folder / LOCK) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
