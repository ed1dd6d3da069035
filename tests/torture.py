"""Kill training, preparation and sweeps at random moments, many times, and check what is left.

python tests/torture.py [--kills 20] [--seed 0] [--only answer]

Not part of the quick tests: each start costs the import of the backend. Training is killed with
`kill -9` and resumed until it is done; its history and weights must be those of a run that nobody
disturbed, bit for bit, and its newest checkpoint, cut after every 997th byte, must be passed over
for the one before. Preparation, in single files and in shards, is started by eight processes at
once, some of which are killed; one good copy must be left, equal to a lone process's, and nothing
else. Of a sweep the launcher is killed, and now and then one of its runs; started again it must
come to the same results.
"""

import argparse
import contextlib
import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import twins
from twins import TINY, make_photos

from helmholtz.io import store
from helmholtz.training import checkpoints

ROOT = Path(__file__).parents[1]
FLAGS = ["--quality", "5", "--batch_size", "16", "--num_epoch", "60"]
SWEEP = ["cifar", "--quality", "5", "6", "--seed", "0", "1", "2", "--batch_size", "16"]
SWEEP += ["--num_epoch", "25", "--jobs", "2", "--retries", "99"]
ANSWER = ["--source", "sample", "--limit", "500", "--quality", "90", "10", "--tolerance", "20%"]
ANSWER += ["--num_epoch", "20", "--batch_size", "20", "--budget", "2h", "--jobs", "2", "--json"]


def start(program: str, *flags) -> subprocess.Popen:
    """A program of the project, as python -m runs it from the checkout."""
    command = [sys.executable, "-m", program, *map(str, flags)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def train(data: Path, folder: Path, *flags) -> subprocess.Popen:
    return start("cifar.train", "--train_dir", data, "--log_dir", folder, *FLAGS, *flags)


def what_a_run_left(folder: Path) -> tuple[list, dict]:
    """History without the seconds, and the best weights."""
    with open(folder / "history.csv") as file:
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    weights = {}
    with h5py.File(folder / "best.weights.h5") as file:
        file.visititems(lambda n, x: weights.update({n: x[()].tobytes()} if x.shape else {})
                        if isinstance(x, h5py.Dataset) else None)  # fmt: skip
    return rows, weights


def torture_training(data: Path, base: Path, kills: int, rng: random.Random) -> None:
    started = time.perf_counter()
    alone = train(data, base / "alone")
    first_line = alone.stdout.readline() and time.perf_counter() - started
    assert alone.wait() == 0, alone.stdout.read()
    whole = time.perf_counter() - started
    taken = 0
    for _ in range(kills):
        started = time.perf_counter()
        process = train(data, base / "tortured", "--resume")
        share = rng.uniform(0.2, 0.95) * (whole - first_line) / kills
        time.sleep(rng.uniform(0, first_line) if rng.random() < 0.15 else first_line + share)
        assert process.poll() is None, f"ended before it was killed: {process.stdout.read()}"
        process.kill()
        process.wait()
        taken += max(0, time.perf_counter() - started - first_line)
    started = time.perf_counter()
    last = train(data, base / "tortured", "--resume")
    assert last.wait() == 0, last.stdout.read()
    taken += time.perf_counter() - started
    assert what_a_run_left(base / "alone") == what_a_run_left(base / "tortured")
    assert not list((base / "tortured").glob(".tmp-*")), "a leftover of a killed run"
    print(
        f"training: killed {kills} times; history and weights bit for bit the same; "
        f"{taken / whole:.2f} times the undisturbed run, starts apart"
    )


class Held:
    """What checkpoints need of a Keras variable."""

    def __init__(self, array: np.ndarray):
        self.shape, self.array = array.shape, array

    def assign(self, array: np.ndarray) -> None:
        self.array = array


def torture_checkpoint(folder: Path) -> None:
    """Cut the newest checkpoint after every 997th byte; that of the network as it was trained."""
    older, newest = sorted(folder.glob("checkpoint_*.h5"))
    arrays = [array for _, array in sorted(store.read(older)[0].items())]
    whole, cuts = newest.read_bytes(), 0
    for length in range(0, len(whole), 997):
        newest.write_bytes(whole[:length])
        variables = [Held(np.zeros_like(array)) for array in arrays]
        with contextlib.redirect_stderr(io.StringIO()) as said:
            history = checkpoints.restore(folder, variables)
        assert len(history) == int(older.stem[-4:])
        assert f"{newest} is damaged" in said.getvalue()
        assert all(np.array_equal(v.array, a) for v, a in zip(variables, arrays, strict=True))
        cuts += 1
    newest.write_bytes(whole)
    print(f"checkpoint of {len(whole):,} bytes: cut {cuts:,} times, always went on from the older")


def torture_sweep(photos: Path, base: Path, kills: int, rng: random.Random) -> None:
    flags = [*SWEEP, "--source", photos, "--log_dir"]
    started = time.perf_counter()
    alone = start("helmholtz.sweep", *flags, base / "alone")
    assert (alone.communicate()[0], alone.returncode)[1] == 0
    whole = time.perf_counter() - started
    launchers = children = 0
    for _ in range(kills):
        sweep = start("helmholtz.sweep", *flags, base / "tortured")
        time.sleep(rng.uniform(2, 0.5 * whole))
        if rng.random() < 0.5:
            children += kill_one_run(base / "tortured", rng)
            time.sleep(rng.uniform(0, 5))
        launchers += sweep.poll() is None
        sweep.kill()
        sweep.communicate()
    time.sleep(2)
    assert not runs_under(base / "tortured"), "an orphan"
    last = start("helmholtz.sweep", *flags, base / "tortured")
    assert (last.communicate()[0], last.returncode)[1] == 0
    results = sorted(
        p.parent.relative_to(base / "alone") for p in base.glob("alone/**/result.json")
    )
    assert len(results) == 6
    for run in results:
        assert what_a_run_left(base / "alone" / run) == what_a_run_left(base / "tortured" / run)
    assert not list(base.rglob(".tmp-*")), "a leftover of a killed run"
    print(
        f"sweep: launcher killed {launchers} times and a run under it {children} times; six "
        "results, their histories and weights bit for bit the same; no orphan"
    )


def runs_under(logs: Path) -> list[int]:
    """Processes that train into a folder of logs."""
    found = subprocess.run(["pgrep", "-f", f"cifar.train.*{logs}"], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def kill_one_run(logs: Path, rng: random.Random) -> bool:
    there = runs_under(logs)
    for process in rng.sample(there, min(1, len(there))):
        os.kill(process, signal.SIGKILL)
    return bool(there)


def torture_answer(base: Path, kills: int, rng: random.Random) -> None:
    base.mkdir()
    (base / "tiny.py").write_text(TINY)
    flags = [*ANSWER, "--model", f"{base / 'tiny.py'}:build", "--log_dir"]
    started, told = time.perf_counter(), {}
    told["alone"], code = ask(flags, base / "alone")
    whole, written, killed = time.perf_counter() - started, {}, 0
    for _ in range(kills):
        process = start("cifar.answer", *flags, base / "tortured")
        time.sleep(rng.uniform(1, 0.4 * whole))
        killed += process.poll() is None
        process.kill()
        process.communicate()
        for path in base.glob("tortured/cifar/**/result.json"):
            assert written.setdefault(path, path.stat().st_mtime_ns) == path.stat().st_mtime_ns
    told["tortured"], again = ask(flags, base / "tortured")
    for path, when in written.items():
        assert path.stat().st_mtime_ns == when, f"{path} was trained twice"
    names = ("lines", "rates", "answered")
    assert code == again
    assert [told["alone"][n] for n in names] == [told["tortured"][n] for n in names]
    runs = [len(list(base.glob(f"{name}/cifar/**/result.json"))) for name in told]
    assert runs[0] == runs[1]
    print(f"answer: killed {killed} times; the same answer from the same {runs[0]} runs, each once")


def ask(flags: list, logs: Path) -> tuple[dict, int]:
    """What answer.py says as JSON, and its exit code."""
    command = [sys.executable, "-m", "cifar.answer", *map(str, [*flags, logs])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return json.loads(done.stdout), done.returncode


def torture_preparation(photos: Path, rounds: int, rng: random.Random) -> None:
    killed = 0
    for quality in range(30, 30 + rounds):
        flags = ["--source", photos, "--quality", quality]
        flags += ["--shard_size", "512M" if quality % 2 else "12k"]
        crowd = [start("cifar.prepare", *flags) for _ in range(8)]
        while not quality % 2 and not [*ROOT.glob(f"cifar/data/*/quality_{quality}/t*.h5")]:
            time.sleep(0.01)  # until there is a shard
        time.sleep(rng.uniform(0.2, 1.5))
        for process in rng.sample(crowd, 4):
            killed += process.poll() is None
            process.kill()
        codes = [process.wait() for process in crowd]
        assert set(codes) <= {0, -signal.SIGKILL}, codes
        last = start("cifar.prepare", *flags)
        folder = Path(last.communicate()[0].strip().splitlines()[-1].split(": ")[1])
        crowded = {p.name: p.read_bytes() for p in folder.iterdir()}
        for path in [*folder.glob("*.h5"), *folder.glob("index.json")]:
            path.unlink()
        start("cifar.prepare", *flags).wait()
        assert crowded == {p.name: p.read_bytes() for p in folder.iterdir()}
        expected = [".lock", "test.h5", "train.h5"]
        if not quality % 2:  # four images a shard
            shards = [f"{s}-{i:05}.h5" for s, n in (("test", 4), ("train", 16)) for i in range(n)]
            expected = [".lock", "index.json", *shards]
        assert sorted(crowded) == expected, sorted(crowded)
    print(f"preparation: {rounds} crowds of eight, {killed} processes killed; one good copy each")


PARTS = ["twins", "answer", "prepare", "runs"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=PARTS, help="torture nothing else")
    parser.add_argument("--command", default="", help="of twins, the one whose name holds this")
    args = parser.parse_args()
    rng, parts = random.Random(args.seed), [args.only] if args.only else PARTS
    with tempfile.TemporaryDirectory() as folder:
        if "twins" in parts:
            twins.torture(Path(folder) / "twins", max(2, args.kills // 3), rng, args.command)
        if "answer" in parts:
            torture_answer(Path(folder) / "answers", max(1, args.kills // 2), rng)
        photos = make_photos(Path(folder) / "photos")
        if "prepare" in parts:
            torture_preparation(photos, max(1, args.kills // 4), rng)
        if "runs" not in parts:
            return
        prepared = start("cifar.prepare", "--source", photos, "--quality", 5).communicate()[0]
        data = Path(prepared.strip().splitlines()[-1].split(": ")[1])
        torture_training(data, Path(folder), args.kills, rng)
        torture_checkpoint(Path(folder) / "tortured")
        torture_sweep(photos, Path(folder) / "sweeps", max(1, args.kills // 3), rng)


if __name__ == "__main__":
    main()
