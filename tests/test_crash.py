"""What is left when a process dies between any two steps of writing."""

import itertools
import json
import os
import signal
import sys

import numpy as np
import pytest

from helmholtz.errors import DataError
from helmholtz.io import files, runs, store
from helmholtz.training import checkpoints

WRITERS = {module.__file__ for module in (checkpoints, files, runs, store)}
SIZE = 3000  # float32 numbers in every variable of the checkpoints here


class Variable:
    """What checkpoints need of a Keras variable."""

    shape = (SIZE,)

    value = ()

    def assign(self, value):
        self.value = value


def values(epoch):
    """Of the two variables that checkpoints here hold."""
    return [np.full(SIZE, epoch, np.float32), np.full(SIZE, 10 * epoch, np.float32)]


def dies(line: int, action) -> bool:
    """Run action in a child that is killed before its line-th line of WRITERS.

    Returns False when action had ended before.
    """
    child = os.fork()
    if child == 0:
        lines = itertools.count()

        def trace(frame, event, _):
            if frame.f_code.co_filename not in WRITERS:
                return None
            if event == "line" and next(lines) == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            action()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status != 0


def end_of_epoch(folder, epoch):
    """Write what loop.fit writes after an epoch, but for the best weights."""
    history = [dict.fromkeys(runs.COLUMNS, i + 1) for i in range(epoch)]
    runs.write_history(folder, history)
    checkpoints.save(folder, history, values(epoch))


def restored(folder):
    """The epoch that training would go on from."""
    variables = [Variable(), Variable()]
    history = checkpoints.restore(folder, variables)
    assert {value for v in variables for value in v.value} == {len(history), 10 * len(history)}
    return len(history)


def test_a_checkpoint_can_be_resumed_from_whenever_its_writer_dies(tmp_path):
    for epoch in (1, 2):
        end_of_epoch(tmp_path, epoch)
    found = []
    for line in itertools.count():
        if not dies(line, lambda: end_of_epoch(tmp_path, 3)):
            break
        found.append(restored(tmp_path))
        rows = (tmp_path / "history.csv").read_text().splitlines()
        assert len(rows) - 1 in (2, 3)
        files.remove_leftovers(tmp_path)
        for path in tmp_path.glob("checkpoint_0003.h5"):
            path.unlink()
        end_of_epoch(tmp_path, 2)
        checkpoints.save(tmp_path, [{}], values(1))  # as it was before
    assert set(found) == {2, 3}
    assert found == sorted(found)  # the new epoch counts from one step on, and from then on
    assert len(found) > 50
    assert restored(tmp_path) == 3


def test_prepared_data_is_whole_or_not_there_whenever_its_writer_dies(tmp_path):
    path = tmp_path / "train.h5"

    def write():
        with store.create(path) as file:
            file["data"] = np.arange(1000)
            store.set_attributes(file, {"rate": 5})

    found = []
    for line in itertools.count():
        if not dies(line, write):
            break
        found.append(path.exists())
        assert store.intact(path, {"rate": 5}) == path.exists()
        path.unlink(missing_ok=True)
        files.remove_leftovers(tmp_path)
    assert found == sorted(found)
    assert len(found) > 15
    assert [p.name for p in tmp_path.iterdir()] == ["train.h5"]


def test_a_checkpoint_cut_anywhere_is_passed_over(tmp_path, capsys):
    for epoch in (1, 2):
        end_of_epoch(tmp_path, epoch)
    newest = tmp_path / "checkpoint_0002.h5"
    whole = newest.read_bytes()
    for length in range(0, len(whole), 997):
        newest.write_bytes(whole[:length])
        assert restored(tmp_path) == 1
        assert "checkpoint_0002.h5 is damaged" in capsys.readouterr().err
    newest.write_bytes(whole)
    assert restored(tmp_path) == 2


def test_a_settings_file_cut_anywhere_is_told(tmp_path):
    files.write_json(tmp_path / "setting.json", {"domain": "cifar", "flags": {"seed": 0}})
    whole = (tmp_path / "setting.json").read_text()
    for length in range(len(whole.rstrip())):
        (tmp_path / "setting.json").write_text(whole[:length])
        with pytest.raises(DataError, match="damaged"):
            runs.read_json(tmp_path / "setting.json")
    assert json.loads(whole)["domain"] == "cifar"
