"""Runs as processes of this machine: its GPUs, its cores, and what each run sees of them."""

import contextlib
import itertools
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

from helmholtz.cli import workers
from helmholtz.errors import UsageError
from helmholtz.sweep.child import spawn
from helmholtz.sweep.plan import Run

CORES_A_RUN = 4  # networks as small as these gain little from more
MEMORY = 0.9  # of a GPU, for all of its runs together


class Slot(NamedTuple):
    """Room for a run: what is added to its environment, and the cores it may use."""

    environment: dict
    cores: set | None


class Job(NamedTuple):
    process: subprocess.Popen
    slot: Slot


class Local:
    """As many runs at a time as there are slots.

    program(run, flags, environment, log) starts a run and returns its process.
    """

    def __init__(self, slots: list[Slot], program: Callable | None = None):
        self.free = list(slots)
        self.size = len(slots)
        self.program = program or _train

    def has_room(self) -> bool:
        return bool(self.free)

    def start(self, run: Run, flags: list[str]) -> Job:
        """Start train.py with its output in the run's train.log; OSError when that cannot be."""
        flags = [*flags, "--log_dir", str(run.folder)]
        with open(run.folder / "train.log", "a", encoding="utf-8") as log:
            print(f"$ {run.domain.name}/train.py {shlex.join(flags)}", file=log, flush=True)
            slot = self.free[0]
            process = self.program(run, flags, slot.environment, log)
        if slot.cores:
            with contextlib.suppress(ProcessLookupError):  # it may have ended already
                os.sched_setaffinity(process.pid, slot.cores)
        run.state = "running"
        return Job(process, self.free.pop(0))

    def poll(self, job: Job) -> int | None:
        """The exit code of a run that has ended, whose slot is then free; else None."""
        code = job.process.poll()
        if code is not None:
            job.process.stdin.close()
            self.free.append(job.slot)
        return code

    def stop(self, jobs: list[Job], seconds: float) -> None:
        """Let runs stop by themselves within some seconds, and end those that have not."""
        for job in jobs:
            job.process.send_signal(signal.SIGTERM)
        try:
            until = time.monotonic() + seconds
            while any(job.process.poll() is None for job in jobs) and time.monotonic() < until:
                time.sleep(0.05)
        finally:  # a second Ctrl-C comes here at once
            for job in jobs:
                job.process.kill()
                job.process.wait()


def _train(run: Run, flags: list[str], environment: dict, log) -> subprocess.Popen:
    return spawn(f"{run.domain.name}.train", flags, environment, log)


def slots(gpus: str | None, per_gpu: int, jobs: int | None, runs: int = 1) -> list[Slot]:
    """Slots on the GPUs named, on all that are found, or on the processor's cores.

    gpus: "0,2" or None. jobs: that many runs at a time on the processor, GPU or not; by default
    what the cores allow, and no more than there are runs.
    Raises UsageError when a GPU is not there.
    """
    found = [] if jobs else find_gpus()
    if gpus is not None:
        wanted = list(dict.fromkeys(gpus.split(",")))
        missing = [gpu for gpu in wanted if gpu not in found]
        if missing:
            there = f"those here are {','.join(found)}" if found else "nvidia-smi finds none here"
            raise UsageError(f"There is no GPU {missing[0]!r}: {there}.")
        found = wanted
    if found:
        # Round after round, so that runs spread over the GPUs before they share one.
        names = [gpu for _ in range(per_gpu) for gpu in found]
        return [Slot({"CUDA_VISIBLE_DEVICES": gpu} | memory_share(per_gpu), None) for gpu in names]
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if jobs else {}
    shares = share_cores(jobs or max(1, min(runs, workers() // CORES_A_RUN)))
    return [Slot(hidden | threads(len(cores)), cores) for cores in shares]


def find_gpus() -> list[str]:
    """Names for CUDA_VISIBLE_DEVICES of the GPUs that nvidia-smi lists and we may see."""
    if not shutil.which("nvidia-smi"):
        return []
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    if answer.returncode:
        return []
    listed = [line for line in answer.stdout.splitlines() if line.startswith("GPU ")]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed and visible is not None:  # a batch system, or the user, gave us these
        return [name for name in visible.split(",") if name not in ("", "-1")]
    return [line.split()[1].rstrip(":") for line in listed]


def memory_share(per_gpu: int) -> dict:
    """Environment that leaves room on a GPU: JAX takes its share, TensorFlow what it needs."""
    return {
        "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{MEMORY / per_gpu:.3f}",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }


def threads(cores: int) -> dict:
    """Environment for systems on which a process cannot be kept to its cores, as macOS."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys(names, str(cores))


def share_cores(jobs: int) -> list[set]:
    """The cores of this process shared out among jobs; more jobs than cores take turns."""
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
    else:
        cores = list(range(workers()))
    if jobs >= len(cores):
        return [{cores[i % len(cores)]} for i in range(jobs)]
    edges = [i * len(cores) // jobs for i in range(jobs + 1)]
    return [set(cores[a:b]) for a, b in itertools.pairwise(edges)]
