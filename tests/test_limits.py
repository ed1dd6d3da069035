"""Disks that are full, limited or read-only, and signals: a sentence, a code, nothing lost."""

import contextlib
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import prepare_images
from report_runs import make_run

from helmholtz.data import loading
from helmholtz.io import store

ROOT = Path(__file__).parents[1]
TRAIN = ["cifar/train.py", "--batch_size", "16", "--num_epoch", "2"]


@pytest.fixture(scope="module")
def data(photos):
    return prepare_images(str(photos), [5])[5]


@pytest.fixture
def mounted(tmp_path):
    """Mount a tmpfs with given options, as only root may; gives its folder."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a tmpfs can be mounted by root only, and not everywhere")
        return folder

    yield mount
    with contextlib.suppress(OSError):
        subprocess.run(["umount", folder], capture_output=True)


def run(*command, limit=None, stdout=subprocess.PIPE):
    """(exit code, standard error) of a command; limit: of the bytes of a file, as `ulimit -f`."""
    answer = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),
    )
    return answer.returncode, answer.stderr


def is_one_sentence(error, said):
    return len(error.splitlines()) == 1 and said in error


def test_two_megabytes_for_the_logs_of_a_network_that_needs_more(mounted, data):
    folder = mounted("size=2m")
    code, error = run(*TRAIN, "--train_dir", data, "--log_dir", folder / "run")
    assert code == 4
    assert is_one_sentence(error, "The disk is full or limited"), error
    assert {p.name for p in (folder / "run").iterdir()} <= {"setting.json", "history.csv", ".lock"}


def test_a_disk_that_fills_up_leaves_the_last_checkpoint(mounted, data, tmp_path):
    folder = mounted("size=20m") / "run"
    flags = [*TRAIN[:-1], "500", "--train_dir", data, "--log_dir", folder]
    process = subprocess.Popen([sys.executable, *map(str, flags)], cwd=ROOT, stderr=-1, text=True)
    until = time.monotonic() + 60
    while not (folder / "checkpoint_0001.h5").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    with contextlib.suppress(OSError), open(folder.parent / "others", "wb") as file:
        while file.write(b"x" * 65536):
            pass
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 4
    assert is_one_sentence(error, "The disk is full or limited"), error
    for path in folder.glob("checkpoint_*.h5"):
        store.read(path)
    epochs = max(int(p.stem[-4:]) for p in folder.glob("checkpoint_*.h5"))
    (folder.parent / "others").unlink()
    code, error = run(*flags[:-5], epochs + 1, *flags[-4:], "--resume")
    assert code == 0, error
    with open(folder / "history.csv") as file:
        assert [int(row["epoch"]) for row in csv.DictReader(file)] == list(range(1, epochs + 2))


@pytest.mark.parametrize("limit", [1000, 3_000_000])
def test_a_limit_on_the_size_of_files(limit, data, tmp_path):
    code, error = run(*TRAIN, "--train_dir", data, "--log_dir", tmp_path / "run", limit=limit)
    assert code == 4
    assert is_one_sentence(error, "The disk is full or limited"), error
    assert not list(tmp_path.rglob(".tmp-*"))
    assert not list(tmp_path.rglob("checkpoint_*"))


def test_a_limit_while_preparing_leaves_the_old_data(photos, data):
    flags = ["cifar/prepare.py", "--source", photos, "--quality"]
    code, error = run(*flags, 5, 61, limit=100_000)
    assert code == 4
    assert is_one_sentence(error, "The disk is full or limited"), error
    assert run(*flags, 61)[0] == 0
    assert loading.load(data, 5).attributes["items"] == 80


def test_standard_output_on_a_full_disk(photos, data, tmp_path):
    make_run(tmp_path)
    for command in (
        ["cifar/prepare.py", "--source", photos, "--quality", 5],
        [*TRAIN, "--train_dir", data, "--log_dir", tmp_path / "run"],
        ["-m", "helmholtz.report", tmp_path, "--out", tmp_path / "report"],
    ):
        with open("/dev/full", "w") as full:
            code, error = run(*command, stdout=full)
        assert code == 4
        assert is_one_sentence(error, "The disk is full or limited"), error


def test_a_read_only_folder(mounted, data, tmp_path):
    folder = mounted("ro")
    code, error = run(*TRAIN, "--train_dir", data, "--log_dir", folder / "run")
    assert code == 4
    assert is_one_sentence(error, "Read-only file system"), error
    assert "give another folder, with --log_dir" in error
    sweep = ["-m", "helmholtz.sweep", "cifar", "--train_dir", data, "--quality", 5]
    assert run(*sweep, "--log_dir", folder / "x")[0] == 4
    make_run(tmp_path / "logs")
    assert run("-m", "helmholtz.report", tmp_path / "logs", "--out", folder / "x")[0] == 4


def test_a_folder_that_is_a_device(data):
    code, error = run(*TRAIN, "--train_dir", data, "--log_dir", "/dev/full")
    assert code == 4
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "said"), [("ResourceExhaustedError", ""), ("JaxRuntimeError", "RESOURCE_EXHAUSTED: x")]
)
def test_memory_of_a_gpu_that_is_full_ends_in_a_sentence(name, said, command):
    def main(argv):
        raise type(name, (Exception,), {})(said)

    code, error = command(main)
    assert (code, "smaller --batch_size" in error) == (4, True)


@pytest.mark.parametrize(("backend", "code"), [("jax", 4), ("torch", 2)])
def test_a_backend_that_is_not_there_or_not_ours(backend, code):
    program = "import sys; sys.modules['jax'] = None; from helmholtz import cli; "
    program += "from helmholtz.training.backend import import_keras; cli.run(import_keras)"
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert done.returncode == code, done.stderr
    assert is_one_sentence(done.stderr.decode(), "KERAS_BACKEND"), done.stderr


def test_settings_of_keras_in_the_user_s_home_change_no_network(tmp_path):
    (tmp_path / ".keras").mkdir()
    settings = {"image_data_format": "channels_first", "floatx": "float16", "backend": "tensorflow"}
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(settings))
    program = "from helmholtz.training.backend import import_keras; import_keras(); import keras; "
    program += "print(keras.config.image_data_format(), keras.config.floatx())"
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_HOME"}
    environment |= {"HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["channels_last", "float32"], done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_run_at_once(number):
    program = (
        "import time\nfrom helmholtz import cli\n"
        "def main():\n"
        "    try:\n"
        "        print('ready', flush=True)\n        time.sleep(60)\n"
        "    finally:\n"
        "        print('saving', flush=True)\n        time.sleep(60)\n"
        "cli.run(main)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=-1, stderr=-1, text=True)
    for said in ("ready", "saving"):
        assert process.stdout.readline().strip() == said
        process.send_signal(number)
    assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == -number


def test_another_python_than_that_of_the_checkout_is_told():
    command = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); "]
    command[-1] += "from helmholtz import cli; from helmholtz.export import __main__ as e; "
    command[-1] += "cli.run(lambda: e.main(['tests', '/tmp/nowhere', '--codec', 'webp', "
    command[-1] += "'--quality', '5']))"
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 4, done.stderr
    assert is_one_sentence(done.stderr, "run `sh scripts/setup.sh`, then use .venv"), done.stderr


def test_classes_of_the_longest_names_leave_room_for_their_figure(tmp_path):
    make_run(tmp_path / "logs", classes=("n" * 255, "m" * 255))
    done = run("-m", "helmholtz.report", tmp_path / "logs", "--out", tmp_path / "out")
    assert done == (0, "")
