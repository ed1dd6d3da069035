"""Which runs may begin, what they may replace, and who holds their folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

from cifar import train
from helmholtz import machine
from helmholtz.errors import UsageError
from helmholtz.io import run_state
from helmholtz.sweep import local_engine, parcel

ROOT = Path(train.__file__).parents[1]
SETTING = {"model": "m", "rate": 5, "data": {"digest": "a"}, "versions": {"keras": 3}}


def asked(**flags):
    flags = {"seed": 0, "num_epoch": 5, "resume": False, "overwrite": False} | flags
    return run_state.Wanted(flags, {"model": "m", "rate": 5, "source": None})


def begin(folder, setting=SETTING, **flags):
    wanted = asked(**flags)
    return run_state.claim(folder, setting | {"flags": wanted.flags}, wanted)


def test_a_finished_run_is_replaced_only_when_told_and_stays_until_then(tmp_path):
    begin(tmp_path)
    (tmp_path / "result.json").write_text("{}")
    (tmp_path / "mine.txt").write_text("kept")
    (tmp_path / "confusion.csv").write_text("of the run before")
    before = (tmp_path / "setting.json").read_text()
    with pytest.raises(UsageError, match="--overwrite"):
        begin(tmp_path)
    assert begin(tmp_path, overwrite=True, seed=1) is False
    assert (tmp_path / "setting.json").read_text() == before
    run_state.replace(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt", "setting.json"]


def test_a_run_that_is_being_replaced_is_not_resumed_before_its_first_epoch(tmp_path):
    begin(tmp_path)
    (tmp_path / "checkpoint_0001.h5").touch()
    assert begin(tmp_path, overwrite=True) is False
    assert begin(tmp_path, resume=True) is False  # the old run does not come back


def test_files_of_others_are_not_replaced_unless_told(tmp_path):
    (tmp_path / "history.csv").touch()
    with pytest.raises(
        UsageError,
        match=r"not made by train\.py \(it has history\.csv, and no setting\.json\): give",
    ):
        begin(tmp_path)
    run_state.mark(tmp_path)  # as a sweep does with --overwrite, whose launcher asks without it
    assert run_state.outlook(tmp_path, asked()).what == "start"
    assert begin(tmp_path, overwrite=True) is False


def test_an_interrupted_run_is_resumed_only_when_told_and_only_the_same(tmp_path):
    assert begin(tmp_path) is False
    (tmp_path / "checkpoint_0001.h5").touch()
    with pytest.raises(UsageError, match="--resume"):
        begin(tmp_path)
    assert begin(tmp_path, resume=True, num_epoch=9) is True
    with pytest.raises(UsageError, match="--seed 0, not 1"):
        begin(tmp_path, resume=True, seed=1)
    other = SETTING | {"data": {"digest": "b"}}
    with pytest.raises(UsageError, match=r"digest \(was a, is b\)"):
        begin(tmp_path, other, resume=True)
    (tmp_path / "checkpoint_10000.h5").touch()
    with pytest.raises(UsageError, match="after epoch 10000, beyond --num_epoch 9"):
        begin(tmp_path, resume=True, num_epoch=9)


def test_flags_that_an_older_version_did_not_have_are_not_compared(tmp_path):
    begin(tmp_path)
    (tmp_path / "checkpoint_0001.h5").touch()
    assert run_state.outlook(tmp_path, asked(skip_bad=False, data_dir=None)).what == "resume"


def test_a_run_whose_setting_is_damaged_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "checkpoint_0001.h5").touch()
    (tmp_path / "setting.json").write_text("{")
    with pytest.raises(
        UsageError, match=r"was interrupted with a setting.json that cannot be read: "
    ):
        run_state.check(tmp_path, asked())


def test_a_folder_is_held_by_one_process(tmp_path):
    with run_state.held(tmp_path / "run"):
        assert run_state.in_progress(tmp_path / "run")
        with pytest.raises(UsageError, match="another process"), run_state.held(tmp_path / "run"):
            pass
        (tmp_path / "run" / "history.csv").touch()
    assert not run_state.in_progress(tmp_path / "run")
    with run_state.held(tmp_path / "other"):
        pass
    assert not (tmp_path / "other").exists()  # nothing was written there


def test_a_lock_file_is_removed_only_while_it_is_locked(tmp_path, monkeypatch):
    """After its release another process may hold it, and would lose its folder."""
    there = []

    class Watched(filelock.FileLock):
        def release(self, force=False):
            there.append(Path(self.lock_file).exists())
            super().release(force)

    monkeypatch.setattr(filelock, "FileLock", Watched)
    with run_state.held(tmp_path / "run"):
        pass
    assert there[0] is False


def test_on_the_receiving_side_epochs_are_pruned_by_number_and_an_old_run_waits(tmp_path):
    names = [f"checkpoint_{epoch:04d}.h5" for epoch in (9999, 10_000, 10_001)]
    parcel.write(tmp_path, dict.fromkeys(names, b""))
    assert sorted(p.name for p in tmp_path.glob("*.h5")) == sorted(names[1:])
    (tmp_path / "result.json").write_text("old")
    run_state.mark(tmp_path)
    parcel.write(tmp_path, {"setting.json": b"new", "train.log": b"..."})
    assert {p.name for p in tmp_path.glob("[!.]*")} == {*names[1:], "result.json", "train.log"}
    parcel.write(tmp_path, {"setting.json": b"new", "history.csv": b"1"})
    assert {p.name for p in tmp_path.iterdir()} == {"setting.json", "history.csv", "train.log"}


def test_a_parcel_is_published_in_order_and_as_a_whole(tmp_path, monkeypatch):
    files = {"result.json": b"{}", "best.weights.h5": b"w", "checkpoint_0003.h5": b"c"}
    files |= {"setting.json": b"{}", "history.csv": b"1"}
    order, replace = [], os.replace
    with monkeypatch.context() as watched:
        watched.setattr(os, "replace", lambda old, new: [order.append(new.name), replace(old, new)])
        parcel.write(tmp_path / "whole", files)
    assert order == [
        "setting.json", "checkpoint_0003.h5", "best.weights.h5", "history.csv", "result.json",
    ]  # fmt: skip
    write = Path.write_bytes

    def full(path, content):
        if path.name.endswith("checkpoint_0003.h5"):
            raise OSError("full")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="full"):
        parcel.write(tmp_path / "half", files)
    assert not list((tmp_path / "half").iterdir())
    names = ["checkpoint_0003.h5", "checkpoint_0001.h5"]  # of which the second was pruned
    assert list(parcel.stamps(tmp_path / "whole", names)) == names[:1]


def start(photos, folder, *flags):
    command = [sys.executable, ROOT / "cifar" / "train.py", "--source", photos, "--quality", "5"]
    command += ["--batch_size", "16", "--log_dir", folder, *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_second_of_two_is_refused_until_the_first_is_gone(photos, tmp_path, command):
    first = start(photos, tmp_path, "--num_epoch", "500")
    until = time.monotonic() + 90
    while not (tmp_path / "checkpoint_0001.h5").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    flags = ["--source", photos, "--quality", "5", "--batch_size", "16", "--log_dir", tmp_path]
    began = time.monotonic()
    code, error = command(train.main, *flags, "--num_epoch", "500", "--resume")
    assert (code, "being trained by another process" in error) == (2, True), error
    assert time.monotonic() - began < 8  # before Keras
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not run_state.in_progress(tmp_path)
    done = len((tmp_path / "history.csv").read_text().splitlines())
    assert command(train.main, *flags, "--num_epoch", str(done), "--resume")[0] == 0


def test_resuming_what_is_finished_is_done_and_overwriting_keeps_it_for_an_epoch(
    photos, tmp_path, command
):
    flags = ["--source", photos, "--quality", "5", "--num_epoch", "1", "--log_dir", tmp_path]
    assert command(train.main, *flags)[0] == 0
    before = (tmp_path / "result.json").read_text()
    assert command(train.main, *flags, "--resume") == (0, "")
    code, error = command(train.main, *flags, "--overwrite", "--learning_rate", "1e30")
    assert (code, "lower --learning_rate" in error) == (3, True), error
    assert (tmp_path / "result.json").read_text() == before
    assert command(train.main, *flags, "--overwrite", "--seed", "1")[0] == 0
    assert json.loads((tmp_path / "result.json").read_text())["seed"] == 1


def test_the_page_cache_of_a_control_group_counts_as_free(tmp_path, monkeypatch):
    files = {"memory.max": "900", "memory.current": "800", "memory.stat": "anon 1\nactive_file 300"}
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    with open(tmp_path / "memory.stat", "a") as file:
        file.write("inactive_file 400\n")
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    assert machine.available_memory() == 900 - 800 + 300 + 400
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.available_memory() > 1e6


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 4), ("150000 100000", 2), ("900000 100000", 4)]
)
def test_a_quota_of_a_control_group_limits_the_cores(quota, cores, tmp_path, monkeypatch):
    (tmp_path / "cpu.max").write_text(quota + "\n")
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)))
    assert machine.cores() == cores
    assert len(set.union(*local_engine.share_cores(2))) == cores


def test_memory_is_estimated_before_a_step(photos, tmp_path, command, monkeypatch):
    monkeypatch.setattr("helmholtz.machine.available_memory", lambda: 10_000_000)
    code, error = command(
        train.main, "--source", photos, "--quality", "5", "--num_epoch", "1", "--log_dir",
        tmp_path / "run",
    )  # fmt: skip
    assert (code, "needs at least 0.1 GB of memory" in error) == (4, True), error
    assert not (tmp_path / "run").exists()
