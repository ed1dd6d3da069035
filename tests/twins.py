"""Every command, started twice at the same moment on the same folder; sometimes one is killed.

python tests/torture.py --only twins [--kills 4]

One of the two does the work, or both do their part; the other says in one sentence why not, and
ends with the exit code of wrong usage. When one was killed with `kill -9`, the same command,
given again, comes to what a lone process leaves, byte for byte, but for the seconds that it took.
"""

import csv
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from helpers import write_clips
from PIL import Image
from report_runs import make_run

ROOT = Path(__file__).parents[1]
TINY = """
import keras

def build(shape, classes):
    layers = [keras.Input(shape), keras.layers.AveragePooling2D(4), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax")])
"""
TIMED = {"seconds", "items_per_second"}
LEFT_OUT = {".lock", ".claim", "train.log", "model.keras", "sets"}  # of what is compared
SMALL = ["--batch_size", "8", "--num_epoch", "6"]
REFUSED = 2
GUESS = "import pathlib, sys\nfor p in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
GUESS += "    print(f'{p.name},bright')\n"

INSTALLED = "import demo, rich.live, subprocess, sys, tqdm\n"
INSTALLED += "sys.exit(subprocess.run([sys.executable, '-m', 'pip', 'check']).returncode)"


class Command(NamedTuple):
    """A command on a folder of its own.

    words(folder): its program and flags. ready(folder): makes what it needs there. again: flags
    of the command that goes on. check(folder): a program that must end well afterwards.
    """

    name: str
    words: Callable[[Path], list]
    ready: Callable[[Path], None] = lambda folder: folder.mkdir()
    again: tuple = ()
    check: Callable[[Path], list] = lambda folder: ["true"]


def make_photos(folder: Path, count: int = 40) -> Path:
    """Two classes of noisy images, told apart by their brightness."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.normal(level, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02d}.png")
    return folder


def commands(base: Path) -> list[Command]:
    """All commands; base holds what they read."""
    (base / "tiny.py").write_text(TINY)
    (base / "guess.py").write_text(GUESS)
    photos, clips = make_photos(base / "photos"), write_clips(base / "clips")
    own = ["--model", f"{base / 'tiny.py'}:build"]
    images = ["--source", photos, "--data_dir", base / "data"]
    sounds = ["--source", clips, "--data_dir", base / "data"]
    run = base / "run"
    _must([_program("cifar.train"), *images, *own, *SMALL, "--quality", 5, "--log_dir", run])
    _must([_program("audio.prepare"), *sounds, "--bitrate", 32])
    rates = ["--quality", 5, 50]

    def of_train(half: str, data: list, rate: list) -> Command:
        flags = [*data, *own, *SMALL, *rate]
        return Command(
            f"{half}/train.py",
            lambda folder: [_program(f"{half}.train"), *flags, "--log_dir", folder / "run"],
            again=("--resume",),
        )

    def of_prepare(half: str, source: Path, rate: list) -> Command:
        words = [_program(f"{half}.prepare"), "--source", source, *rate, "--data_dir"]
        return Command(f"{half}/prepare.py", lambda folder: [*words, folder])

    sweep = [_program("helmholtz.sweep"), "cifar", *images, *own, *SMALL, *rates]
    sweep += ["--seed", 0, 1, "--jobs", 2, "--test_quality", 5, 50, "--log_dir"]
    answer = [_program("cifar.answer"), "--source", "sample", "--limit", 500, *images[2:], *own]
    answer += ["--batch_size", 20, "--num_epoch", 10, "--quality", 90, "--tolerance", "30%"]
    answer += ["--budget", "2h", "--jobs", 2, "--log_dir"]
    outside = ["--", sys.executable, base / "guess.py", "{folder}"]
    blackbox = [_program("helmholtz.blackbox"), "cifar", *images[:2], *rates, "--log_dir"]
    return [
        of_train("cifar", images, ["--quality", 5]),
        of_train("audio", sounds, ["--bitrate", 32]),
        of_prepare("cifar", photos, rates),
        of_prepare("audio", clips, ["--bitrate", 32]),
        Command(
            "cifar/evaluate.py",
            lambda folder: [
                _program("cifar.evaluate"),
                *own,
                *rates,
                *images[2:],
                "--log_dir",
                folder,
            ],
            lambda folder: shutil.copytree(run, folder),
        ),
        Command("cifar/answer.py", lambda folder: [*answer, folder]),
        Command("sweep", lambda folder: [*sweep, folder]),
        Command(
            "report",
            lambda folder: [_program("helmholtz.report"), folder / "a", "--out", folder / "b"],
            _many_runs,
        ),
        Command(
            "export",
            lambda folder: [
                *(_program("helmholtz.export"), photos, folder, "--codec", "webp"),
                *("--quality", 25),
            ],
        ),
        Command("blackbox", lambda folder: [*blackbox, folder, *outside], again=("--overwrite",)),
        Command(
            "setup.sh",
            lambda folder: ["sh", folder / "scripts" / "setup.sh"],
            _checkout,
            check=lambda folder: [folder / ".venv" / "bin" / "python", "-c", INSTALLED],
        ),
    ]


def _program(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _many_runs(folder: Path) -> None:
    for rate in (0, 5, 25):
        for seed in (0, 1, 2):
            make_run(folder / "a", rate=rate, seed=seed)


def _checkout(folder: Path) -> None:
    """A checkout whose setup is quick, as it asks for little; with pip and the network as ever."""
    (folder / "demo").mkdir(parents=True)
    (folder / "demo" / "__init__.py").touch()
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    (folder / "requirements.txt").write_text("tqdm>=4.67\nrich>=14\n-e .\n")
    text = (
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    text += '[project]\nname = "demo"\nversion = "1"\n[tool.setuptools]\npackages = ["demo"]\n'
    (folder / "pyproject.toml").write_text(text)


def _flat(words: list) -> list[str]:
    some = (word if isinstance(word, list) else [word] for word in words)
    return [str(word) for inner in some for word in inner]


def _must(words: list) -> None:
    done = subprocess.run(_flat(words), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Started:
    """A process whose output goes to files, which an orphan cannot keep open for us."""

    def __init__(self, words: list, said: Path):
        self.out, self.error = said.with_suffix(".out"), said.with_suffix(".err")
        with open(self.out, "w") as out, open(self.error, "w") as error:
            self.process = subprocess.Popen(_flat(words), cwd=ROOT, stdout=out, stderr=error)

    def wait(self) -> int:
        return self.process.wait(600)

    @property
    def said(self) -> str:
        return self.error.read_text()


def snapshot(folder: Path) -> dict[str, object]:
    """What lies in a folder, by name, without what differs between two runs of the same."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        dull = path.name in LEFT_OUT or path.name.startswith("checkpoint") or ".venv" in parts
        if path.is_file() and not dull and "__pycache__" not in parts:
            found["/".join(parts)] = _content(path, folder)
    return found


def _content(path: Path, folder: Path):
    if path.suffix == ".h5" and "weights" in path.name:
        with h5py.File(path) as file:
            arrays = {}
            file.visititems(
                lambda n, x: arrays.update({n: x[()].tobytes()} if hasattr(x, "shape") else {})
            )
        return {name: hashlib.sha256(content).hexdigest() for name, content in arrays.items()}
    content = path.read_bytes().replace(str(folder).encode(), b"FOLDER")
    if path.name == "history.csv":
        rows = csv.DictReader(content.decode().splitlines())
        return [{k: v for k, v in row.items() if k not in TIMED} for row in rows]
    if path.suffix == ".json":
        value = json.loads(content)
        if path.name == "answer.json":
            return {key: value[key] for key in ("lines", "rates", "answered", "pending")}
        value = {k: v for k, v in value.items() if k not in TIMED}
        if isinstance(value.get("flags"), dict):
            value["flags"] |= {"resume": False, "overwrite": False}
        return value
    if path.name == "index.html":
        return "whole" if content.rstrip().endswith(b"</html>") else "cut"
    return hashlib.sha256(content).hexdigest()


def settled(command: Command, folder: Path, said: Path) -> Started:
    """Give a command alone, until it has ended."""
    done = Started([*command.words(folder)], said)
    if done.wait() == REFUSED and command.again:
        words = command.words(folder)
        place = words.index("--") if "--" in words else len(words)
        done = Started([*words[:place], *command.again, *words[place:]], said)
        done.wait()
    return done


def pair(command: Command, folder: Path, whole: float, kill: bool, rng: random.Random) -> str:
    """Start a command twice, and kill one of the two or none; how the two ended."""
    command.ready(folder)
    two = []
    for name in ("first", "second"):
        two.append(Started(command.words(folder), folder.with_name(f"{folder.name}-{name}")))
        time.sleep(rng.choice([0, 0, rng.uniform(0, 0.5)]))
    killed = None
    if kill:
        time.sleep(rng.uniform(0.1, 0.9) * whole)
        killed = rng.choice([one for one in two if one.process.poll() is None] or two)
        killed.process.kill()
    codes = [one.wait() for one in two]
    for one, code in zip(two, codes, strict=True):
        if one is killed and code == -signal.SIGKILL:
            continue
        assert code in (0, REFUSED), f"{command.name}: exit {code}: {one.said}"
        if code == REFUSED:
            assert len(one.said.splitlines()) == 1, f"{command.name}: {one.said}"
    if not kill:
        assert 0 in codes, f"{command.name}: {[one.said for one in two]}"
    return "/".join(map(str, codes))


def torture(base: Path, rounds: int, rng: random.Random, only: str = "") -> None:
    """Start every command twice, so many times, and kill one of two every other time."""
    base.mkdir()
    failed = []
    for number, command in enumerate(commands(base)):
        if only in command.name:
            (base / f"{number}").mkdir()
            try:
                ends, alone = _torture_one(command, base / f"{number}", rounds, rng)
                print(f"{command.name}: {ends}; alone {alone:.0f} s", flush=True)
            except AssertionError as error:
                print(f"{command.name} FAILED: {error}", flush=True)
                failed.append(command.name)
    assert not failed, failed


def _torture_one(command: Command, own: Path, rounds: int, rng: random.Random) -> tuple[str, float]:
    """How the pairs ended, and the seconds of a lone process."""
    alone, started, ends = own / "alone", time.perf_counter(), []
    command.ready(alone)
    lone = Started(command.words(alone), own / "said")
    assert lone.wait() == 0, lone.said
    whole, wanted = time.perf_counter() - started, snapshot(alone)
    for i in range(rounds):
        folder = own / f"{i:05}"  # as long as "alone"
        ends.append(pair(command, folder, whole, i % 2 == 1, rng))
        if i % 2:
            last = settled(command, folder, own / "last")
            assert last.process.returncode == 0, last.said
        _must(command.check(folder))
        found = snapshot(folder)
        differs = {name for name in wanted.keys() | found if wanted.get(name) != found.get(name)}
        assert not differs, f"{ends[-1]}, {folder}: {differs}"
    return " ".join(ends), whole
