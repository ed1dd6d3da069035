"""This machine: its processor, its cores, its memory."""

import contextlib
import os
import platform
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # control groups, version 2


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def available_memory() -> int | None:
    """Bytes that this process may still take: the system's, or its control group's if less."""
    found = []
    with contextlib.suppress(OSError, KeyError):
        found.append(1024 * _table(Path("/proc/meminfo"))["MemAvailable:"])
    with contextlib.suppress(OSError, KeyError, ValueError):  # ValueError: the limit is "max"
        limit = int((CGROUP / "memory.max").read_text())
        used, stat = int((CGROUP / "memory.current").read_text()), _table(CGROUP / "memory.stat")
        cache = stat["active_file"] + stat["inactive_file"]  # freed when memory is needed
        found.append(max(0, limit - used + cache))
    return min(found, default=None)


def _table(path: Path) -> dict[str, int]:
    """A file of the kernel with a name and a number in every line."""
    return {row[0]: int(row[1]) for row in map(str.split, path.read_text().splitlines())}
