"""Runs as processes of this machine, each with its share of the GPUs or cores."""

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

from helmholtz.errors import UsageError
from helmholtz.machine import cores
from helmholtz.sweep.child import spawn
from helmholtz.sweep.plan import Run

CORES_A_RUN = 4  # networks this small gain little from more
MEMORY = 0.9  # of a GPU, for all of its runs together


class Slot(NamedTuple):
    """Room for a run: additions to its environment, and the cores that it may use."""

    environment: dict
    cores: set | None


class Job(NamedTuple):
    process: subprocess.Popen
    slot: Slot


def _train(run: Run, flags: list[str], environment: dict, log) -> subprocess.Popen:
    return spawn(f"{run.domain.name}.train", flags, environment, log)


class Local:
    """As many runs at a time as there are slots.

    program(run, flags, environment, log) starts a run and returns its process.
    """

    def __init__(self, slots: list[Slot], program: Callable = _train):
        self.free, self.program, self.places = list(slots), program, len(slots)

    def has_room(self) -> bool:
        return bool(self.free)

    def start(self, run: Run, flags: list[str]) -> Job:
        """Start train.py with its output in the run's train.log; OSError when that fails."""
        flags = [*flags, "--log_dir", str(run.folder)]
        escaped = {"encoding": "utf-8", "errors": "backslashreplace"}  # names that are no UTF-8
        with open(run.folder / "train.log", "a", **escaped) as log:
            print(f"$ {run.domain.name}/train.py {shlex.join(flags)}", file=log, flush=True)
            slot = self.free[0]
            process = self.program(run, flags, slot.environment, log)
        if slot.cores:
            with contextlib.suppress(ProcessLookupError, AttributeError):  # it has ended; macOS
                os.sched_setaffinity(process.pid, slot.cores)
        run.state = "running"
        return Job(process, self.free.pop(0))

    def poll(self, job: Job) -> int | None:
        """The exit code of a run that has ended, which frees its slot; else None."""
        code = job.process.poll()
        if code is not None:
            job.process.stdin.close()
            self.free.append(job.slot)
        return code

    def stop(self, jobs: list[Job], seconds: float) -> None:
        """Ask runs to stop, and kill those that still run after so many seconds."""
        for job in jobs:
            job.process.send_signal(signal.SIGTERM)
        try:
            until = time.monotonic() + seconds
            while any(job.process.poll() is None for job in jobs) and time.monotonic() < until:
                time.sleep(0.05)
        finally:  # at once after a second Ctrl-C
            for job in jobs:
                job.process.kill()
                job.process.wait()


def slots(gpus: str | None, per_gpu: int, jobs: int | None, runs: int = 1) -> list[Slot]:
    """Slots on the GPUs named, on all that are found, or on the processor's cores.

    gpus: "0,2" or None. jobs: so many runs at a time on the processor, even with a GPU; by default
    as many as the cores allow, and no more than there are runs. Raises UsageError when there is
    no such GPU.
    """
    found = [] if jobs else find_gpus()
    chosen = found if gpus is None else list(dict.fromkeys(gpus.split(",")))
    if missing := [gpu for gpu in chosen if gpu not in found]:
        there = f"those here are {','.join(found)}" if found else "nvidia-smi finds none here"
        raise UsageError(f"There is no GPU {missing[0]!r}: {there}.")
    if chosen:  # in turn, so that runs spread over the GPUs before they share one
        share = memory_share(per_gpu)
        return [Slot({"CUDA_VISIBLE_DEVICES": gpu} | share, None) for gpu in chosen * per_gpu]
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if jobs else {}
    shares = share_cores(jobs or max(1, min(runs, cores() // CORES_A_RUN)))
    return [Slot(hidden | threads(len(share)), share) for share in shares]


def find_gpus() -> list[str]:
    """The GPUs that nvidia-smi lists and we may use, as CUDA_VISIBLE_DEVICES names them."""
    if not shutil.which("nvidia-smi"):
        return []
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    if answer.returncode:
        return []
    listed = [line for line in answer.stdout.splitlines() if line.startswith("GPU ")]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed and visible is not None:  # set by a batch system, or by the user
        return [name for name in visible.split(",") if name not in ("", "-1")]
    return [line.split()[1].rstrip(":") for line in listed]


def memory_share(per_gpu: int) -> dict:
    """Environment for sharing a GPU: JAX takes its share, TensorFlow what it needs."""
    return {
        "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{MEMORY / per_gpu:.3f}",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }


def threads(count: int) -> dict:
    """Environment for so many threads, where a process cannot be bound to cores, as on macOS."""
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys(names, str(count))


def share_cores(jobs: int) -> list[set]:
    """The cores of this process shared out among jobs; more jobs than cores share them."""
    known = hasattr(os, "sched_getaffinity")  # not on macOS
    mine = sorted(os.sched_getaffinity(0))[: cores()] if known else list(range(cores()))
    if jobs >= len(mine):
        return [{mine[i % len(mine)]} for i in range(jobs)]
    edges = [i * len(mine) // jobs for i in range(jobs + 1)]
    return [set(mine[a:b]) for a, b in itertools.pairwise(edges)]
