"""Temporary folders of processes that were killed."""

import subprocess
import sys

import pytest

from helmholtz.io import files, scratch

HOLD = "import sys; from helmholtz.io.scratch import scratch\n"
HOLD += "with scratch('one-') as folder: print(folder, flush=True); sys.stdin.read()"


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return lambda: {path.name for path in tmp_path.iterdir()}


def hold():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", HOLD], text=True, **pipes)
    return process, process.stdout.readline().strip().rpartition("/")[2]


def test_what_a_killed_process_left_is_removed_by_the_next(there, tmp_path):
    (dead, left), (alive, kept) = hold(), hold()
    (tmp_path / "one-of-others").mkdir()
    (tmp_path / "one-of-others" / files.LOCK).touch()  # as of a report, which is not at work
    dead.kill()
    dead.wait()
    assert there() == {left, kept, "one-of-others"}
    with scratch.scratch("one-") as folder:
        assert there() == {kept, "one-of-others", folder.name}
    assert there() == {kept, "one-of-others"}
    alive.communicate("")
    assert there() == {"one-of-others"}
