"""The array job on a real Slurm of one machine, which this test starts and stops."""

import csv
import os
import tempfile
import time
from pathlib import Path

import pytest
from helpers import prepare_images
from own_slurm import Slurm, wait_for
from twins import TINY

from helmholtz.data import loading
from helmholtz.io import evaluations


@pytest.fixture(scope="module")
def slurm():
    """A Slurm of a node that has the cores of this machine; skips where none can be had."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    own = Slurm(folder, {"node": os.cpu_count()})
    if not own.installed():
        pytest.skip("no Slurm: apt-get install slurmctld slurmd slurm-client munge")
    try:
        if said := own.start():
            pytest.skip(f"Slurm cannot be started here: {said}")
        yield own
    finally:
        own.stop()


def test_a_task_tests_its_own_run(slurm, photos, tmp_path):
    prepare_images(str(photos), [5, 0], "--data_dir", tmp_path)
    (tmp_path / "tiny.py").write_text(TINY)
    flags = ["cifar", "--source", photos, "--quality", "5", "--seed", "0", "1", "--num_epoch", "1"]
    flags += ["--model", f"{tmp_path / 'tiny.py'}:build", "--limit", "32", "--test_quality", "0"]
    flags += ["--log_dir", tmp_path / "logs", "--data_dir", tmp_path]
    script = ["--wait", "--array=1", f"--output={tmp_path}/slurm.txt", "scripts/train-array.sbatch"]
    slurm.ask("sbatch", *script, *flags)
    said = (tmp_path / "slurm.txt").read_text()
    (folder,) = (path.parent for path in tmp_path.rglob("setting.json"))
    assert folder.name == "seed_1", said
    assert set(evaluations.read(folder)) == {("jpeg", 0), ("jpeg", 5)}, said


def test_the_tasks_of_an_array_prepare_together(slurm, photos, tmp_path):
    flags = ["cifar", "--source", photos, "--quality", "5", "50", "--shard_size", "30k"]
    flags += ["--data_dir", tmp_path]
    script = ["--array=0-1", f"--output={tmp_path}/slurm-%a.txt", "scripts/prepare-array.sbatch"]
    slurm.ask("sbatch", "--wait", *script, *flags)
    said = [path.read_text() for path in tmp_path.glob("slurm-*.txt")]
    for quality in (5, 50):
        [folder] = tmp_path.glob(f"cifar/*/quality_{quality}")
        assert loading.load(folder, quality).attributes["items"] == 80, said
        assert [f"quality {quality}: {folder}" in text for text in said] == [True] * 2
        assert not [path for path in folder.glob(".*") if path.name != ".lock"]


def test_a_preempted_run_is_queued_again_and_resumes(slurm, photos, tmp_path):
    data, network = prepare_images(str(photos), [5])[5], tmp_path / "tiny.py"
    network.write_text(TINY)
    flags = ["cifar", "--train_dir", data, "--quality", "5", "--seed", "0", "1"]
    flags += ["--model", f"{network}:build", "--num_epoch", "200", "--batch_size", "16"]
    flags += ["--limit", "32", "--log_dir", tmp_path / "logs"]
    script = ["--array=1", f"--output={tmp_path}/slurm.txt", "scripts/train-array.sbatch"]
    job = slurm.ask("sbatch", "--parsable", *script, *flags).strip()
    runs = tmp_path / "logs"
    assert not wait_for(lambda: any(runs.rglob("checkpoint_*.h5")), 90, "no epoch")
    slurm.ask("scancel", "--signal=TERM", "--batch", f"{job}_1")  # as before its time limit
    restarted = "scontrol", "show", "job", f"{job}_1"
    assert not wait_for(lambda: "Restarts=1" in slurm.ask(*restarted), 30, "not queued again")
    [folder] = (path.parent for path in runs.rglob("setting.json"))
    assert folder.name == "seed_1"
    assert not (folder / "result.json").exists()

    # Slurm itself lets two minutes pass, in which it cleans up; a job that starts at once can fail.
    time.sleep(5)
    slurm.ask("scontrol", "update", f"JobId={job}_1", "StartTime=now")
    if wait_for((folder / "result.json").exists, 75, "not finished"):
        state = slurm.ask(*restarted)
        if "JobState=RUNNING" not in state and "RunTime=00:00:00" in state:
            pytest.skip(f"Slurm queued the run again, but did not start it: {state}")
        pytest.fail(state + (tmp_path / "slurm.txt").read_text())
    with open(folder / "history.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == [str(i + 1) for i in range(200)]
    assert (folder / "train.log").read_text().count("epoch 1/200") == 1
