"""The shell scripts: their usage, what they refuse, and Ctrl-C; nothing is installed or trained."""

import itertools
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(p for d in (".", "cifar", "audio") for p in (ROOT / d / "scripts").glob("*.s*"))
COMMANDS = [str(p.relative_to(ROOT)) for p in SCRIPTS if p.name != "usage.sh"]


@pytest.fixture
def checkout(tmp_path):
    """The scripts alone; where they would set up something they fail."""
    for name in ("scripts", "cifar/scripts", "audio/scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def run(checkout, *command):
    environment = os.environ | {"PYTHON": "false", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", *command], cwd=checkout, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("script", COMMANDS)
def test_help_is_the_comment_at_the_top(script, checkout):
    before = sorted(checkout.rglob("*"))
    code, said, error = run(checkout, script, "-h")
    assert (code, error) == (0, "")
    assert Path(script).name in said
    assert not [line for line in said.splitlines() if line.startswith(("#", "SBATCH", "set "))]
    assert run(checkout, script, "--help") == (0, said, "")
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("demo.sh now", "takes no arguments"),
        ("setup.sh docs", "only codecs, dev, mutants and ray"),
        ("setup.sh --locked ray", "--locked takes no extra"),
        ("reproduce.sh all", "only sample, noise, lossless, qualities, published, imagenette"),
        ("reproduce.sh images", "takes one FOLDER"),
        ("reproduce.sh sample photos", "takes no FOLDER"),
        ("sweep.sh", "has to be cifar or audio, not ''"),
        ("sweep.sh video", "has to be cifar or audio, not 'video'"),
        ("train-all-cnns.sh video", "has to be cifar or audio, not 'video'"),
        ("train-all-settings.sh video --seed 1", "has to be cifar or audio, not 'video'"),
        ("train-array.sbatch video", "has to be cifar or audio, not 'video'"),
        ("train-array.sbatch cifar", "for sbatch, with --array"),
        ("prepare-array.sbatch video", "has to be cifar or audio, not 'video'"),
        ("prepare-array.sbatch cifar", "for sbatch, with --array"),
    ],
)
def test_what_a_script_does_not_know_is_told_in_a_sentence(command, said, checkout):
    code, out, error = run(checkout, *f"scripts/{command}".split())
    assert (code, out) == (2, "")
    assert said in error
    assert len(error.splitlines()) == 1


def test_reproduce_without_an_argument_shows_its_usage(checkout):
    code, out, error = run(checkout, "scripts/reproduce.sh")
    assert (code, out) == (2, "")
    assert error == run(checkout, "scripts/reproduce.sh", "-h")[1]


def test_spoken_digits_are_laid_out_as_published_or_by_speaker(checkout, tmp_path):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    speakers, indices = ("jackson", "theo"), range(12)
    for digit, name, i in itertools.product(range(2), speakers, indices):
        (recordings / f"{digit}_{name}_{i}.wav").touch()
    script = "scripts/spoken-digits.sh"
    assert run(checkout, script, recordings, tmp_path / "out") == (0, "", "")
    assert run(checkout, script, recordings, tmp_path / "by", "theo") == (0, "", "")
    test = {path.name for path in (tmp_path / "out" / "test" / "1").iterdir()}
    assert test == {f"1_{name}_{i}.wav" for name in speakers for i in range(5)}
    assert len([*(tmp_path / "out" / "train").glob("*/*.wav")]) == 2 * 2 * 7
    by_speaker = {path.name for path in (tmp_path / "by" / "test").glob("*/*.wav")}
    assert by_speaker == {f"{digit}_theo_{i}.wav" for digit in range(2) for i in indices}
    code, _, error = run(checkout, script, recordings, tmp_path / "new", "nobody")
    assert (code, "no 0_nobody_0.wav" in error) == (3, True)
    code, _, error = run(checkout, script, recordings, tmp_path / "out")
    assert (code, "out exists" in error) == (3, True)


def test_files_that_match_are_held_out(checkout, tmp_path):
    names = ("Roland TR 808 [1].wav", "Roland R8.wav", "Boss DR55.wav", "Akai.wav")
    for kind in ("clap", "snare drum"):
        (tmp_path / "drums" / kind / "not a file").mkdir(parents=True)
        for name in names:
            (tmp_path / "drums" / kind / name).touch()
    drums, out = tmp_path / "drums", tmp_path / "by machine"
    script = "scripts/hold-out.sh"
    assert run(checkout, script, drums, out, "Roland*", "Akai*") == (0, "", "")
    linked = {half: {path.name for path in (out / half / "snare drum").iterdir()}
              for half in ("train", "test")}  # fmt: skip
    assert linked == {"train": {"Boss DR55.wav"}, "test": set(names) - {"Boss DR55.wav"}}
    assert all(path.is_file() for path in out.glob("*/clap/*"))
    for pattern in ("*", "Korg*"):
        code, _, error = run(checkout, script, drums, tmp_path / "new", pattern)
        assert (code, "give other patterns" in error) == (3, True)
    assert not (tmp_path / "new").exists()
    code, _, error = run(checkout, script, drums, out, "Roland*")
    assert (code, "exists" in error) == (3, True)
    code, _, error = run(checkout, script, tmp_path / "nowhere", out, "Roland*")
    assert (code, "is not a folder" in error) == (3, True)


def test_a_folder_that_is_not_there_is_told(checkout):
    code, _, error = run(checkout, "scripts/reproduce.sh", "images", "nowhere")
    assert (code, "nowhere does not exist" in error) == (3, True)


STAND_IN = """#!/bin/sh
trap 'sleep 0.5; echo stopped >>said.txt; exit 75' INT
echo "$2" >>said.txt
i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
"""


@pytest.mark.parametrize(
    ("command", "first"),
    [("demo.sh", "cifar.answer"), ("reproduce.sh sample", "helmholtz.sweep")],
)
def test_ctrl_c_waits_for_what_it_stops_and_exits_75(command, first, checkout):
    """A terminal's Ctrl-C reaches the script and the command that it runs."""
    (checkout / "scripts" / "setup.sh").write_text("")
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN)
    python.chmod(0o755)
    words = ["sh", *f"scripts/{command}".split()]
    process = subprocess.Popen(words, cwd=checkout, start_new_session=True)
    until = time.monotonic() + 20
    while not (checkout / "said.txt").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 75
    assert (checkout / "said.txt").read_text() == f"{first}\nstopped\n"
