"""Two processes in one folder: one waits or is refused, in a sentence; and nothing is mixed."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import prepare_images
from PIL import Image
from report_runs import make_run

from helmholtz import cli
from helmholtz.blackbox import __main__ as blackbox
from helmholtz.errors import MachineError
from helmholtz.export import __main__ as export
from helmholtz.io import files, run_state
from helmholtz.report import __main__ as report

ROOT = Path(__file__).parents[1]
HOLD = "import sys, time; from pathlib import Path; from helmholtz.io import files, run_state\n"
HOLD += "lock = getattr({place}, {name!r})(Path(sys.argv[1]))\n"
HOLD += "with lock:\n    print('held', flush=True)\n    time.sleep({seconds})\n"


def holder(folder, place="files", name="locked", seconds=60):
    """Another process that has the lock of a folder, for some seconds."""
    program = HOLD.format(place=place, name=name, seconds=seconds)
    process = subprocess.Popen(
        [sys.executable, "-c", program, folder], stdout=-1, text=True, cwd=ROOT
    )
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def images(tmp_path):
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    for i in range(3):
        Image.new("RGB", (32, 32), (80 * i, 0, 0)).save(tmp_path / "photos" / "cat" / f"{i}.png")
    return tmp_path / "photos"


def test_an_export_waits_for_the_other_and_says_so(images, tmp_path, command):
    other = holder(tmp_path / "out", seconds=2)
    words = [images, tmp_path / "out", "--codec", "webp", "--quality", 25]
    code, error = command(export.main, *words)
    assert (code, error) == (0, f"Waiting for another process that works in {tmp_path / 'out'}.\n")
    assert other.wait() == 0
    assert len(list((tmp_path / "out").rglob("*.webp"))) == 3


def test_a_report_removes_what_a_killed_one_left_under_its_lock(tmp_path, command):
    make_run(tmp_path / "logs")
    out = tmp_path / "out"
    (out / "figures").mkdir(parents=True)
    for leftover in (out / ".tmp-1-runs.csv", out / "figures" / ".tmp-1-a.svg"):
        leftover.touch()
    holder(out).kill()  # its lock ends with it
    assert command(report.main, tmp_path / "logs", "--out", out) == (0, "")
    assert not list(out.rglob(".tmp-*"))
    assert (out / files.LOCK).exists()


def test_of_two_black_boxes_the_later_one_changes_nothing(photos, tmp_path, command):
    words = ["cifar", "--source", photos, "--log_dir", tmp_path, "--limit", 4, "--quality", 5]
    answer = "import os, sys; [print(n + ',dark') for n in sorted(os.listdir(sys.argv[1]))]"
    box = ["--", sys.executable, "-c"]
    inner = [sys.executable, "-m", "helmholtz.blackbox", *words, *box, answer, "{folder}"]
    inner = repr([str(word) for word in inner]).replace("{folder}", "{' 'folder}")
    while_it_runs = f"import subprocess; subprocess.run({inner}, stdout=-3, cwd={str(ROOT)!r})"
    code, error = command(blackbox.main, *words, *box, f"{while_it_runs}; {answer}", "{folder}")
    assert (code, "is there: give --overwrite" in error) == (2, True), error
    folder = next(tmp_path.rglob("result.json")).parent
    other = holder(folder, "run_state", "held")
    code, error = command(blackbox.main, *words, "--overwrite", *box, answer, "{folder}")
    assert (code, "by another process" in error) == (2, True), error
    other.kill()


def test_a_sweep_leaves_a_run_that_is_trained_by_itself_alone(tmp_path):
    """It would remove the file that the other is writing, and call the run a failure."""
    other = holder(tmp_path / "run", "run_state", "held")
    assert run_state.take(tmp_path / "run") is None
    other.kill()
    other.wait()
    lock = run_state.take(tmp_path / "run")
    assert lock is not None
    lock.release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told(number, photos, tmp_path, monkeypatch, command):
    there = prepare_images(str(photos), [5])

    def flock(fd, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(MachineError, match="has no locks"), files.locked(tmp_path / "a"):
        pass
    with pytest.raises(MachineError, match="has no locks"):
        run_state.take(tmp_path / "b")
    assert prepare_images(str(photos), [5]) == there  # what is prepared can be read
    code, error = command(lambda argv: cli.run(lambda: run_state.held(tmp_path).__enter__()))
    assert (code, len(error.splitlines())) == (4, 1)


def test_setup_waits_for_the_other_and_mends_a_venv_without_pip(tmp_path):
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "requirements.txt").write_text("-e .\n")
    (tmp_path / "pyproject.toml").write_text("")
    half = tmp_path / ".venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    half.write_text("#!/bin/sh\nexit 1\n")
    half.chmod(0o755)
    python = tmp_path / "python"  # its venv is a shell script that notes what it is asked
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -m ] || exec {sys.executable} "$@"\n'
        "mkdir -p .venv/bin; printf '#!/bin/sh\\necho \"$@\" >>said\\n' >.venv/bin/python\n"
    )
    python.chmod(0o755)
    with open(tmp_path / "scripts" / "setup.sh", "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        process = subprocess.Popen(
            ["sh", "scripts/setup.sh"], cwd=tmp_path, stderr=-1, stdout=-1, text=True,
            env=os.environ | {"PYTHON": str(python)},
        )  # fmt: skip
        assert process.stderr.readline() == "Waiting for another setup.sh of this checkout ...\n"
        time.sleep(0.2)
        assert process.poll() is None
    _, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (0, "")
    assert "install" in (tmp_path / "said").read_text()


@pytest.mark.parametrize("number", files.NO_LOCKS)
def test_a_preparation_on_a_file_system_without_locks_is_refused(tmp_path, monkeypatch, number):
    def flock(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(files.NoLocks, match="has no locks: give"), files.together(tmp_path, "x"):
        pytest.fail("it was taken")
