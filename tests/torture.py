"""Kill training and preparation at random moments, many times, and check what is left.

python tests/torture.py [--kills 20] [--seed 0]

Not part of the quick tests: each start costs the import of the backend. Training is killed with
`kill -9` and resumed until it is done; its history and weights must be those of a run that nobody
disturbed, bit for bit. Preparation is started by eight processes at once, some of which are killed;
one good copy must be left, equal to a lone process's, and nothing else.
"""

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
FLAGS = ["--quality", "5", "--batch_size", "16", "--num_epoch", "60"]


def make_photos(folder: Path) -> Path:
    """Two classes of noisy images, told apart by their brightness."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / name).mkdir(parents=True)
        for i in range(40):
            pixels = rng.normal(level, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02d}.png")
    return folder


def start(program: str, *flags) -> subprocess.Popen:
    command = [sys.executable, ROOT / "cifar" / program, *map(str, flags)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def train(data: Path, folder: Path, *flags) -> subprocess.Popen:
    return start("train.py", "--train_dir", data, "--log_dir", folder, *FLAGS, *flags)


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
    killed, started = 0, time.perf_counter()
    while killed < kills:
        process = train(data, base / "tortured", "--resume")
        try:
            process.wait(first_line + rng.uniform(-1, 1.8 * (whole - first_line) / kills))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.wait()
        if process.returncode == 0:
            break
    last = train(data, base / "tortured", "--resume") if process.returncode else process
    assert last.wait() == 0, last.stdout.read()
    seconds = time.perf_counter() - started - killed * first_line
    assert what_a_run_left(base / "alone") == what_a_run_left(base / "tortured")
    assert not list((base / "tortured").glob(".tmp-*")), "a leftover of a killed run"
    print(
        f"training: killed {killed} times; history and weights bit for bit the same; "
        f"{seconds / whole:.2f} times the undisturbed run, starts apart"
    )


def torture_preparation(photos: Path, rounds: int, rng: random.Random) -> None:
    killed = 0
    for quality in range(30, 30 + rounds):
        flags = ["--source", photos, "--quality", quality]
        crowd = [start("prepare.py", *flags) for _ in range(8)]
        time.sleep(rng.uniform(0.2, 1.5))
        for process in rng.sample(crowd, 4):
            killed += process.poll() is None
            process.kill()
        codes = [process.wait() for process in crowd]
        assert set(codes) <= {0, -9}, codes
        last = start("prepare.py", *flags)
        folder = Path(last.communicate()[0].strip().split(": ")[1])
        crowded = {p.name: p.read_bytes() for p in folder.iterdir()}
        for path in folder.glob("*.h5"):
            path.unlink()
        start("prepare.py", *flags).wait()
        assert crowded == {p.name: p.read_bytes() for p in folder.iterdir()}
        assert sorted(crowded) == [".lock", "test.h5", "train.h5"], sorted(crowded)
    print(f"preparation: {rounds} crowds of eight, {killed} processes killed; one good copy each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        photos = make_photos(Path(folder) / "photos")
        torture_preparation(photos, max(1, args.kills // 4), rng)
        prepared = start("prepare.py", "--source", photos, "--quality", 5).communicate()[0]
        data = Path(prepared.strip().split(": ")[1])
        torture_training(data, Path(folder), args.kills, rng)


if __name__ == "__main__":
    main()
