"""TensorBoard and W&B get every epoch, and nobody who does not ask for them pays."""

import argparse
import sys
import time

import pytest
from report_runs import history

from cifar import train
from helmholtz.io import runs
from helmholtz.training import trackers

ROWS = history(4, 0.8, seed=0)


def follow(folder, known=0, **flags):
    """Tell the trackers of four epochs, of which the first were there before."""
    with trackers.following(argparse.Namespace(**flags), folder, ROWS[:known]) as tell:
        for row in ROWS[known:]:
            tell(row)


def test_nothing_is_imported_or_written_unless_asked(tmp_path):
    before = set(sys.modules)
    follow(tmp_path, tensorboard=False, wandb=False)
    follow(tmp_path)
    assert not {"tensorboardX", "tensorboard", "wandb"} & (set(sys.modules) - before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flag", ["tensorboard", "wandb"])
def test_a_missing_package_is_told_at_once_with_the_command(flag, monkeypatch, command):
    monkeypatch.setitem(trackers.PACKAGES, flag, "a_package_that_is_not_there")
    code, error = command(train.main, f"--{flag}")
    assert (code, error.count("\n")) == (2, 1)
    assert f"--{flag} needs a_package_that_is_not_there: pip install " in error


def test_a_run_may_be_resumed_with_other_trackers():
    old = {"flags": {"seed": 0}, "data": {}, "versions": {}}
    new = old | {"flags": {"seed": 0, "tensorboard": True, "wandb": False}}
    assert runs.differences(old, new) == []


@pytest.mark.parametrize("known", [0, 2])
def test_tensorboard_has_every_epoch_of_a_resumed_run_too(tmp_path, known):
    pytest.importorskip("tensorboardX")
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    follow(tmp_path, known, tensorboard=True)
    found = reader.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(found.Tags()["scalars"]) == set(runs.COLUMNS) - {"epoch"}
    scalars = [(s.step, s.value) for s in found.Scalars("val_acc")]
    assert scalars == [(r["epoch"], pytest.approx(r["val_acc"], rel=1e-6)) for r in ROWS]


def test_wandb_has_every_epoch_without_network(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    follow(tmp_path, wandb=True)
    (log,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    deadline = time.monotonic() + 30  # another process of W&B's writes it
    while log.read_bytes().count(b"val_acc") < len(ROWS):
        assert time.monotonic() < deadline
        time.sleep(0.2)
