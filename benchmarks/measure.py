"""What all benchmarks share: medians of several runs, a plain table, and the machine's name."""

import platform
import resource
import statistics
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

from helmholtz.data import preparation
from helmholtz.machine import cores, processor


def seconds(way, *arguments, runs: int = 3) -> float:
    """Median seconds of way(*arguments, folder), in an empty folder each time."""
    taken = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            way(*arguments, Path(folder))
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def prepare(items, share: int, compress, domain, codec, rate: int, folder: Path) -> None:
    """Prepare items of one class as prepare.py does; one in so many is tested."""
    labels, count = np.zeros(len(items), np.int64), len(items) // share
    parts = {"test": (items[:count], labels[:count]), "train": (items[count:], labels[count:])}
    source = preparation.Source("benchmark", "", lambda: (["all"], parts, {}))
    settings = {"codec": codec.version()}
    preparation.prepare(preparation.Job(source, {rate: folder}, settings, compress, domain.chunk))


def peak_mb() -> float:
    """Peak memory so far of this process, and of its largest child."""
    return sum(resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN)) / 1e3


def headline(what: str, *packages: str) -> None:
    """What is measured, where, with what, and when."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"{what}; {cores()} cores of {processor()}; Python {platform.python_version()}, "
          f"{versions}; {date.today()}\n", flush=True)  # fmt: skip


def row(*cells) -> None:
    """A row of a Markdown table."""
    shown = (f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells)
    print(f"| {' | '.join(shown)} |", flush=True)


def header(*names: str) -> None:
    row(*names)
    row(*("---" for _ in names))
