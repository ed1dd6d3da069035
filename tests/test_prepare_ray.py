"""A preparation on a real Ray cluster of two nodes, one of which is lost in the middle."""

import subprocess
import sys
import time

import pytest
from helpers import prepare_images

from helmholtz.data import loading

pytest.importorskip("ray", reason="Ray is not installed: sh scripts/setup.sh ray")


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
