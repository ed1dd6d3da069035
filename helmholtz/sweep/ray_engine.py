"""Runs as Ray tasks, on nodes that share no disk.

Prepared data and what a run has written so far travel to the node with the task. What the run
writes there comes back while it trains. When the node is lost, or the sweep is stopped, the run
resumes elsewhere after the last epoch that arrived.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz import cluster, own_network
from helmholtz.cluster import ray
from helmholtz.data import shards
from helmholtz.errors import MACHINE_FAILED, UsageError
from helmholtz.io import run_state
from helmholtz.io.scratch import scratch
from helmholtz.sweep import local_engine, parcel, plan
from helmholtz.sweep.child import spawn
from helmholtz.sweep.launcher import LOST
from helmholtz.sweep.plan import Run


class Job(NamedTuple):
    run: Run
    stream: object  # of pairs (exit code or None, {file name: bytes})


class Cluster:
    """Every run is a task; Ray decides where and when it trains."""

    def __init__(self, address: str | None, cpus: int, per_gpu: int, every: int):
        cluster.connect(address)
        cluster.require_cores(cpus, "see --cpus.")
        self.head = cluster.Head()
        self.every = every  # seconds between two fetches of what a run has written
        gpus = ray.cluster_resources().get("GPU", 0)
        self.environment = local_engine.memory_share(per_gpu) if gpus else {}
        self.environment |= local_engine.threads(cpus)
        self.task = ray.remote(train).options(
            num_cpus=cpus,
            num_gpus=1 / per_gpu if gpus else 0,
            num_returns="streaming",
            scheduling_strategy="SPREAD",
            max_retries=0,  # Ray would start from the beginning; Launcher resumes
        )
        self.data = {}
        self.places = max(1, cluster.cores() // cpus)

    def has_room(self) -> bool:
        return True  # Ray queues what does not fit

    def start(self, run: Run, flags: list[str]) -> Job:
        data = self._data(plan.data_folder(run))
        files = {} if run_state.marked(run.folder) else parcel.read_new(run.folder, {})
        run.state = "queued"
        module = f"{run.domain.name}.train"
        own = own_network.of_flags(run.args) if hasattr(run.args, "own") else None
        with self.head.needed():
            task = self.task.remote(module, flags, files, data, own, self.environment, self.every)
        return Job(run, task)

    def _data(self, folder: Path):
        """The prepared files of a folder, where all nodes find them."""
        if folder not in self.data:
            files = {p.name: np.fromfile(p, np.uint8) for p in shards.all_files(folder)}
            with self.head.needed():
                self.data[folder] = ray.put(files)
        return self.data[folder]

    def poll(self, job: Job):
        """Store what has arrived; the exit code, LOST, or None while the run trains."""
        self.head.require()
        try:
            while (arrived := self._next(job)) is not None:
                code, files = arrived
                job.run.state = "running"
                parcel.write(job.run.folder, files)
                if code is not None:
                    return code
        except ray.exceptions.RayTaskError as error:  # train failed there, as on a full disk
            with open(job.run.folder / "train.log", "a", encoding="utf-8") as log:
                print(f"On the node: {error.cause}", file=log)
            return MACHINE_FAILED
        except (ray.exceptions.RayError, StopIteration):
            return LOST
        return None

    def _next(self, job: Job) -> tuple | None:
        """What has come of a job's stream, or None where nothing has."""
        with self.head.needed():
            return ray.get(next(job.stream)) if ray.wait([job.stream], timeout=0)[0] else None

    def stop(self, jobs: list[Job], seconds: float) -> None:
        """Cancel the tasks and store what they still send; they remove their own folders."""
        if self.head.lost:
            return  # what could be told of it has been told
        for job in jobs:
            ray.cancel(job.stream)
        until = time.monotonic() + seconds
        while time.monotonic() < until and None in [self.poll(job) for job in jobs]:
            time.sleep(0.1)
        ray.shutdown()


def check_paths(run: Run) -> None:
    """Raise UsageError for flags that need this machine's disk: nodes have only the project."""
    if hasattr(run.args, "own") and own_network.of_flags(run.args).kind == "module":
        raise UsageError(
            f"--model {run.args.own} is a module on this machine: Ray's nodes do not have it. Put "
            "the network into one file, FILE.py:FUNCTION."
        )
    for name, value in vars(run.args).items():
        if isinstance(value, Path) and name not in ("train_dir", "log_dir", "data_dir"):
            raise UsageError(f"--{name} names a file on this machine: Ray's nodes do not have it.")
    offline = run.args.wandb and os.environ.get("WANDB_MODE") == "offline"
    if run.args.tensorboard or offline:
        raise UsageError(
            "--tensorboard, and --wandb with WANDB_MODE=offline, write to the folder of a run, "
            "which Ray's nodes throw away: leave them out; history.csv comes back in any case."
        )


def train(
    module: str, flags: list[str], files: dict, data: dict, own, environment: dict, every: int
) -> Iterator[tuple]:
    """The task: a run in a temporary folder; yields what is new in it, as Job.stream says.

    files: those of an interrupted run. data: the prepared files. Both are bytes by name. own: the
    user's own network, whose file travels too.
    """
    yield None, {}  # it has started
    with scratch("helmholtz-") as temporary:
        folder, prepared = temporary / "run", temporary / "data"
        parcel.write(folder, files)
        prepared.mkdir()
        for name, content in data.items():
            content.tofile(prepared / name)
        flags = own_network.unpack(own, flags, temporary) if own else flags
        seen = parcel.stamps(folder, files)
        flags = [*flags, "--train_dir", str(prepared), "--log_dir", str(folder)]
        with open(folder / "train.log", "ab") as log:
            process = spawn(module, flags, environment, log)
        try:
            for code in _ticks(process, every):
                if code is not None or (folder / "history.csv").exists():
                    yield code, parcel.read_new(folder, seen, running=code is None)
        finally:
            process.kill()
            process.wait()


def _ticks(process, every: int) -> Iterator[int | None]:
    """None every so many seconds, and in the end the exit code."""
    due = time.monotonic() + every
    while (code := process.poll()) is None:
        time.sleep(0.1)
        if time.monotonic() > due:
            yield None
            due = time.monotonic() + every
    yield code
