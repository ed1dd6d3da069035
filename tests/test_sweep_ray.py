"""A sweep on a real Ray cluster of two nodes, one of which is lost while runs are on it."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helmholtz.errors import UsageError
from helmholtz.io import evaluations
from helmholtz.sweep import __main__ as sweep

pytest.importorskip("ray", reason="Ray is not installed: sh scripts/setup.sh ray")

RUN_FILES = {"setting.json", "history.csv", "best.weights.h5", "result.json", "train.log"}
RUN_FILES |= {"confusion.csv", "predictions.csv", "model.keras"}


def wait_for(condition, process, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        assert process.poll() is None, "the sweep ended early"
        time.sleep(0.1)


def test_a_node_that_dies_costs_only_its_runs(cluster, photos, tmp_path):
    logs = tmp_path / "logs"
    flags = ["--source", photos, "--quality", "5", "--seed", "0", "1", "--num_epoch", "20"]
    flags += ["--batch_size", "16", "--limit", "32", "--log_dir", logs, "--data_dir", tmp_path]
    flags += ["--test_quality", "0"]
    flags += ["--engine", "ray", "--address", cluster.address, "--sync", "1"]
    command = [sys.executable, "-m", "helmholtz.sweep", "cifar", *map(str, flags)]
    nodes = Path(os.environ["TMPDIR"])
    sweeping = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    # Both nodes work, each in a folder of its own, and an epoch of one run has come back.
    wait_for(lambda: len(list(nodes.glob("helmholtz-*/run"))) == 2, sweeping)
    wait_for(lambda: any(logs.rglob("checkpoint_*.h5")), sweeping)
    cluster.remove_node(cluster.nodes[1], allow_graceful=False)

    said = sweeping.communicate(timeout=180)[0]
    assert sweeping.returncode == 0, said
    assert "the machine that it ran on was lost" in said
    found = {path.name: path for path in logs.rglob("all-cnns/quality_5/seed_*")}
    assert sorted(found) == ["seed_0", "seed_1"]
    for folder in found.values():
        assert set(evaluations.read(folder)) == {("jpeg", 0), ("jpeg", 5)}
        assert {path.name for path in folder.iterdir()} >= RUN_FILES
        assert len(list(folder.glob("checkpoint_*.h5"))) == 2
        with open(folder / "history.csv") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == [str(i + 1) for i in range(20)]


def test_an_unreachable_cluster_is_told_before_anything_starts(command, tmp_path):
    flags = ["--source", "sample", "--quality", "5", "--log_dir", tmp_path]
    for address in ("127.0.0.1:1", "nowhere"):
        code, error = command(sweep.main, "cifar", *flags, "--engine", "ray", "--address", address)
        assert (code, f"No Ray cluster answers at {address}" in error) == (4, True), error
    assert not any(tmp_path.iterdir())


def test_what_the_nodes_would_throw_away_is_refused(tmp_path):
    from helmholtz.sweep import plan, ray_engine

    flags = ["cifar", "--source", "sample", "--quality", "5", "--log_dir", str(tmp_path)]
    (run,) = plan.plan(*sweep.parse_args(flags))
    ray_engine.check_paths(run)
    run.args.tensorboard = True
    with pytest.raises(UsageError, match="throw away"):
        ray_engine.check_paths(run)
