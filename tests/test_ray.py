"""A real Ray cluster of two nodes, one of which is lost under a sweep or a preparation."""

import csv
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from helpers import prepare_images
from twins import TINY

from helmholtz.data import loading
from helmholtz.errors import MachineError, UsageError
from helmholtz.io import evaluations
from helmholtz.sweep import __main__ as sweep

pytest.importorskip("ray", reason="Ray is not installed: sh scripts/setup.sh ray")

RUN_FILES = {"setting.json", "history.csv", "best.weights.h5", "result.json", "train.log"}
RUN_FILES |= {"confusion.csv", "predictions.csv", "model.keras"}


@pytest.fixture(scope="module")
def head():
    """A Ray cluster: a head without cores, and the folder in which its nodes work."""
    from ray.cluster_utils import Cluster

    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
    ):
        patch.setenv("TMPDIR", folder)  # short, for Ray's sockets; runs work there too
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # else 15, which starves on a busy machine
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        try:
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture
def cluster(head):
    """The same with two nodes of a core each."""
    head.nodes = [head.add_node(num_cpus=1) for _ in range(2)]
    yield head
    for node in list(head.worker_nodes):
        head.remove_node(node, allow_graceful=False)


def wait_for(condition, process, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        assert process.poll() is None, "the sweep ended early"
        time.sleep(0.1)


def test_a_node_that_dies_costs_only_its_runs(cluster, photos, tmp_path):
    logs, network = tmp_path / "logs", tmp_path / "tiny.py"
    network.write_text(TINY)
    prepare_images(str(photos), [5, 0], "--data_dir", tmp_path)
    flags = ["--source", photos, "--quality", "5", "--seed", "0", "1", "--num_epoch", "100"]
    flags += ["--model", f"{network}:build", "--batch_size", "16", "--limit", "32"]
    flags += ["--log_dir", logs, "--data_dir", tmp_path, "--test_quality", "0"]
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
    assert "its machine was lost" in said
    assert "raylet" not in said  # Ray's own words, pages of them
    folders = {path.name: path for path in logs.rglob("quality_5/seed_*")}
    assert sorted(folders) == ["seed_0", "seed_1"]
    for folder in folders.values():
        assert set(evaluations.read(folder)) == {("jpeg", 0), ("jpeg", 5)}
        assert {path.name for path in folder.iterdir()} >= RUN_FILES
        assert len(list(folder.glob("checkpoint_*.h5"))) == 2
        with open(folder / "history.csv") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == [
                str(i + 1) for i in range(100)
            ]


def test_a_node_that_dies_costs_only_its_shards(cluster, photos, tmp_path):
    size = ["--shard_size", "3500"]  # a shard for every image
    [alone] = prepare_images(str(photos), [5], *size, "--data_dir", tmp_path / "alone").values()
    flags = ["--source", photos, "--quality", "5", *size, "--data_dir", tmp_path / "many"]
    flags += ["--engine", "ray", "--address", cluster.address]
    command = [sys.executable, "-m", "cifar.prepare", *map(str, flags)]
    preparing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until = time.monotonic() + 120
    while len([*tmp_path.glob("many/cifar/*/*/t*.h5")]) < 5:
        assert time.monotonic() < until, "no shard"
        assert preparing.poll() is None, preparing.stdout.read()
        time.sleep(0.01)
    cluster.remove_node(cluster.nodes[1], allow_graceful=False)
    assert preparing.poll() is None, "it ended before the node was lost"
    said = preparing.communicate(timeout=180)[0].decode()
    assert preparing.returncode == 0, said
    [folder] = tmp_path.glob("many/cifar/*/*")
    assert (folder / "index.json").read_bytes() == (alone / "index.json").read_bytes()
    assert {p.name for p in folder.iterdir()} == {p.name for p in alone.iterdir()}
    assert loading.load(folder, 5).attributes["items"] == 80


def test_a_head_that_stays_silent_is_told_in_a_sentence(monkeypatch):
    from helmholtz import cluster

    monkeypatch.setattr(cluster, "EVERY", 0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        head = cluster.Head(f"127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setattr(cluster, "PATIENCE", 0)
        head.require()
        monkeypatch.setattr(cluster, "PATIENCE", 60)
    head.require()  # nobody listens, but that may pass
    monkeypatch.setattr(cluster, "PATIENCE", 0)
    with pytest.raises(MachineError, match=r"cannot be reached any more .*the same command"):
        head.require()


def test_a_broken_ray_of_this_machine_is_told_in_a_sentence():
    from helmholtz import cluster

    head = cluster.Head("127.0.0.1:1")
    said = r"cannot be reached any more \(Broken pipe\)"
    with pytest.raises(MachineError, match=said), head.needed():
        raise OSError("Broken pipe")
    with pytest.raises(StopIteration), head.needed():
        next(iter(()))


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
