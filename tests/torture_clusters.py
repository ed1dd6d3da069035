"""Sweeps on a Ray cluster whose nodes come and go, and whose head dies.

python tests/torture_clusters.py [--only nodes] [--runs 30] [--epochs 300] [--seed 0]

Not part of the quick tests: it takes about an hour. Every node is a raylet of its own on this
machine, with a core. Nodes are added, asked to leave and killed with `kill -9` at random moments;
all results must be those of an undisturbed sweep, and no run may go on before its last checkpoint.
When the head is killed, the sweep must end in a sentence, and go on with another cluster.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ray.cluster_utils import Cluster
from twins import Started, make_photos, snapshot
from witness import NETWORK, VARIABLE, Kept, judge

PARTS = ["nodes", "head"]
COMPARED = {"history.csv", "best.weights.h5", "confusion.csv", "predictions.csv", "result.json"}
LARGEST = 4  # nodes with a core
PAUSE = (20, 70)  # seconds between two changes of the cluster
SYNC = 5  # seconds between two fetches of what a run has written


class Nodes:
    """A Ray cluster: a head without cores, and nodes of a core, which come and go."""

    def __init__(self, folder: Path, rng: random.Random):
        os.environ["TMPDIR"] = str(folder)  # short, for Ray's sockets; runs work there too
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - else 15
        folder.mkdir()
        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        self.rng, self.counts, self.there = rng, Counter(), []
        for _ in range(3):
            self.add()

    def add(self) -> None:
        self.there.append(self.cluster.add_node(num_cpus=1))
        self.counts["added"] += 1

    def remove(self, gently: bool) -> None:
        node = self.there.pop(self.rng.randrange(len(self.there)))
        self.cluster.remove_node(node, allow_graceful=gently)
        self.counts["asked to leave" if gently else "killed"] += 1

    def change(self) -> None:
        """Add a node or take one; where there is only one, add one."""
        if len(self.there) < 2 or (len(self.there) < LARGEST and self.rng.random() < 0.5):
            self.add()
        else:
            self.remove(gently=self.rng.random() < 0.25)

    def end(self, sweeping: Started) -> None:
        """Of the cluster, and of a sweep that is still there because something went wrong."""
        sweeping.process.kill()
        self.cluster.shutdown()

    def kill_head(self) -> None:
        head = self.cluster.head_node
        head.kill_gcs_server(check_alive=False)
        head.kill_raylet(check_alive=False)


def flags(base: Path, runs: int, epochs: int) -> list:
    qualities = [str(5 + i) for i in range(-(-runs // 3))]
    words = ["--source", base / "photos", "--data_dir", base / "data", "--num_epoch", epochs]
    words += ["--model", f"{base / 'tiny.py'}:build", "--batch_size", 8, "--retries", 0]
    return [*words, "--quality", *qualities, "--seed", 0, 1, 2]


def sweep(words: list, name: str, base: Path, nodes: Nodes | None = None) -> Started:
    command = [sys.executable, "-m", "helmholtz.sweep", "cifar", *words]
    if nodes:
        command += ["--engine", "ray", "--address", nodes.cluster.address, "--sync", SYNC]
    else:
        command += ["--jobs", 2]
    return Started([*command, "--log_dir", base / name], base / name)


def results(logs: Path) -> dict[str, dict]:
    """What every run of a sweep has left, without what differs between two of the same."""
    found = {}
    for path in sorted(logs.rglob("result.json")):
        left = snapshot(path.parent)
        found[str(path.parent.relative_to(logs))] = {k: left[k] for k in COMPARED & left.keys()}
    return found


def torture_nodes(base: Path, words: list, epochs: int, rng: random.Random) -> None:
    """Change the cluster at random until the sweep has ended."""
    nodes, kept, started = Nodes(base / "nodes", rng), Kept(base / "tortured"), time.monotonic()
    sweeping, due = sweep(words, "tortured", base, nodes), time.monotonic() + 30
    try:
        while sweeping.process.poll() is None:
            time.sleep(0.5)
            kept.look()
            if time.monotonic() > due:
                nodes.change()
                due = time.monotonic() + rng.uniform(*PAUSE)
    finally:
        nodes.end(sweeping)
    assert sweeping.process.returncode == 0, sweeping.out.read_text() + sweeping.said
    told = judge(base / "nodes.notes", kept, epochs)
    minutes = (time.monotonic() - started) / 60
    print(f"nodes: {minutes:.0f} minutes, {dict(nodes.counts)}; {told}", flush=True)


def torture_head(base: Path, words: list, rng: random.Random) -> None:
    """Kill the head in the middle; give the same command to another cluster."""
    nodes = Nodes(base / "first", rng)
    sweeping = sweep(words, "headless", base, nodes)
    try:
        while len(list((base / "headless").rglob("checkpoint_*.h5"))) < 4:
            assert sweeping.process.poll() is None, sweeping.out.read_text() + sweeping.said
            time.sleep(0.2)
        nodes.kill_head()
        killed = time.monotonic()
        code = sweeping.wait()
        seconds = time.monotonic() - killed
    finally:
        nodes.end(sweeping)
    print(f"head: exit code {code} after {seconds:.0f} s: {sweeping.said}", flush=True)
    assert (code, len(sweeping.said.splitlines())) == (4, 1), sweeping.said
    nodes = Nodes(base / "second", rng)
    sweeping = sweep(words, "headless", base, nodes)
    try:
        assert sweeping.process.wait() == 0, sweeping.said
    finally:
        nodes.end(sweeping)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--runs", type=int, default=30, help="of --only nodes")
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this new folder")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng, parts = random.Random(args.seed), [args.only] if args.only else PARTS
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        base = args.keep or Path(folder)
        make_photos(base / "photos")
        (base / "tiny.py").write_text(NETWORK)
        for part, runs in (("nodes", args.runs), ("head", 6)):
            if part not in parts:
                continue
            words = flags(base, runs, args.epochs)
            os.environ[VARIABLE] = str(base / f"{part}.notes")  # the nodes inherit it
            if part == "nodes":
                torture_nodes(base, words, args.epochs, rng)
            else:
                torture_head(base, words, rng)
            os.environ[VARIABLE] = str(base / f"alone-{part}.notes")
            alone = sweep(words, f"alone-{part}", base)
            assert alone.process.wait() == 0, alone.said
            name = {"nodes": "tortured", "head": "headless"}[part]
            wanted, found = results(base / f"alone-{part}"), results(base / name)
            assert len(found) == runs
            differs = [run for run in wanted | found if wanted.get(run) != found.get(run)]
            assert not differs, differs
            print(f"{part}: all {runs} results equal to an undisturbed sweep's", flush=True)


if __name__ == "__main__":
    main()
