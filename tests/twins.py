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
from functools import partial
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
HERE = "@HERE@"
GUESS = "import pathlib, sys\nfor p in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
GUESS += "    print(f'{p.name},bright')\n"

INSTALLED = "import demo, rich.live, subprocess, sys, tqdm\n"
INSTALLED += "sys.exit(subprocess.run([sys.executable, '-m', 'pip', 'check']).returncode)"


class Command(NamedTuple):
    """A command on a folder of its own, whose place in its words is taken by HERE.

    words: its program and flags. ready(folder): makes what it needs there. again: flags of the
    command that goes on. check: a program that must end well afterwards.
    """

    name: str
    words: list
    ready: Callable[[Path], None] = Path.mkdir
    again: tuple = ()
    check: tuple = ("true",)


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
    photos, clips, run = make_photos(base / "photos"), write_clips(base / "clips"), base / "run"
    own, data = ["--model", f"{base / 'tiny.py'}:build"], ["--data_dir", base / "data"]
    images, sounds = ["--source", photos, *data], ["--source", clips, *data]
    kb, five, rates = ["--bitrate", 32], ["--quality", 5], ["--quality", 5, 50]
    _must([*_program("cifar.train"), *images, *own, *SMALL, *five, "--log_dir", run])
    _must([*_program("audio.prepare"), *sounds, *kb])
    sweep = ["cifar", *images, *own, *SMALL, *rates, "--seed", 0, 1, "--jobs", 2]
    answer = ["--source", "sample", "--limit", 500, *data, *own, "--batch_size", 20]
    answer += ["--num_epoch", 10, "--quality", 90, "--tolerance", "30%", "--budget", "2h"]
    outside = ["--", sys.executable, base / "guess.py", "{folder}"]

    def command(name: str, module: str, *words, **others) -> Command:
        return Command(name, [*_program(module), *words], **others)

    def of_train(half: str, *flags) -> Command:
        words = [*flags, *own, *SMALL, "--log_dir", f"{HERE}/run"]
        return command(f"{half}/train.py", f"{half}.train", *words, again=("--resume",))

    def of_prepare(half: str, source: Path, *rate) -> Command:
        words = ["--source", source, *rate, "--data_dir", HERE]
        return command(f"{half}/prepare.py", f"{half}.prepare", *words)

    return [
        of_train("cifar", *images, *five),
        of_train("audio", *sounds, *kb),
        of_prepare("cifar", photos, *rates),
        of_prepare("audio", clips, *kb),
        command("cifar/evaluate.py", "cifar.evaluate", *own, *rates, *data, "--log_dir", HERE,
                ready=partial(shutil.copytree, run)),
        command("cifar/answer.py", "cifar.answer", *answer, "--jobs", 2, "--log_dir", HERE),
        command("sweep", "helmholtz.sweep", *sweep, "--test_quality", 5, 50, "--log_dir", HERE),
        command("report", "helmholtz.report", f"{HERE}/a", "--out", f"{HERE}/b", ready=_many_runs),
        command("export", "helmholtz.export", photos, HERE, "--codec", "webp", "--quality", 25),
        command("blackbox", "helmholtz.blackbox", "cifar", *images[:2], *rates, "--log_dir", HERE,
                *outside, again=("--overwrite",)),
        Command("setup.sh", ["sh", f"{HERE}/scripts/setup.sh"], _checkout,
                check=(f"{HERE}/.venv/bin/python", "-c", INSTALLED)),
    ]  # fmt: skip


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


def _must(words: list) -> None:
    done = subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Started:
    """A process whose output goes to files, which an orphan cannot keep open for us."""

    def __init__(self, words: list, said: Path):
        self.out, self.error = said.with_suffix(".out"), said.with_suffix(".err")
        given = [str(word) for word in words]
        with open(self.out, "w") as out, open(self.error, "w") as error:
            self.process = subprocess.Popen(given, cwd=ROOT, stdout=out, stderr=error)

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


def _at(words, folder: Path) -> list[str]:
    return [str(word).replace(HERE, str(folder)) for word in words]


def settled(command: Command, folder: Path, said: Path) -> Started:
    """Give a command alone, until it has ended."""
    done = Started(_at(command.words, folder), said)
    if done.wait() == REFUSED and command.again:
        words = _at(command.words, folder)
        place = words.index("--") if "--" in words else len(words)
        done = Started([*words[:place], *command.again, *words[place:]], said)
        done.wait()
    return done


def pair(command: Command, folder: Path, whole: float, kill: bool, rng: random.Random) -> str:
    """Start a command twice, and kill one of the two or none; how the two ended."""
    command.ready(folder)
    two = []
    for name in ("first", "second"):
        said = folder.with_name(f"{folder.name}-{name}")
        two.append(Started(_at(command.words, folder), said))
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
    lone = Started(_at(command.words, alone), own / "said")
    assert lone.wait() == 0, lone.said
    whole, wanted = time.perf_counter() - started, snapshot(alone)
    for i in range(rounds):
        folder = own / f"{i:05}"  # as long as "alone"
        ends.append(pair(command, folder, whole, i % 2 == 1, rng))
        if i % 2:
            last = settled(command, folder, own / "last")
            assert last.process.returncode == 0, last.said
        _must(_at(command.check, folder))
        found = snapshot(folder)
        differs = {name for name in wanted.keys() | found if wanted.get(name) != found.get(name)}
        assert not differs, f"{ends[-1]}, {folder}: {differs}"
    return " ".join(ends), whole
