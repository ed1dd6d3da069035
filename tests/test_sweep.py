"""Sweeps on one machine: the list, what is refused, and real launchers with real children."""

import contextlib
import csv
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import prepare_images

import cifar
from audio import domain as audio
from cifar import train
from cifar.constants import QUALITIES
from cifar.domain import DOMAIN
from helmholtz import machine
from helmholtz.io import run_state, runs
from helmholtz.report import __main__ as report
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import conduct, launcher, local_engine, parcel, plan

ROOT = Path(cifar.__file__).parents[1]
SWEEP = [sys.executable, "-m", "helmholtz.sweep"]
IMAGES, SOUND = list(DOMAIN.networks), list(audio.DOMAIN.networks)
QUICK = ["--batch_size", "16", "--learning_rate", "0.05"]

# A run that takes a moment, notes what it was given, and writes what makes it finished.
STAND_IN = """
import json, os, sys, time
folder, seconds, code = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
flags = json.loads(sys.argv[4])
with open(os.path.join(folder, "starts.txt"), "a") as file:
    print(json.dumps({"environment": dict(os.environ), "from": time.time()}), file=file)
time.sleep(seconds)
if code:
    sys.exit(code)
json.dump({"flags": flags}, open(os.path.join(folder, "setting.json"), "w"))
json.dump({"best_val_acc": 0.5, "best_epoch": 1}, open(os.path.join(folder, "result.json"), "w"))
"""


def planned(folder, *flags, source="sample"):
    args, rest = sweep.parse_args(["cifar", "--log_dir", str(folder), *flags])
    return plan.plan(args, ["--source", source, *rest])


def stand_in(seconds, code=0):
    """A program for Local that trains nothing for some seconds."""

    def program(run, flags, environment, log):
        command = [sys.executable, "-S", "-c", STAND_IN, run.folder, str(seconds), str(code)]
        return subprocess.Popen(
            [*command, json.dumps(vars(run.args))],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=os.environ | environment,
        )

    return program


def work_off(all_runs, slots, seconds, code=0, retries=0):
    engine = local_engine.Local(slots, stand_in(seconds, code))
    launcher.Launcher(all_runs, engine, retries, lambda *_: None).conduct()


def starts(run):
    return [json.loads(line) for line in open(run.folder / "starts.txt")]


def rows(folder):
    with open(folder / "history.csv") as file:
        return list(csv.DictReader(file))


def wait_for(condition, seconds=90):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.05)


def alive(text):
    """Processes whose command line holds text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def test_the_list_is_the_product_and_the_published_rates_are_the_default(tmp_path):
    all_runs = planned(tmp_path, "--setting", "0", "2", "--seed", "0", "1", "--quality", "5", "1")
    assert len({run.folder for run in all_runs}) == 8
    assert [run.number for run in all_runs] == list(range(8))
    first = tmp_path / "cifar" / "sample" / "all-cnns" / "quality_5" / "seed_0"
    assert all_runs[0].folder == first
    assert [run.rate for run in planned(tmp_path)] == [1, 5, 10, 15, 20, 25, 50, 75, 100]
    twice = planned(tmp_path, "--model", "all-cnns", "--quality", "5", "5")
    assert [run.folder for run in twice] == [first]


def test_a_run_lies_where_train_py_puts_it(photos):
    args, rest = sweep.parse_args(["cifar", "--quality", "5", "--source", str(photos)])
    run = plan.plan(args, rest)[0]
    folder = prepare_images(str(photos), [5])[5]
    assert run.folder == runs.folder_of(DOMAIN, run.args, folder.parent.name, 5)
    assert plan.data_folder(run) == folder


def test_data_is_prepared_with_the_flags_of_the_runs(photos):
    flags = ["--quality", "5", "--size", "48", "--limit", "9"]
    run = planned("logs", *flags, source=str(photos))[0]
    assert plan.source_flags(run) == [
        "--codec", "jpeg", "--source", str(photos), "--size", "48", "--store", "auto",
    ]  # fmt: skip
    args, rest = sweep.parse_args(["audio", "-c", "sample", "-m", "-d", "1", "--num_epoch", "2"])
    run = plan.plan(args, rest)[0]
    assert run.folder.parts[-4:-1] == ("sample-mono-dur1", "cnn_x3_mlp_0", "bitrate_8")
    flags = plan.source_flags(run)
    assert {"--source", "sample", "--mono", "--dur", "1.0"} <= set(flags)
    assert not {"--bitrate", "--num_epoch", "--phase"} & set(flags)


def test_every_node_trains_in_the_launcher_s_precision(monkeypatch):
    for here, precision in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(machine, "gains_by_bfloat16", lambda here=here: here)
        (run,) = planned("logs", "--model", "quick", "--quality", "5")
        with monkeypatch.context() as node:
            node.setattr(machine, "gains_by_bfloat16", lambda here=here: not here)
            assert train.parse_args(run.flags).precision == precision


@pytest.mark.parametrize(
    ("script", "flags", "expected"),
    [
        (
            "scripts/train-all-cnns.sh",
            [],
            [f"quality {i}  all-cnns" for i in QUALITIES],
        ),
        (
            "cifar/scripts/train-all-settings.sh",
            [],
            [f"quality 25  {m}" for m in IMAGES[1:6]],
        ),
        (
            "scripts/train-all-settings.sh",
            ["audio"],
            [f"32 kb/s  {m}" for m in SOUND[1:6]],
        ),
        ("audio/scripts/train-all-cnns.sh", ["--seed", "1"], ["8 kb/s  cnn_x3_mlp_0"] + 6 * [""]),
    ],
)
def test_the_published_scripts(script, flags, expected):
    folder = ROOT / script.split("/")[0] if script[0] in "ca" else ROOT
    command = ["sh", str((ROOT / script).relative_to(folder)), *flags]
    command += ["--source", "sample", "--num_epoch", "20", "--dry_run"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout
    lines = [" ".join(line.split()) for line in said.splitlines()[1:]]
    assert len(lines) == len(expected), said
    for number, (line, words) in enumerate(zip(lines, expected, strict=True)):
        assert line.startswith(" ".join([str(number), *words.split()])), line


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--quality", "5", "101"], 2, "'101' is not a whole number from 0 to 100"),
        (["--setting", "8"], 2, "from 0 to 7"),
        (["--model", "resnet"], 2, "There is no network resnet"),
        (["--num_epoch", "0"], 2, "1 or more"),
        (["--nonsense"], 2, "unrecognized arguments: --nonsense"),
        (["--quality"], 2, "expected at least one argument"),
        (["--resume"], 2, "resumed by itself"),
        (["--only", "9"], 2, "the last is run 8"),
        (["--gpus", "97"], 2, "There is no GPU '97'"),
        (["--address", "x:1"], 2, "add --engine ray"),
        (["--cpus", "4"], 2, "add --engine ray"),
        (["--sync", "5"], 2, "add --engine ray"),
        (["--source", "/nowhere"], 3, "does not exist"),
    ],
)
def test_mistakes_are_told_before_anything_starts(flags, code, said, command, tmp_path):
    answer = command(sweep.main, "cifar", "--log_dir", tmp_path / "logs", *flags)
    assert (answer[0], said in answer[1]) == (code, True), answer
    assert not (tmp_path / "logs").exists()


def test_no_keras_in_the_launcher():
    program = (
        "import sys, helmholtz.sweep.__main__ as s\n"
        "s.main('cifar --source sample --dry_run'.split())\n"
        "print({'keras', 'tensorflow', 'ray'} & set(sys.modules), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.stderr.strip() == "set()"
    assert len(answer.stdout.splitlines()) == 1 + 9


def pretend(run, finished=True, **changed):
    """Leave a folder as a run with these flags would."""
    run.folder.mkdir(parents=True)
    flags = {k: str(v) if isinstance(v, Path) else v for k, v in vars(run.args).items()}
    (run.folder / "setting.json").write_text(json.dumps({"flags": flags | changed}))
    (run.folder / ("result.json" if finished else "checkpoint_0001.h5")).write_text("{}")


def test_what_is_left_to_do(tmp_path, command, capsys):
    first, second, third, fourth = planned(tmp_path, "--quality", "1", "5", "10", "15")
    pretend(first, model="all-cnns", setting=0, source="./sample")  # other words for the same
    pretend(second, finished=False, num_epoch=7)  # may be more epochs now
    pretend(third, num_epoch=7)
    looks = [plan.outlook(run)[0] for run in (first, second, third, fourth)]
    assert looks == ["skip", "resume", "refuse", "start"]
    flags = ["cifar", "--source", "sample", "--log_dir", tmp_path, "--quality", "1", "5", "10"]
    code, error = command(sweep.main, *flags)
    assert (code, "--num_epoch 7, not 200" in error) == (2, True), error
    assert command(sweep.main, *flags, "--overwrite", "--dry_run")[0] == 0
    assert command(sweep.main, *flags[:-1], "--dry_run") == (0, "")
    assert plan.outlook(third, overwrite=True)[0] == "start"


def test_it_ends_with_the_command_that_reports_on_it(tmp_path, capsys):
    root = tmp_path / "my logs"
    (run,) = planned(root, "--quality", "5")
    pretend(run)
    (run.folder / "result.json").write_text('{"best_val_acc": 0.5, "best_epoch": 1}')
    flags = ["cifar", "--source", "sample", "--quality", "5", "--log_dir", str(root)]
    sweep.main(flags)
    *_, where, last = capsys.readouterr().out.splitlines()
    assert where == f"The runs are in {root}"
    words = shlex.split(last.removeprefix("Report on them: "))
    assert words[:3] == ["python", "-m", "helmholtz.report"]
    assert report.parse_args(words[3:]).folders == [root]
    sweep.main([*flags, "--dry_run"])
    assert "helmholtz.report" not in capsys.readouterr().out


def test_more_epochs_than_are_wanted_are_no_run_to_resume(tmp_path):
    (run,) = planned(tmp_path, "--quality", "5", "--num_epoch", "9")
    pretend(run, finished=False)
    assert plan.outlook(run) == ("resume", "after epoch 1")
    (run.folder / "checkpoint_10000.h5").touch()
    assert plan.outlook(run)[1] == "interrupted after epoch 10000, beyond --num_epoch 9"


def test_overwriting_marks_all_runs_first_but_those_of_another_launcher(tmp_path):
    mine, other = planned(tmp_path, "--quality", "5", "10")
    pretend(mine)
    pretend(other)
    lock = run_state.take(other.folder)
    conduct.mark([mine, other])
    lock.release()
    assert plan.outlook(mine) == ("start", "anew")
    assert plan.outlook(other)[0] == "skip"
    assert (mine.folder / "result.json").exists()  # until the new run has an epoch
    run_state.take(mine.folder).release()


def test_every_run_sees_its_gpu_and_its_share(tmp_path, monkeypatch):
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text('#!/bin/sh\nfor i in 0 1 2; do echo "GPU $i: Some (UUID: GPU-$i)"; done\n')
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{smi.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert local_engine.find_gpus() == ["0", "1", "2"]
    all_runs = planned(tmp_path, "--quality", "1", "5", "10", "15")
    work_off(all_runs, local_engine.slots("0,2", 2, None), 0.2)
    seen = [starts(run)[0]["environment"] for run in all_runs]
    assert [e["CUDA_VISIBLE_DEVICES"] for e in seen] == ["0", "2", "0", "2"]
    assert {e["XLA_PYTHON_CLIENT_MEM_FRACTION"] for e in seen} == {"0.450"}
    assert {e["TF_FORCE_GPU_ALLOW_GROWTH"] for e in seen} == {"true"}
    on_processor = local_engine.slots(None, 1, 2)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in on_processor] == ["", ""]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")  # as a batch system sets it
    assert local_engine.find_gpus() == ["2"]


@pytest.mark.parametrize(("code", "times"), [(3, 1), (4, 3)])
def test_what_may_pass_is_tried_again(code, times, tmp_path):
    bad, good = planned(tmp_path, "--quality", "1", "5")
    pretend(good)
    work_off([bad, good], local_engine.slots(None, 1, 1), 0, code, retries=2)
    assert (bad.state, good.state) == ("failed", "done")
    assert f"exit code {code}" in bad.note
    assert bad.code == code
    assert len(starts(bad)) == times
    assert run_state.take(bad.folder)  # it was let go


class Failing:
    """An engine whose machines are lost, each after so many epochs."""

    def __init__(self, epochs):
        self.epochs, self.starts = epochs, 0

    def has_room(self):
        return True

    def start(self, run, flags):
        self.starts += 1
        return run

    def poll(self, run):
        lines = [f"{epoch},0.5" for epoch in range(1, 1 + self.epochs * self.starts)]
        (run.folder / "setting.json").write_text("{}")
        (run.folder / "history.csv").write_text("\n".join(["epoch,val_acc", *lines]))
        return launcher.LOST if self.starts < 20 else 1


@pytest.mark.parametrize(("epochs", "times"), [(1, 20), (0, 1 + launcher.LOSSES)])
def test_machines_may_be_lost_as_long_as_a_run_goes_on(epochs, times, tmp_path):
    [run] = planned(tmp_path, "--quality", "5")
    engine = Failing(epochs)
    launcher.Launcher([run], engine, 0, lambda *_: None).conduct()
    assert (run.state, engine.starts) == ("failed", times)


def test_cores_are_shared_out():
    mine = os.sched_getaffinity(0)
    shares = local_engine.share_cores(2)
    assert set().union(*shares) == mine
    assert sum(map(len, shares)) == max(2, len(mine))
    assert len(local_engine.share_cores(len(mine) + 3)) == len(mine) + 3


def test_slots_are_kept_busy(tmp_path):
    """12 runs of equal length on 2 slots take little more than half of what they take in a row."""
    all_runs = planned(tmp_path, "--quality", *map(str, range(1, 13)))
    began = time.time()
    work_off(all_runs, local_engine.slots(None, 1, 2), 1.0)
    seconds = time.time() - began
    ends = [(run.folder / "result.json").stat().st_mtime for run in all_runs]
    begins = [(run.folder / "train.log").stat().st_mtime for run in all_runs]
    assert seconds <= 1.15 * (sum(ends) - sum(begins)) / 2


TWO_LAUNCHERS = """
import test_sweep as t
all_runs = t.planned({logs!r}, "--quality", "1", "2", "3", "4", "5", "6")
input()
t.work_off(all_runs, t.local_engine.slots(None, 1, 2), 0.5)
"""


def test_a_system_that_binds_no_process_to_cores_trains_too(tmp_path, monkeypatch):
    for name in ("sched_getaffinity", "sched_setaffinity"):
        monkeypatch.delattr(os, name)  # as on macOS
    (run,) = planned(tmp_path, "--quality", "5")
    work_off([run], local_engine.slots(None, 1, 1), 0)
    assert (run.state, starts(run)[0]["environment"]["OMP_NUM_THREADS"]) == (
        "done",
        str(os.cpu_count()),
    )


def test_a_log_folder_whose_name_is_no_utf_8_is_trained_in(tmp_path):
    """As every name beyond ASCII is where the locale is C and Python is told to follow it."""
    (run,) = planned(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe4")), "--quality", "5")
    work_off([run], local_engine.slots(None, 1, 1), 0)
    assert (run.state, run.note) == ("done", "")


def test_two_launchers_share_the_runs(tmp_path):
    command = [sys.executable, "-c", TWO_LAUNCHERS.format(logs=str(tmp_path))]
    here = Path(__file__).parent
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, cwd=here) for _ in range(2)]
    for process in both:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [process.wait(60) for process in both] == [0, 0]
    all_runs = planned(tmp_path, "--quality", "1", "2", "3", "4", "5", "6")
    assert [len(starts(run)) for run in all_runs] == [1] * 6
    assert [plan.outlook(run)[0] for run in all_runs] == ["skip"] * 6


def tiny_disk(folder):
    """A disk of a megabyte at folder; skips where none can be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here (it takes root)")


def test_a_full_disk_is_told_before_anything_starts(tmp_path, command):
    tiny_disk(tmp_path / "disk")
    try:
        flags = ["--source", "sample", "--quality", "5", "--log_dir", tmp_path / "disk" / "logs"]
        code, error = command(sweep.main, "cifar", *flags)
        assert (code, "make room" in error) == (4, True), error
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)


@pytest.fixture
def folders(photos, tmp_path):
    """The flags of a real sweep, and its logs; all that it writes goes where it is told to."""
    data, logs = tmp_path / "data", tmp_path / "logs"
    places = ["--data_dir", str(data), "--log_dir", str(logs)]
    yield ["--source", str(photos), *places, *QUICK], logs
    assert list(data.glob("cifar/*/quality_*/train.h5"))


def test_a_night_with_accidents(folders):
    """Six runs, one that cannot work; the launcher is killed, and two take its place at once."""
    flags, logs = folders
    command = [*SWEEP, "cifar", "--quality", "1", "5", "10", "--seed", "0", "1", *flags]
    command += ["--num_epoch", "3", "--jobs", "2", "--retries", "0"]
    args, rest = sweep.parse_args(command[3:])
    all_runs = plan.plan(args, rest)
    broken = all_runs[3].folder / "setting.json"
    broken.mkdir(parents=True)  # a folder where a file has to be

    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: any(logs.rglob("checkpoint_0001.h5")))
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not alive(str(logs)), 20)  # no orphans
    kept = {checkpoint.parent for checkpoint in logs.rglob("checkpoint_*.h5")}
    assert kept
    assert kept <= {run.folder for run in all_runs}

    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=200)[0] for process in both]
    assert 1 in [process.returncode for process in both], said
    assert any("seed 1 failed: exit code 4" in s and "The machine refused" in s for s in said), said
    for run in all_runs:
        if run is all_runs[3]:
            assert not (run.folder / "result.json").exists()
            continue
        log = (run.folder / "train.log").read_text()
        if run.folder in kept:  # another run may have been killed before its first checkpoint
            assert log.count("epoch 1/3") == 1, log
        assert [row["epoch"] for row in rows(run.folder)] == ["1", "2", "3"]
        assert plan.outlook(run) == ("skip", "finished")


def test_ctrl_c_stops_the_children_and_exits_75(folders):
    flags, logs = folders
    command = [*SWEEP, "cifar", "--quality", "5", *flags, "--num_epoch", "500"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(logs.rglob("checkpoint_*.h5")))
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 75
    assert "the same command, without --overwrite, continues" in error
    assert not alive(str(logs))
    log = next(logs.rglob("train.log")).read_text()
    assert "Interrupted" in log  # the run stopped by itself
    assert plan.outlook(plan.plan(*sweep.parse_args(command[3:]))[0])[0] == "resume"


def test_nothing_but_the_files_of_a_run_is_accepted(tmp_path):
    sent = dict.fromkeys(["../evil.txt", "/etc/evil", "evil.sh", "x/result.json"], b"")
    parcel.write(tmp_path / "run", sent | {"result.json": b"{}", "checkpoint_0001.h5": b"1"})
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        "checkpoint_0001.h5",
        "result.json",
        "run",
    ]


def test_only_what_changed_is_sent(tmp_path):
    seen = {}
    (tmp_path / "history.csv").write_text("epoch\n")
    (tmp_path / "result.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("not a run's")
    assert set(parcel.read_new(tmp_path, seen, running=True)) == {"history.csv"}
    assert set(parcel.read_new(tmp_path, seen)) == {"result.json"}
    os.utime(tmp_path / "history.csv", ns=(1, 1))
    assert parcel.read_new(tmp_path, seen) == {"history.csv": b"epoch\n"}
