"""The array job on a real Slurm of one machine, which this test starts and stops."""

import csv
import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from helpers import prepare_images

import cifar
from helmholtz.data import loading
from helmholtz.io import evaluations

ROOT = Path(cifar.__file__).parents[1]
DAEMONS = ("munged", "slurmctld", "slurmd")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES
"""


def wait_for(condition, seconds, what):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return what
        time.sleep(0.2)
    return None


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def daemons(folder):
    """The commands that start munged, slurmctld and slurmd, all of them in the foreground."""
    path = os.environ["PATH"] + ":/usr/sbin"
    munged, control, node = (shutil.which(name, path=path) for name in DAEMONS)
    files = ("key-file", "socket", "pid-file", "log-file", "seed-file")
    places = [f"--{name}={folder}/munge.{name.removesuffix('-file')}" for name in files]
    return [[munged, "--foreground", "--force", *places], [control, "-D"], [node, "-D"]]


@pytest.fixture
def slurm():
    """The environment in which sbatch finds a Slurm of our own; skips where none can be had."""
    if None in (command[0] for command in daemons("")):
        pytest.skip("no Slurm: apt-get install slurmctld slurmd slurm-client munge")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    host, user = socket.gethostname().split(".")[0], getpass.getuser()
    values = {"folder": folder, "host": host, "user": user, "ports": free_ports(2)}
    text = CONFIGURATION.format(**values, cores=os.cpu_count())
    (folder / "slurm.conf").write_text(text)
    environment = os.environ | {
        "SLURM_CONF": str(folder / "slurm.conf"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    started = []
    try:
        for command in daemons(folder):
            log = open(folder / f"{Path(command[0]).name}.txt", "w")  # noqa: SIM115
            started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
            time.sleep(0.5)
        ready = ["sinfo", "--noheader", "--format=%t"]
        missing = wait_for(lambda: ask(ready, environment).strip() == "idle", 20, "no idle node")
        if missing:
            logs = [path.read_text()[-400:] for path in sorted(folder.glob("slurm*.txt"))]
            pytest.skip(f"Slurm cannot be started here: {logs}")
        yield environment
    finally:
        ask(["scancel", f"--user={user}"], environment)
        for process in reversed(started):
            process.terminate()
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def ask(command, environment):
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    return answer.stdout


def test_a_task_tests_its_own_run(slurm, photos, tmp_path):
    flags = ["cifar", "--source", photos, "--quality", "5", "--seed", "0", "1", "--num_epoch", "1"]
    flags += ["--limit", "32", "--log_dir", tmp_path / "logs", "--data_dir", tmp_path]
    flags += ["--test_quality", "0"]
    script = ["--wait", "--array=1", f"--output={tmp_path}/slurm.txt", "scripts/train-array.sbatch"]
    ask(["sbatch", *script, *map(str, flags)], slurm)
    said = (tmp_path / "slurm.txt").read_text()
    (folder,) = (path.parent for path in tmp_path.rglob("setting.json"))
    assert folder.name == "seed_1", said
    assert set(evaluations.read(folder)) == {("jpeg", 0), ("jpeg", 5)}, said


def test_the_tasks_of_an_array_prepare_together(slurm, photos, tmp_path):
    flags = ["cifar", "--source", photos, "--quality", "5", "50", "--shard_size", "30k"]
    flags += ["--data_dir", tmp_path]
    script = ["--array=0-1", f"--output={tmp_path}/slurm-%a.txt", "scripts/prepare-array.sbatch"]
    ask(["sbatch", "--wait", *script, *map(str, flags)], slurm)
    said = [path.read_text() for path in tmp_path.glob("slurm-*.txt")]
    for quality in (5, 50):
        [folder] = tmp_path.glob(f"cifar/*/quality_{quality}")
        assert loading.load(folder, quality).attributes["items"] == 80, said
        assert [f"quality {quality}: {folder}" in text for text in said] == [True] * 2
        assert not [path for path in folder.glob(".*") if path.name != ".lock"]


def test_a_preempted_run_is_queued_again_and_resumes(slurm, photos, tmp_path):
    data = prepare_images(str(photos), [5])[5]
    flags = ["cifar", "--train_dir", data, "--quality", "5", "--seed", "0", "1", "--num_epoch", "9"]
    flags += ["--batch_size", "16", "--limit", "32", "--log_dir", tmp_path / "logs"]
    script = ["--array=1", f"--output={tmp_path}/slurm.txt", "scripts/train-array.sbatch"]
    job = ask(["sbatch", "--parsable", *script, *map(str, flags)], slurm).strip()
    folder = tmp_path / "logs" / "cifar" / data.parent.name / "all-cnns" / "quality_5" / "seed_1"

    assert not wait_for(lambda: any(folder.glob("checkpoint_*.h5")), 90, "no epoch")
    ask(["scancel", "--signal=TERM", "--batch", f"{job}_1"], slurm)  # as before its time limit
    restarted = ["scontrol", "show", "job", f"{job}_1"]
    assert not wait_for(lambda: "Restarts=1" in ask(restarted, slurm), 30, "not queued again")
    assert not (folder / "result.json").exists()

    # Slurm itself lets two minutes pass, in which it cleans up; a job that starts at once can fail.
    time.sleep(5)
    ask(["scontrol", "update", f"JobId={job}_1", "StartTime=now"], slurm)
    if wait_for((folder / "result.json").exists, 75, "not finished"):
        state = ask(restarted, slurm)
        if "JobState=RUNNING" not in state and "RunTime=00:00:00" in state:
            pytest.skip(f"Slurm queued the run again, but did not start it: {state}")
        pytest.fail(state + (tmp_path / "slurm.txt").read_text())
    with open(folder / "history.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == [str(i + 1) for i in range(9)]
    assert (folder / "train.log").read_text().count("epoch 1/9") == 1
    assert not (folder.parent / "seed_0").exists()
