"""The shell scripts: their usage, what they refuse, and Ctrl-C; nothing is installed or trained."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from packaging.version import Version

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
    assert not list(tmp_path.glob("*.part*"))


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


PYTHON = """#!/bin/sh
case "$*" in
-c*version_info*) exit ${TOO_OLD:-0} ;;
"-m venv --clear .venv")
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo venv ;;
"-m pip --version" | -c*) exit 0 ;;
*) echo "$*" && exit ${FAILS:-0} ;;
esac >>said.txt
"""
BY_NAME = "-m pip install --quiet --disable-pip-version-check -r .venv/requirements.txt"


@pytest.fixture
def installs(checkout):
    """A function that runs setup.sh with a python that only says what it was asked."""
    for name in ("requirements.txt", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    (checkout / "python").write_text(PYTHON)
    (checkout / "python").chmod(0o755)

    def setup(*flags, place=checkout, **environment):
        environment = {"PYTHON": str(place / "python"), "PATH": "/usr/bin:/bin", **environment}
        command = ["sh", "scripts/setup.sh", *flags]
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        said = place / "said.txt"
        lines = said.read_text().splitlines() if said.exists() else []
        said.unlink(missing_ok=True)
        return done.returncode, lines, done.stderr

    return setup


def wanted(checkout):
    return (checkout / ".venv" / "requirements.txt").read_text().splitlines()


def test_what_is_installed_is_not_installed_again_and_extras_stay(installs, checkout):
    assert installs() == (0, ["venv", BY_NAME], "")
    assert installs() == (0, [], "")
    assert installs("dev", "ray") == (0, [BY_NAME], "")
    assert wanted(checkout)[-1] == "-e .[dev,ray]"
    assert installs() == installs("ray") == (0, [], "")
    assert installs("codecs") == (0, [BY_NAME], "")
    assert wanted(checkout)[-1] == "-e .[codecs,dev,ray]"


def test_an_installation_that_did_not_end_is_made_again(installs, checkout):
    assert installs(FAILS="1")[0] == 1
    assert not (checkout / ".venv" / "installed.txt").exists()
    assert installs() == (0, [BY_NAME], "")


def test_locked_versions_stay_locked_until_more_is_asked_for(installs):
    code, lines, _ = installs("--locked")
    assert (code, len(lines), lines[1].split()[-3:]) == (
        0, 3, ["--require-hashes", "-r", "requirements.lock"],
    )  # fmt: skip
    assert installs() == (0, [], "")
    assert installs("dev") == (0, [BY_NAME], "")


def test_for_gpus_is_for_gpus_on_a_machine_without_one(installs, checkout):
    assert installs("--cuda")[0] == 0
    assert any(line.startswith("tensorflow[and-cuda]>=") for line in wanted(checkout))
    assert installs("ray")[0] == 0
    assert any(line.startswith("tensorflow[and-cuda]>=") for line in wanted(checkout))
    assert installs("--lowest")[0] == 0
    assert not any(">=" in line for line in wanted(checkout) if not line.startswith("#"))


def test_another_place_gets_an_environment_of_its_own(installs, checkout, tmp_path_factory):
    assert installs()[0] == 0
    moved = shutil.copytree(checkout, tmp_path_factory.mktemp("other") / "checkout")
    assert installs(place=moved) == (0, ["venv", BY_NAME], "")


def test_a_python_that_will_not_do_is_told(installs, checkout):
    code, lines, error = installs(TOO_OLD="1")
    assert (code, lines, error.count("\n")) == (4, [], 1)
    assert "is not Python 3.11 to 3.13: install one" in error
    assert not (checkout / ".venv").exists()


def test_the_lock_has_what_is_required():
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.M))
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    for name, least in (line.split(">=") for line in lines if ">=" in line):
        found = locked["tensorflow-cpu" if name == "tensorflow" else name]
        assert Version(found) >= Version(least), name


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
