"""An array job on a Slurm of two nodes, one of which is drained and one killed in the middle.

python tests/torture_slurm.py [--runs 9] [--epochs 200]

Not part of the quick tests: it takes a quarter of an hour. Both nodes are slurmd of this machine.
One is drained: what runs there may end, and nothing new starts. Of the other slurmd and all that
runs under it are killed with `kill -9`. Both come back later. Slurm queues the lost tasks again by
itself; all results must be those of an undisturbed sweep, and no run may go on before its last
checkpoint.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from own_slurm import Slurm, wait_for
from torture_clusters import flags, results, sweep
from twins import make_photos
from witness import NETWORK, VARIABLE, Kept, judge

NODES = {"node1": 1, "node2": 1}
AWAY = 30  # seconds that the killed node is away, longer than Slurm waits for it


def disturb(slurm: Slurm, kept: Kept) -> int:
    """Drain a node and kill the other, and bring both back; how many processes were killed."""
    assert not wait_for(lambda: working(slurm, kept) == set(NODES), 300, "both nodes at work")
    slurm.ask("scontrol", "update", "NodeName=node1", "State=DRAIN", "Reason=test")
    killed = slurm.kill_node("node2")
    assert not wait_for(lambda: kept.look() or "down" in slurm.states()["node2"], 120, "down")
    time.sleep(AWAY)
    slurm.start_node("node2")
    assert not wait_for(lambda: kept.look() or not tasks_on(slurm, "node1"), 600, "drained")
    assert "drain" in slurm.states()["node1"], slurm.states()
    slurm.ask("scontrol", "update", "NodeName=node1", "State=RESUME")
    return killed


def tasks_on(slurm: Slurm, node: str) -> list[str]:
    """The tasks that run on a node."""
    return slurm.ask(
        "squeue", "--noheader", "--states=R", f"--nodelist={node}", "--format=%i"
    ).split()


def working(slurm: Slurm, kept: Kept) -> set[str]:
    """The nodes that run tasks, once two runs have a checkpoint."""
    kept.look()
    return {node for node in NODES if tasks_on(slurm, node)} if len(kept.seen) > 1 else set()


def torture(base: Path, words: list, runs: int, epochs: int) -> None:
    slurm = Slurm(Path(tempfile.mkdtemp(prefix="slurm-")), NODES)
    kept, started = Kept(base / "array"), time.monotonic()
    try:
        said = slurm.start()
        assert not said, said
        script = [f"--array=0-{runs - 1}", f"--output={base}/slurm-%a.txt"]
        script += ["scripts/train-array.sbatch", "cifar", *words, "--log_dir", base / "array"]
        job = slurm.ask("sbatch", "--parsable", *script).strip()
        killed = disturb(slurm, kept)
        queue = ["squeue", "--noheader", f"--job={job}"]
        assert not wait_for(lambda: kept.look() or not slurm.ask(*queue), 1800, "end of the array")
    finally:
        slurm.stop()
    minutes = (time.monotonic() - started) / 60
    told = judge(base / "notes", kept, epochs)
    print(f"slurm: {minutes:.0f} minutes, {killed} processes killed; {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this new folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = args.keep or Path(folder)
        make_photos(base / "photos")
        (base / "tiny.py").write_text(NETWORK)
        words = flags(base, args.runs, args.epochs)
        os.environ[VARIABLE] = str(base / "notes")
        torture(base, words, args.runs, args.epochs)
        os.environ[VARIABLE] = str(base / "alone.notes")
        alone = sweep(words, "alone", base)
        assert alone.process.wait() == 0, alone.said
        wanted, found = results(base / "alone"), results(base / "array")
        assert len(found) == args.runs
        assert wanted == found
        print(f"slurm: all {args.runs} results equal to an undisturbed sweep's")


if __name__ == "__main__":
    main()
